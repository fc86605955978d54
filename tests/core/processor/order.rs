//! Which job starts next.

use std::cmp::Reverse;
use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::model::NewJob;
use dataqueue::processor::{HandlerSpec, LaneKind, Next};

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, eventually, job};

super::tests![order:
    jobs_start_by_priority_then_due_time_then_id_within_a_batch_and_across_batches,
    the_order_holds_across_both_lanes,
    a_job_of_higher_priority_overtakes_what_is_not_claimed_yet,
    a_type_is_not_starved_behind_another,
    a_type_that_no_handler_serves_is_left_alone,
    a_type_that_is_named_without_a_handler_fails,
    every_type_is_claimed_where_any_is_asked_for,
    a_thread_is_wanted_as_long_as_a_slot_is_free,
];

const SOON: Duration = Duration::from_secs(60);

/// Jobs with few priorities and due times, and in which order they are to start.
async fn shuffled(bench: &Bench, types: &[&str]) -> Vec<i64> {
    let due = |at: i64| Some(Timestamp::from_micros(1_600_000_000_000_000 + at * 13 % 4));
    let jobs: Vec<_> = (0..40_i64)
        .map(|at| NewJob {
            priority: (at * 7 % 5) as i32 - 2,
            run_at: due(at),
            ..job(types[at as usize % types.len()])
        })
        .collect();
    let keys: Vec<_> = jobs.iter().map(|job| (Reverse(job.priority), job.run_at)).collect();
    let ids = bench.add_all(jobs).await;
    let mut order: Vec<_> = keys.into_iter().zip(ids).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, id)| id).collect()
}

async fn started(station: &Station, count: usize) -> Vec<i64> {
    let mut started = Vec::new();
    while started.len() < count {
        let run = station.next_of_any().await;
        started.push(run.claimed.job.id);
        station.complete(&run);
    }
    started
}

pub async fn jobs_start_by_priority_then_due_time_then_id_within_a_batch_and_across_batches(bench: &Bench) {
    let order = shuffled(bench, &[LOOPED]).await;
    let station = Station::started(bench.second(), |config| config.batch_size = 7);
    assert_eq!(started(&station, order.len()).await, order);
    station.drain(SOON).await;
}

pub async fn the_order_holds_across_both_lanes(bench: &Bench) {
    let order = shuffled(bench, &[LOOPED, THREADED, THREADED]).await;
    let station = Station::started(bench.second(), |config| {
        config.batch_size = 7;
        config.concurrency = 1;
    });
    assert_eq!(started(&station, order.len()).await, order);
    station.drain(SOON).await;
}

pub async fn a_job_of_higher_priority_overtakes_what_is_not_claimed_yet(bench: &Bench) {
    let low = bench.add_all((0..4).map(|_| job(LOOPED)).collect()).await;
    let station = Station::started(bench.second(), |config| config.concurrency = 1);
    let first = station.next().await;
    let high = bench.add_one(NewJob { priority: 1, ..job(LOOPED) }).await;
    station.complete(&first);
    let mut order = vec![first.claimed.job.id];
    order.extend(started(&station, 4).await);
    assert_eq!(order, [low[0], high, low[1], low[2], low[3]]);
    station.drain(SOON).await;
}

pub async fn a_type_is_not_starved_behind_another(bench: &Bench) {
    bench.add_all((0..3_000).map(|_| NewJob { priority: 9, ..job(LOOPED) }).collect()).await;
    let behind = bench.add_one(job(THREADED)).await;
    let busy = Station::started(bench.second(), |config| config.job_types = vec![LOOPED.to_owned()]);
    for _ in 0..3 {
        busy.next().await;
    }
    let free = Station::started(bench.second(), |config| config.job_types = vec![THREADED.to_owned()]);
    let run = free.next_of_any().await;
    assert_eq!(run.claimed.job.id, behind);
    free.complete(&run);
    free.drain(SOON).await;
    busy.drain(Duration::ZERO).await;
}

pub async fn a_type_that_no_handler_serves_is_left_alone(bench: &Bench) {
    let foreign = bench.add_one(NewJob { priority: 9, ..job("foreign") }).await;
    let own = bench.add_one(job(LOOPED)).await;
    let station = Station::started(bench.second(), |_| {});
    assert_eq!(started(&station, 1).await, [own]);
    station.drain(SOON).await;
    assert_eq!(bench.job(foreign).await.attempts, 0);
}

pub async fn a_type_that_is_named_without_a_handler_fails(bench: &Bench) {
    let ids = bench.add_all(vec![NewJob { max_attempts: 1, ..job("foreign") }, job(LOOPED)]).await;
    let station = Station::started(bench.second(), |config| config.job_types.push("foreign".to_owned()));
    assert_eq!(started(&station, 1).await, [ids[1]]);
    station.drain(SOON).await;
    let reason = bench.job(ids[0]).await.failure_reason;
    assert_eq!(reason, Some(dataqueue::model::FailureReason::NoHandler));
}

pub async fn every_type_is_claimed_where_any_is_asked_for(bench: &Bench) {
    let ids = bench.add_all(["one", "two", LOOPED].map(job).to_vec()).await;
    let station = Station::started(bench.second(), |config| {
        config.job_types.clear();
        config.any_type = true;
        config.handlers.insert("two".to_owned(), HandlerSpec { lane: LaneKind::Loop, index: 2, decides_retry: false });
    });
    let mut own = started(&station, 2).await;
    own.sort_unstable();
    assert_eq!(own, [ids[1], ids[2]]);
    station.until_counts("the type without a handler fails", |counts| counts.failed == 1).await;
    eventually("it is recorded", async || bench.job(ids[0]).await.failure_reason.is_some()).await;
    station.drain(SOON).await;
}

pub async fn a_thread_is_wanted_as_long_as_a_slot_is_free(bench: &Bench) {
    let station = Station::started(bench.second(), |config| config.concurrency = 2);
    let mut runs = Vec::new();
    for wanted in [true, false] {
        // Nothing else waits: the next job may come while all threads are busy.
        bench.add_one(job(THREADED)).await;
        eventually("it is claimed", async || match station.lanes.next(LaneKind::Thread, None, Duration::ZERO) {
            Next::Start { start, more_threads } => {
                assert_eq!(more_threads, wanted);
                runs.push(start);
                true
            }
            Next::Nothing | Next::Closed => false,
        })
        .await;
    }
    station.complete_all(&runs);
    station.drain(SOON).await;
}
