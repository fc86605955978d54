//! The way to the end: what starts no more, what goes back, what is waited for.

use std::time::Duration;

use dataqueue::Error;
use dataqueue::model::{EventKind, NewJob, Status, Worker};
use dataqueue::processor::{AbortReason, Drained, End, LaneKind, Next};
use tokio::task::JoinHandle;

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, Gate, Side, eventually, job};

super::tests![drain:
    draining_waits_for_a_claim_in_flight_and_gives_its_jobs_back_uncounted,
    draining_twice_at_once_waits_twice_for_the_claim_in_flight,
    a_claim_whose_reply_is_lost_while_draining_goes_back_uncounted,
    draining_gives_back_at_once_what_did_not_start_and_waits_for_what_runs,
    what_did_not_start_goes_back_though_a_claim_hangs,
    draining_records_the_last_results_and_signs_off,
    a_handler_that_does_not_stop_in_time_is_told_to_and_its_job_goes_back_uncounted,
    a_handler_that_stops_when_told_to_has_its_end_recorded,
    stopping_at_once_tells_the_handlers_without_waiting_for_them_first,
    a_drained_processor_claims_nothing_and_its_lanes_end,
    a_failed_job_whose_retry_was_claimed_goes_back_as_failed_and_due,
    what_goes_back_is_claimed_first_in_its_old_order,
    a_worker_that_is_asked_to_in_the_store_drains_by_itself,
];

const LONG: Duration = Duration::from_secs(60);

/// Begins to drain, and waits until claiming has stopped.
async fn draining(station: &Station, timeout: Duration) -> JoinHandle<Drained> {
    let drained = station.clone();
    let task = tokio::spawn(async move { drained.drain(timeout).await });
    eventually("it drains", async || !station.processor.is_running()).await;
    task
}

pub async fn draining_waits_for_a_claim_in_flight_and_gives_its_jobs_back_uncounted(bench: &Bench) {
    let ids = bench.add_all((0..5).map(|at| job([LOOPED, THREADED][at % 2])).collect()).await;
    let gate = Gate::before(bench.second());
    gate.hold(Side::Reply, "claim");
    let station = Station::started(gate.clone(), |config| config.concurrency = 5);
    gate.until_held(Side::Reply, "claim").await;
    let draining = draining(&station, LONG).await;
    assert_eq!(bench.status(ids[0]).await, Status::Processing, "claimed, and its processor does not know it yet");
    gate.open();
    assert_eq!(draining.await.unwrap(), Drained { complete: true, released: 0 });
    assert!(station.try_next().is_none() && station.try_next_thread().is_none(), "a job started after the drain");
    for &id in &ids {
        let job = bench.job(id).await;
        assert_eq!((job.status, job.attempts), (Status::Pending, 0));
        assert_eq!(bench.last_metadata(id).await["released"], true);
    }
    assert_eq!(bench.hand().await.claim(&[LOOPED, THREADED], 10).await.len(), ids.len());
}

pub async fn draining_twice_at_once_waits_twice_for_the_claim_in_flight(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let gate = Gate::before(bench.second());
    gate.hold(Side::Reply, "claim");
    let station = Station::started(gate.clone(), |_| {});
    gate.until_held(Side::Reply, "claim").await;
    let first = draining(&station, LONG).await;
    let second = tokio::spawn({
        let station = station.clone();
        async move { station.drain(Duration::ZERO).await }
    });
    let until = bench.now().await.plus(Duration::from_millis(300));
    eventually("there was time for the second to overtake", async || bench.now().await > until).await;
    assert!(!first.is_finished() && !second.is_finished(), "the claim in flight was not waited for");
    gate.open();
    assert!(first.await.unwrap().complete && second.await.unwrap().complete);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts), (Status::Pending, 0));
    assert_eq!(bench.reclaim(10).await.unwrap(), [], "a lease was left behind");
}

pub async fn draining_gives_back_at_once_what_did_not_start_and_waits_for_what_runs(bench: &Bench) {
    let ids = bench.add_all((0..3).map(|_| job(LOOPED)).collect()).await;
    let station = Station::started(bench.second(), |_| {});
    station.until_counts("all are claimed", |counts| counts.claimed == 3).await;
    let run = station.next().await;
    let draining = draining(&station, LONG).await;
    eventually("what waits goes back", async || {
        bench.status(ids[1]).await == Status::Pending && bench.status(ids[2]).await == Status::Pending
    })
    .await;
    assert!(!draining.is_finished() && station.told().is_empty());
    station.complete(&run);
    assert_eq!(draining.await.unwrap(), Drained { complete: true, released: 0 });
    let ends: Vec<_> = bench.get(&ids).await.unwrap().iter().map(|job| (job.id, job.status, job.attempts)).collect();
    let pending = |id| (id, Status::Pending, 0);
    let mut wanted = vec![(ids[0], Status::Completed, 1), pending(ids[1]), pending(ids[2])];
    wanted.sort_by_key(|(id, ..)| *id);
    let mut ends = ends;
    ends.sort_by_key(|(id, ..)| *id);
    assert_eq!(ends, wanted);
    // On a slow machine they may have been given back before, because no slot came free, and claimed again.
    assert!(station.counts().released >= 2);
}

pub async fn what_did_not_start_goes_back_though_a_claim_hangs(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| config.concurrency = 5);
    station.until_counts("it is claimed", |counts| counts.claimed == 1).await;
    gate.hold(Side::Call, "claim");
    bench.add_one(job(LOOPED)).await;
    gate.until_held(Side::Call, "claim").await;
    let draining = draining(&station, LONG).await;
    eventually("what waits goes back", async || bench.status(id).await == Status::Pending).await;
    gate.open();
    assert!(draining.await.unwrap().complete);
}

pub async fn draining_records_the_last_results_and_signs_off(bench: &Bench) {
    let ids = bench.add_all((0..3).map(|_| job(LOOPED)).collect()).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    let runs = [station.next().await, station.next().await, station.next().await];
    gate.hold(Side::Call, "settle");
    station.complete_all(&runs);
    let draining = draining(&station, LONG).await;
    gate.until_held(Side::Call, "settle").await;
    assert_eq!(bench.status(ids[0]).await, Status::Processing);
    gate.open();
    assert!(draining.await.unwrap().complete);
    for id in ids {
        assert_eq!(bench.status(id).await, Status::Completed);
    }
    let worker = Worker { id: runs[0].claimed.lease.worker_id, name: "station".to_owned() };
    assert_eq!(bench.renew(&worker, LONG).await, Err(Error::WorkerLost { worker: worker.id }));
}

pub async fn a_handler_that_does_not_stop_in_time_is_told_to_and_its_job_goes_back_uncounted(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(THREADED)]).await;
    let station = Station::started(bench.second(), |_| {});
    let runs = [station.next_of_any().await, station.next_of_any().await];
    assert_eq!(station.drain(Duration::from_millis(50)).await, Drained { complete: false, released: 2 });
    for run in &runs {
        station.until_aborted(run, AbortReason::Shutdown).await;
        station.complete(run);
    }
    for &id in &ids {
        let job = bench.job(id).await;
        assert_eq!((job.status, job.attempts), (Status::Pending, 0), "a late end counted, or the attempt did");
    }
    assert_eq!(bench.hand().await.claim(&[LOOPED, THREADED], 10).await.len(), 2);
}

pub async fn a_handler_that_stops_when_told_to_has_its_end_recorded(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(LOOPED)]).await;
    let station = Station::started(bench.second(), |_| {});
    let runs = [station.next().await, station.next().await];
    let draining = draining(&station, Duration::ZERO).await;
    station.until_aborted(&runs[1], AbortReason::Shutdown).await;
    station.complete(&runs[0]);
    station.end(runs[1].run, End::Released);
    assert_eq!(draining.await.unwrap(), Drained { complete: false, released: 0 });
    assert_eq!(bench.status(ids[0]).await, Status::Completed);
    let released = bench.job(ids[1]).await;
    assert_eq!((released.status, released.attempts), (Status::Pending, 0));
}

pub async fn stopping_at_once_tells_the_handlers_without_waiting_for_them_first(bench: &Bench) {
    let id = bench.add_one(job(THREADED)).await;
    let station = Station::started(bench.second(), |_| {});
    let run = station.next_of_any().await;
    let patient = draining(&station, LONG).await;
    assert_eq!(station.told(), []);
    // The second signal does not wait for the time that the first one gave.
    let stopped = station.drain(Duration::ZERO).await;
    assert_eq!(stopped, Drained { complete: false, released: 1 });
    patient.await.unwrap();
    station.until_aborted(&run, AbortReason::Shutdown).await;
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts), (Status::Pending, 0));
}

pub async fn a_drained_processor_claims_nothing_and_its_lanes_end(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    gate.until_called("claim", 1).await;
    assert!(station.drain(LONG).await.complete);
    let claims = gate.calls("claim");
    let id = bench.add_one(job(THREADED)).await;
    assert!(matches!(station.lanes.next(LaneKind::Thread, None, LONG), Next::Closed));
    assert!(station.lanes.is_closed() && !station.processor.is_running());
    assert_eq!(bench.hand().await.take(THREADED).await.job.id, id);
    assert_eq!(gate.calls("claim"), claims);
}

pub async fn a_failed_job_whose_retry_was_claimed_goes_back_as_failed_and_due(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let hand = bench.hand().await;
    let claimed = hand.take(LOOPED).await;
    hand.settle(crate::bench::fail(&claimed, Some(Duration::ZERO))).await;
    let station = Station::started(bench.second(), |_| {});
    station.until_counts("the retry is claimed", |counts| counts.claimed == 1).await;
    assert!(station.drain(LONG).await.complete);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts, job.next_attempt_at.is_some()), (Status::Failed, 1, true));
    assert_eq!(bench.last_event(id).await.kind, EventKind::Reclaimed);
    assert_eq!(hand.take(LOOPED).await.job.attempts, 2);
}

pub async fn what_goes_back_is_claimed_first_in_its_old_order(bench: &Bench) {
    let ranked = |priorities: [i32; 6]| priorities.map(|priority| NewJob { priority, ..job(LOOPED) }).to_vec();
    let ids = bench.add_all(ranked([0, 5, -3, 5, 0, 9])).await;
    let mut before = Vec::new();
    for &id in &ids {
        before.push(bench.job(id).await.run_at);
    }
    let station = Station::started(bench.second(), |config| config.concurrency = 10);
    station.until_counts("all are claimed", |counts| counts.claimed == 6).await;
    // Of which one starts, and is given back later than the others.
    let running = station.next().await;
    assert_eq!(running.claimed.job.id, ids[5]);
    assert_eq!(station.drain(Duration::ZERO).await, Drained { complete: false, released: 1 });
    let later = bench.add_all(ranked([0, 5, -3, 5, 0, 9])).await;
    let claimed = bench.hand().await.claim(&[LOOPED], 100).await;
    let found: Vec<_> = claimed.iter().map(|claimed| claimed.job.id).collect();
    let in_order: Vec<_> = [&[5][..], &[1, 3], &[0, 4], &[2]]
        .into_iter()
        .flat_map(|rank| [&ids, &later].map(|added| rank.iter().map(|at| added[*at])))
        .flatten()
        .collect();
    assert_eq!(found, in_order);
    for (id, run_at) in ids.iter().zip(before) {
        let job = bench.job(*id).await;
        assert_eq!((job.run_at, job.attempts), (run_at, 1), "its place or its attempts were changed by going back");
    }
}

pub async fn a_claim_whose_reply_is_lost_while_draining_goes_back_uncounted(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job(LOOPED) }).await;
    let gate = Gate::before(bench.second());
    gate.hold(Side::Reply, "claim");
    gate.lose("claim", 1);
    gate.lose("reclaim_reply", 2);
    let station = Station::started(gate.clone(), |_| {});
    gate.until_held(Side::Reply, "claim").await;
    let draining = draining(&station, LONG).await;
    gate.open();
    assert_eq!(draining.await.unwrap(), Drained { complete: true, released: 0 });
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts), (Status::Pending, 0));
    assert_eq!(bench.last_metadata(id).await["released"], true);
    assert_eq!(bench.hand().await.claim(&[LOOPED], 10).await.len(), 1);
}

pub async fn a_worker_that_is_asked_to_in_the_store_drains_by_itself(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(LOOPED)]).await;
    let station = Station::started(bench.second(), |config| {
        config.concurrency = 1;
        config.batch_size = 1;
    });
    let running = station.next().await;
    let worker = bench.workers(0, 10).await.unwrap().remove(0);
    assert!(worker.profile.job_types.is_some() && worker.profile.pid == Some(i64::from(std::process::id())));
    assert!(bench.drain_worker(worker.id).await.unwrap());
    eventually("it claims no more", async || !station.processor.is_running()).await;
    assert!(station.processor.is_asked_to_drain());
    // It waits for what runs, for as long as that needs.
    assert_eq!(bench.status(ids[0]).await, Status::Processing);
    station.complete(&running);
    eventually("it signed off", async || bench.workers(0, 10).await.unwrap().is_empty()).await;
    let (first, second) = (bench.job(ids[0]).await, bench.job(ids[1]).await);
    assert_eq!((first.status, second.status, second.attempts), (Status::Completed, Status::Pending, 0));
    assert_eq!(station.drain(LONG).await, Drained { complete: true, released: 0 });
}
