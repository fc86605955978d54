//! Any sequence of calls, on two handles in turn, against a small model of what a store must do.
//!
//! A failure prints the shortest sequence that was found, and the seed: set `DATAQUEUE_TEST_SEED` to run it again.

mod model;
mod play;
mod steps;

use std::env;

use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::bench::Bench;
use play::play;
use steps::step;

super::tests![random:
    any_sequence_of_calls_does_what_the_model_says,
];

/// The variable with the seed of a run that failed.
const SEED_VARIABLE: &str = "DATAQUEUE_TEST_SEED";
const CASES: u32 = 8;
const STEPS: usize = 250;

pub async fn any_sequence_of_calls_does_what_the_model_says(bench: &Bench) {
    let seed = env::var(SEED_VARIABLE).map_or_else(|_| rand::random::<u64>(), |text| text.parse().unwrap());
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(); 4].concat());
    let mut runner = TestRunner::new_with_rng(config, rng);
    let other = bench.second();
    let result = block_in_place(|| {
        runner.run(&vec(step(), 1..=STEPS), |steps| {
            #[allow(clippy::disallowed_methods, reason = "a test has no Python thread")]
            Handle::current().block_on(play(bench, &other, &steps));
            Ok(())
        })
    });
    if let Err(failure) = result {
        panic!("{SEED_VARIABLE}={seed}: {failure}");
    }
}
