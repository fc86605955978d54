//! Jobs that are claimed before there is a slot for them.

use std::time::Duration;

use dataqueue::model::{EventKind, NewJob, Status};

use super::station::{LOOPED, Station};
use crate::bench::{Bench, Gate, eventually, job};

super::tests![prefetch:
    jobs_that_wait_in_memory_keep_their_lease,
    jobs_claimed_in_advance_go_back_uncounted_when_no_slot_frees_up,
    jobs_that_went_back_are_not_claimed_again_while_the_slots_stay_taken,
    slow_handlers_get_nothing_in_advance,
    one_batch_is_claimed_run_and_counted,
    a_batch_whose_claim_lost_its_reply_is_run_and_counted_once,
];

const LEASE: Duration = Duration::from_millis(1_500);

pub async fn jobs_that_wait_in_memory_keep_their_lease(bench: &Bench) {
    let ids = bench.add_all((0..6).map(|_| job(LOOPED)).collect()).await;
    let station = Station::new(bench.second(), |config| {
        config.lease = LEASE;
        config.concurrency = 1;
    });
    let batch = tokio::spawn({
        let processor = station.processor.clone();
        async move { processor.run_batch().await }
    });
    let first = station.next().await;
    let until = first.claimed.job.locked_at.unwrap().plus(2 * LEASE);
    eventually("two leases have passed", async || {
        assert_eq!(bench.reclaim(100).await.unwrap(), [], "a waiting job was taken from its worker");
        bench.now().await > until
    })
    .await;
    assert!(station.try_next().is_none(), "there is one slot");
    station.complete(&first);
    for _ in 1..ids.len() {
        let run = station.next().await;
        station.complete(&run);
    }
    assert_eq!(batch.await.unwrap().unwrap(), 6);
    for id in ids {
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
    }
}

/// A station with one slot, in which a handler runs on, and jobs that were claimed in advance because the handlers
/// before it were quick.
async fn caught_out(bench: &Bench) -> (Station, Vec<i64>) {
    bench.add_all((0..30).map(|_| job(LOOPED)).collect()).await;
    let station = Station::started(bench.second(), |config| config.concurrency = 1);
    for _ in 0..30 {
        let run = station.next().await;
        station.complete(&run);
    }
    let slow = bench.add_all((0..6).map(|_| job(LOOPED)).collect()).await;
    let run = station.next().await;
    assert_eq!(run.claimed.job.id, slow[0]);
    station.until_counts("some are claimed in advance", |counts| counts.claimed > 31).await;
    (station, slow[1..].to_vec())
}

pub async fn jobs_claimed_in_advance_go_back_uncounted_when_no_slot_frees_up(bench: &Bench) {
    let (station, waiting) = caught_out(bench).await;
    station.until_counts("they go back", |counts| counts.released > 0).await;
    eventually("all wait for some worker", async || {
        let jobs = bench.get(&waiting).await.unwrap();
        jobs.iter().all(|job| (job.status, job.attempts) == (Status::Pending, 0))
    })
    .await;
    let free = Station::started(bench.second(), |_| {});
    for _ in &waiting {
        let run = free.next().await;
        assert_eq!(run.claimed.job.attempts, 1);
        free.complete(&run);
    }
    free.drain(LEASE).await;
    station.drain(Duration::ZERO).await;
}

pub async fn jobs_that_went_back_are_not_claimed_again_while_the_slots_stay_taken(bench: &Bench) {
    let (station, waiting) = caught_out(bench).await;
    station.until_counts("they go back", |counts| counts.released > 0).await;
    let claimed = station.counts().claimed;
    let until = bench.now().await.plus(Duration::from_secs(3));
    eventually("there was time to claim them again", async || bench.now().await > until).await;
    assert_eq!(station.counts().claimed, claimed);
    for id in waiting {
        assert!(bench.kinds(id).await.len() <= 3, "claimed and given back again and again");
    }
    station.drain(Duration::ZERO).await;
}

pub async fn slow_handlers_get_nothing_in_advance(bench: &Bench) {
    bench.add_all((0..12).map(|_| job(LOOPED)).collect()).await;
    let station = Station::started(bench.second(), |config| config.concurrency = 2);
    let runs = [station.next().await, station.next().await];
    assert_eq!(bench.hand().await.claim(&[LOOPED], 100).await.len(), 10, "the others are free for other workers");
    assert_eq!(station.counts().claimed, 2);
    station.complete_all(&runs);
    station.drain(LEASE).await;
}

pub async fn one_batch_is_claimed_run_and_counted(bench: &Bench) {
    let ids = bench.add_all((0..9).map(|_| job(LOOPED)).collect()).await;
    let station = Station::new(bench.second(), |config| config.batch_size = 7);
    let batch = tokio::spawn({
        let processor = station.processor.clone();
        async move { processor.run_batch().await }
    });
    for at in 0..7 {
        let run = station.next().await;
        if at == 3 {
            station.fail(&run, dataqueue::processor::RetryChoice::Never);
        } else {
            station.complete(&run);
        }
    }
    assert_eq!(batch.await.unwrap().unwrap(), 7);
    let open: Vec<_> = bench.get(&ids).await.unwrap().into_iter().filter(|job| job.status == Status::Pending).collect();
    assert_eq!(open.len(), 2);
    assert!(!station.processor.is_running());
}

pub async fn a_batch_whose_claim_lost_its_reply_is_run_and_counted_once(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job(LOOPED) }).await;
    let gate = Gate::before(bench.second());
    gate.lose("claim", 1);
    gate.lose("reclaim_reply", 2);
    let station = Station::new(gate, |_| {});
    let processor = station.processor.clone();
    let batch = tokio::spawn(async move { processor.run_batch().await });
    let run = station.next().await;
    assert_eq!((run.claimed.job.id, run.claimed.job.attempts), (id, 1));
    station.complete(&run);
    assert_eq!(batch.await.unwrap().unwrap(), 1);
    assert_eq!(bench.status(id).await, Status::Completed);
}
