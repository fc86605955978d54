//! Leases: kept while handlers run, lost by a worker that was away, taken over from one that died.

use std::time::Duration;

use dataqueue::model::{EventKind, Status, Worker};
use dataqueue::processor::{AbortReason, RetryChoice};

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, Gate, Side, complete, eventually, job, settled_all};

super::tests![leases:
    a_lease_is_renewed_while_its_handler_runs_longer_than_it,
    a_worker_that_was_stopped_past_its_lease_tells_its_handlers_and_records_nothing,
    a_result_that_comes_after_the_lease_was_lost_is_refused,
    a_worker_that_lost_its_leases_registers_anew_and_works_on_at_once,
    a_worker_whose_renewals_are_late_does_not_take_its_own_jobs,
    the_jobs_of_a_worker_that_died_are_run_by_another,
    a_claim_whose_reply_was_lost_is_asked_for_again_and_counted_once,
    a_result_whose_reply_was_lost_is_recorded_once,
];

const SHORT: Duration = Duration::from_millis(1_500);

/// So short that a stopped worker loses it at once.
const BRIEF: Duration = Duration::from_millis(300);

pub async fn a_lease_is_renewed_while_its_handler_runs_longer_than_it(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(THREADED)]).await;
    let station = Station::started(bench.second(), |config| config.lease = SHORT);
    let runs = [station.next_of_any().await, station.next_of_any().await];
    let until = runs[1].claimed.job.locked_at.unwrap().plus(2 * SHORT);
    eventually("two leases have passed", async || {
        assert_eq!(bench.reclaim(100).await.unwrap(), [], "a living worker's jobs were taken");
        bench.now().await > until
    })
    .await;
    assert_eq!(station.told(), []);
    station.complete_all(&runs);
    assert!(station.drain(SHORT).await.complete);
    for id in ids {
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
    }
}

pub async fn a_worker_that_was_stopped_past_its_lease_tells_its_handlers_and_records_nothing(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(THREADED)]).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| config.lease = BRIEF);
    let runs = [station.next_of_any().await, station.next_of_any().await];
    gate.stop();
    let reclaimed = bench.reclaim_all(2).await;
    assert!(reclaimed.iter().all(|job| !job.ended));
    let hand = bench.hand().await;
    let taken = hand.claim(&[LOOPED, THREADED], 2).await;
    gate.open();
    for run in &runs {
        station.until_aborted(run, AbortReason::LeaseLost).await;
    }
    station.complete(&runs[0]);
    station.fail(&runs[1], RetryChoice::Policy);
    assert!(!station.lanes.note(runs[0].run, dataqueue::model::NoteKind::Progress(50)));
    station.drain(SHORT).await;
    assert_eq!((station.counts().lost, station.counts().completed, station.counts().failed), (2, 0, 0));
    assert!(settled_all(&bench.settle(&[complete(&taken[0]), complete(&taken[1])]).await.unwrap()));
    for id in ids {
        let kinds = bench.kinds(id).await;
        assert_eq!(kinds[1..4], [EventKind::Processing, EventKind::Reclaimed, EventKind::Processing]);
        assert_eq!((kinds.len(), bench.job(id).await.attempts), (5, 2));
    }
}

pub async fn a_result_that_comes_after_the_lease_was_lost_is_refused(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| {
        config.lease = BRIEF;
        config.concurrency = 1;
    });
    let run = station.next().await;
    // It does not learn of its loss, and has its result recorded in good faith.
    gate.hold(Side::Call, "renew");
    gate.hold(Side::Call, "claim");
    bench.reclaim_all(1).await;
    let hand = bench.hand().await;
    let taken = hand.take(LOOPED).await;
    station.complete(&run);
    station.until_counts("the result is refused", |counts| counts.lost == 1).await;
    assert_eq!(bench.status(id).await, Status::Processing);
    assert!(hand.holds(taken.lease).await);
    gate.open();
    station.drain(SHORT).await;
}

pub async fn a_worker_that_lost_its_leases_registers_anew_and_works_on_at_once(bench: &Bench) {
    bench.add_one(job(LOOPED)).await;
    // Renewals are far apart: it is a claim that tells of the loss.
    let station = Station::started(bench.second(), |_| {});
    let first = station.next().await;
    let worker = Worker { id: first.claimed.lease.worker_id, name: "station".to_owned() };
    bench.unregister(&worker).await.unwrap();
    bench.reclaim_all(1).await;
    station.until_aborted(&first, AbortReason::LeaseLost).await;
    let again = station.next().await;
    assert_eq!((again.claimed.job.id, again.claimed.job.attempts), (first.claimed.job.id, 2));
    assert_ne!(again.claimed.lease.worker_id, first.claimed.lease.worker_id);
    station.complete(&again);
    station.drain(SHORT).await;
    assert_eq!(bench.status(again.claimed.job.id).await, Status::Completed);
}

pub async fn a_worker_whose_renewals_are_late_does_not_take_its_own_jobs(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| config.lease = BRIEF);
    let run = station.next().await;
    gate.hold(Side::Call, "renew");
    let until = bench.now().await.plus(BRIEF);
    eventually("its lease has run out", async || bench.now().await > until).await;
    // Something to be swept for.
    let _dying = bench.dying_hand().await;
    let until = bench.now().await.plus(4 * BRIEF);
    eventually("it had the time to sweep", async || bench.now().await > until).await;
    assert_eq!(bench.status(id).await, Status::Processing);
    let (renewed, swept) = (gate.calls("renew"), gate.calls("reclaim"));
    gate.open();
    gate.until_called("renew", renewed + 2).await;
    gate.until_called("reclaim", swept + 1).await;
    assert_eq!(station.told(), []);
    station.complete(&run);
    assert!(station.drain(SHORT).await.complete);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts), (Status::Completed, 1));
}

pub async fn the_jobs_of_a_worker_that_died_are_run_by_another(bench: &Bench) {
    let mut ids = bench.add_all(vec![job(LOOPED), job(THREADED), job(LOOPED)]).await;
    let store = bench.second();
    let doomed = Station::started(store.clone(), |config| config.lease = BRIEF);
    for _ in &ids {
        doomed.next_of_any().await;
    }
    let heir = Station::started(bench.second(), |config| config.lease = BRIEF);
    // As when its process is killed: it neither gives anything back nor signs off.
    store.close().await;
    let mut inherited = Vec::new();
    for _ in &ids {
        let run = heir.next_of_any().await;
        assert_eq!(run.claimed.job.attempts, 2);
        heir.complete(&run);
        inherited.push(run.claimed.job.id);
    }
    inherited.sort_unstable();
    ids.sort_unstable();
    assert_eq!(inherited, ids);
    // The jobs may be claimed and done before the sweep that took them hears of its own end.
    eventually("the sweep has counted them", async || heir.counts().reclaimed == 3).await;
    assert!(heir.drain(SHORT).await.complete);
    doomed.drain(Duration::ZERO).await;
}

pub async fn a_claim_whose_reply_was_lost_is_asked_for_again_and_counted_once(bench: &Bench) {
    let ids = bench.add_all((0..5).map(|_| job(LOOPED)).collect()).await;
    let gate = Gate::before(bench.second());
    gate.lose("claim", 1);
    gate.lose("reclaim_reply", 2);
    let station = Station::started(gate.clone(), |config| config.concurrency = 5);
    for id in ids {
        let run = station.next().await;
        assert_eq!((run.claimed.job.id, run.claimed.job.attempts), (id, 1));
        station.complete(&run);
    }
    station.drain(SHORT).await;
    assert_eq!(gate.calls("reclaim_reply"), 3);
}

pub async fn a_result_whose_reply_was_lost_is_recorded_once(bench: &Bench) {
    let ids = bench.add_all((0..4).map(|_| job(LOOPED)).collect()).await;
    let gate = Gate::before(bench.second());
    gate.lose("settle", 3);
    let station = Station::started(gate.clone(), |config| config.concurrency = 4);
    for _ in &ids {
        let run = station.next().await;
        station.complete(&run);
    }
    assert!(station.drain(SHORT).await.complete);
    assert!(gate.calls("settle") >= 4);
    assert_eq!((station.counts().completed, station.counts().lost), (4, 0));
    for id in ids {
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
    }
}
