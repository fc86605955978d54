//! What a processor counts of its work, and what it tells the store of it.

use std::time::Duration;

use dataqueue::model::{Step, Tally, TrafficQuery};
use dataqueue::processor::{Call, End, RetryChoice};

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, Fault, Gate, job};

super::tests![traffic:
    each_type_is_counted_apart_from_claim_to_end,
    a_drain_tells_the_store_what_was_done,
    a_processor_that_did_nothing_tells_nothing,
    a_report_that_the_store_refused_is_an_error_of_that_call_and_keeps_no_drain,
    a_job_that_waited_shows_in_the_latency,
];

const LONG: Duration = Duration::from_secs(60);

/// What a store knows of a type, or of no type.
async fn told(bench: &Bench, job_type: &str) -> Tally {
    let query = TrafficQuery { span: LONG * 60, step: Step::Hour, job_type: Some(job_type.to_owned()), limit: 1_000 };
    let mut sum = Tally::default();
    for (_, traffic) in bench.traffic(&query).await.unwrap().rows {
        sum.add(&traffic.tally);
    }
    sum
}

async fn run_three(bench: &Bench, station: &Station) {
    bench.add_all(vec![job(LOOPED), job(LOOPED), job(THREADED)]).await;
    for _ in 0..3 {
        let start = station.next_of_any().await;
        if start.claimed.job.job_type == THREADED {
            station.fail(&start, RetryChoice::Never);
        } else {
            station.complete(&start);
        }
    }
    station.until_counts("all have ended", |counts| counts.completed == 2 && counts.failed == 1).await;
}

pub async fn each_type_is_counted_apart_from_claim_to_end(bench: &Bench) {
    let station = Station::started(bench.second(), |config| config.concurrency = 3);
    run_three(bench, &station).await;
    let metrics = station.processor.metrics();
    let of = |name: &str| metrics.types.iter().find(|(known, ..)| known == name).cloned().unwrap();
    let (_, claimed, looped) = of(LOOPED);
    assert_eq!((claimed, looped.completed, looped.failed), (2, 2, 0));
    assert_eq!(looped.latency.buckets.iter().sum::<u64>(), 2);
    assert_eq!(looped.run_time.buckets.iter().sum::<u64>(), 2);
    let (_, claimed, threaded) = of(THREADED);
    assert_eq!((claimed, threaded.completed, threaded.failed, threaded.retried), (1, 0, 1, 0));
    assert_eq!((metrics.running, metrics.waiting, metrics.concurrency, metrics.lost), (0, 0, 3, 0));
    assert!(metrics.last_claim.is_some() && metrics.types.iter().all(|(name, ..)| name != "other"));
    station.drain(LONG).await;
}

pub async fn a_drain_tells_the_store_what_was_done(bench: &Bench) {
    for round in 1..=2 {
        let station = Station::started(bench.second(), |config| config.concurrency = 3);
        run_three(bench, &station).await;
        station.drain(LONG).await;
        assert_eq!((told(bench, LOOPED).await.completed, told(bench, THREADED).await.failed), (2 * round, round));
    }
    assert_eq!(told(bench, "").await, Tally::default());
}

pub async fn a_processor_that_did_nothing_tells_nothing(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    gate.until_called("claim", 1).await;
    station.drain(LONG).await;
    assert_eq!(gate.calls("record_traffic"), 0);
}

pub async fn a_report_that_the_store_refused_is_an_error_of_that_call_and_keeps_no_drain(bench: &Bench) {
    let gate = Gate::before(bench.second());
    gate.fail_at("record_traffic", 1, Fault::Rejected);
    let station = Station::started(gate.clone(), |config| config.concurrency = 3);
    run_three(bench, &station).await;
    assert!(station.drain(LONG).await.complete);
    assert_eq!(station.processor.metrics().errors, [(Call::Traffic, 1)]);
    assert_eq!(told(bench, LOOPED).await, Tally::default());
}

pub async fn a_job_that_waited_shows_in_the_latency(bench: &Bench) {
    let due = bench.now().await.minus(Duration::from_secs(100));
    bench.add_one(dataqueue::model::NewJob { run_at: Some(due), ..job(LOOPED) }).await;
    let station = Station::started(bench.second(), |_| {});
    let start = station.next().await;
    station.end(start.run, End::Completed(None));
    station.drain(LONG).await;
    let latency = told(bench, LOOPED).await.latency;
    assert!(latency.sum_ms >= 100_000 && latency.buckets.iter().skip(17).sum::<u64>() == 1, "{latency:?}");
}
