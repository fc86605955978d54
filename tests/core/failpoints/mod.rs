//! Every call of a whole story to the store goes wrong once: its request is lost, its reply is lost, or it is the last that
//! its process makes. However it goes, each job reaches the end that it must, once.
//!
//! Lost requests and replies are tried at every call. Deaths are tried at the first calls of each method and at a sample of the
//! others, which `DATAQUEUE_FAILPOINTS_SEED` chooses; `DATAQUEUE_FAILPOINTS=all` tries them at every call.

mod cast;
mod facts;
mod story;

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::bench::{Bench, Fault};
use story::{Plan, tell};

/// Which of the deaths are tried.
const ALL_VARIABLE: &str = "DATAQUEUE_FAILPOINTS";
const SEED_VARIABLE: &str = "DATAQUEUE_FAILPOINTS_SEED";
/// Deaths at the first so many calls of each method are always tried, and so many others.
const FIRST: u64 = 1;
const SAMPLE: usize = 6;

/// Longer than any story: nothing runs out where no process dies.
const LASTING: Duration = Duration::from_secs(60);
/// Short enough that its renewals are worth waiting for.
const RENEWED: Duration = Duration::from_secs(3);
/// So short that what a dead process held is soon another's.
const BRIEF: Duration = Duration::from_millis(240);

/// Comes about once a minute, in few of the stories: no part of them.
const NOW_AND_THEN: &str = "tidy_waits";

/// A call, by its method and its number among the calls of that method.
type Call = (&'static str, u64);

/// Lets each call go wrong in these ways, each in a story of its own.
async fn at_each_call(bench: &Bench, faults: &[Fault], chosen: impl FnOnce(Vec<Call>) -> Vec<Call>) {
    let deadly = faults.iter().any(|fault| matches!(fault, Fault::Death | Fault::DeathAfter));
    let lease = if deadly { BRIEF } else { LASTING };
    let undisturbed = tell(bench, &Plan { number: 0, lease, failpoint: None }).await;
    let of_story = undisturbed.made.iter().filter(|(method, _)| *method != NOW_AND_THEN);
    let mut calls: Vec<Call> =
        of_story.flat_map(|&(method, count)| (1..=count).map(move |number| (method, number))).collect();
    assert!(calls.len() > 25, "the story makes too few calls to tell anything: {calls:?}");
    if !deadly {
        calls.push(("renew", 1));
    }
    let mut reached = BTreeMap::new();
    let mut number = 0;
    for (method, at) in chosen(calls) {
        for &fault in faults {
            number += 1;
            let lease = if method == "renew" && !deadly { RENEWED } else { lease };
            let told = tell(bench, &Plan { number, lease, failpoint: Some((method, at, fault)) }).await;
            *reached.entry(method).or_insert(0) += u32::from(told.failed);
        }
    }
    // How many calls a loop makes is a matter of timing, but none of them may be left out.
    let missed: Vec<_> = reached.iter().filter(|(_, times)| **times == 0).collect();
    assert!(missed.is_empty(), "no call of these methods went wrong: {missed:?}");
}

async fn requests_and_replies_are_lost(bench: &Bench) {
    at_each_call(bench, &[Fault::Refused, Fault::Unanswered], |calls| calls).await;
}

async fn processes_die(bench: &Bench) {
    let seed = env::var(SEED_VARIABLE).map_or(5, |text| text.parse().unwrap());
    let all = env::var(ALL_VARIABLE).is_ok_and(|value| value == "all");
    at_each_call(bench, &[Fault::Death, Fault::DeathAfter], |calls| {
        let (mut first, mut others): (Vec<_>, Vec<_>) = calls.into_iter().partition(|(_, at)| all || *at <= FIRST);
        others.shuffle(&mut StdRng::seed_from_u64(seed));
        others.truncate(SAMPLE);
        first.extend(others);
        first
    })
    .await;
}

macro_rules! suite {
    ($name:ident: $driver:ty) => {
        mod $name {
            #[test]
            fn a_lost_request_or_reply_of_any_call_changes_nothing() {
                crate::bench::run::<$driver>(super::requests_and_replies_are_lost);
            }

            #[test]
            fn a_process_that_ends_at_any_call_leaves_its_jobs_to_another() {
                crate::bench::run::<$driver>(super::processes_die);
            }
        }
    };
}

suite!(postgres: crate::bench::Postgres);
suite!(redis: crate::bench::Redis);
suite!(sqlite: crate::bench::Sqlite);
suite!(memory: crate::bench::Memory);
