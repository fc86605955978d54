//! Hot paths for a counter of instructions: `instructions PATH ROUNDS`, under `valgrind --tool=callgrind`.
//!
//! `benches/python/instructions.py` runs it, and says which of these functions are counted.

#![allow(clippy::print_stderr, reason = "a bench speaks to whoever runs it")]

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::{ClaimRequest, Limits, NewJob, Outcome, Profile, Settlement};
use dataqueue::policy::limits;
use dataqueue::processor::{Config, Control, End, Finished, HandlerSpec, LaneKind, Lanes, Processor, Start};
use dataqueue::storage::sqlite::SqliteStorage;
use dataqueue::storage::{Storage, StoreOptions, url};
use tokio::runtime::{Builder, Runtime};

const TYPE: &str = "bench";
const PAYLOAD: &str = r#"{"to": "somebody@example.org", "subject": "a subject of some length", "body": "and so on"}"#;
const BATCH: usize = 500;
/// How many batches are there to be drained: more than any number of rounds.
const BATCHES: usize = 6;
const PATIENCE: Duration = Duration::from_secs(600);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.get(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    match arguments.first().map(String::as_str) {
        Some("check_job") => counted_checks(&job(), rounds),
        Some("claim_and_settle") => claim_and_settle(rounds),
        Some("exchange") => exchange(),
        _ => eprintln!("instructions check_job|claim_and_settle|exchange ROUNDS"),
    }
}

fn job() -> NewJob {
    NewJob { tags: vec!["a".to_owned(), "b".to_owned()], ..NewJob::new(TYPE, PAYLOAD) }
}

#[inline(never)]
fn counted_checks(job: &NewJob, rounds: usize) {
    for _ in 0..rounds {
        black_box(limits::check_job(black_box(job))).unwrap();
    }
}

/// A store in memory with jobs in it.
#[allow(clippy::disallowed_methods, reason = "a bench has no Python thread")]
fn filled(runtime: &Runtime, batches: usize) -> Arc<dyn Storage> {
    let settings = BTreeMap::from([("path".to_owned(), ":memory:".to_owned())]);
    let StoreOptions::Sqlite(options) = url::parse(None, &settings).unwrap() else { unreachable!() };
    let store: Arc<dyn Storage> = Arc::new(SqliteStorage::new(options).unwrap());
    runtime.block_on(async {
        store.migrate(None).await.unwrap();
        for _ in 0..batches {
            store.add(vec![NewJob::new(TYPE, PAYLOAD); BATCH]).await.unwrap();
        }
    });
    store
}

/// Everything is counted: two runs with different numbers of rounds tell what one costs.
#[allow(clippy::disallowed_methods, reason = "a bench has no Python thread")]
fn claim_and_settle(rounds: usize) {
    assert!(rounds <= BATCHES, "there are {BATCHES} batches");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let store = filled(&runtime, BATCHES);
    runtime.block_on(async {
        let worker = store.register(&Profile::named("bench"), PATIENCE).await.unwrap();
        for token in 1..=i64::try_from(rounds).unwrap() {
            let limit = u32::try_from(BATCH).unwrap();
            let request = ClaimRequest {
                worker: worker.clone(),
                token,
                job_types: vec![TYPE.to_owned()],
                limit,
                lease: None,
                turns: None,
            };
            let claimed = store.claim(&request).await.unwrap().jobs;
            assert_eq!(claimed.len(), BATCH);
            let ends = claimed.iter().map(|claimed| Settlement {
                lease: claimed.lease,
                attempt: 1,
                outcome: Outcome::Completed { output: None },
            });
            store.settle(&ends.collect::<Vec<_>>()).await.unwrap();
        }
        store.close().await;
    });
}

/// A whole batch waits; a loop's lane takes all of it, and gives all ends back.
#[allow(clippy::disallowed_methods, reason = "a bench has no Python thread")]
fn exchange() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let store = filled(&runtime, 1);
    let slots = u32::try_from(BATCH).unwrap();
    let config = Config {
        worker_name: "bench".to_owned(),
        handlers: HashMap::from([(
            TYPE.to_owned(),
            HandlerSpec { lane: LaneKind::Loop, index: 0, decides_retry: false },
        )]),
        job_types: vec![TYPE.to_owned()],
        any_type: false,
        batch_size: slots,
        concurrency: slots,
        poll_interval: Duration::from_secs(5),
        default_timeout: None,
        schedules: Vec::new(),
        limits: Limits::default(),
        turns: None,
        upkeep: None,
        lease: PATIENCE,
        unready_after: None,
    };
    let processor = Processor::new(store, config).unwrap();
    processor.start().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, async {
            while processor.counts().claimed < BATCH as u64 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
        .unwrap();
        let lanes = processor.lanes();
        let (starts, _) = counted_exchange(&lanes, Vec::new(), BATCH);
        assert_eq!(starts.len(), BATCH);
        let ends = starts.iter().map(|start| Finished { run: start.run, end: End::Completed(None) }).collect();
        black_box(counted_exchange(&lanes, ends, 0));
        assert!(processor.drain(PATIENCE).await.complete);
    });
}

#[inline(never)]
fn counted_exchange(lanes: &Lanes, finished: Vec<Finished>, most: usize) -> (Vec<Start>, Vec<Control>) {
    lanes.exchange(finished, most)
}
