//! Taking back jobs on a caller's word: only from workers whose lease ran out, and only after long enough.

use std::time::Duration;

use dataqueue::Error;
use dataqueue::model::{EventKind, FailureReason, JobId, NewJob, Settled, Status};
use dataqueue::storage::reclaim_all_stuck;

use crate::bench::{Bench, Hand, Stage, complete, ids, job};

super::tests![stuck:
    the_job_of_a_living_worker_is_never_stuck_however_long_it_runs,
    with_no_minutes_at_all_a_job_is_stuck_as_soon_as_its_lease_ran_out,
    a_job_is_stuck_after_the_greater_of_the_bound_and_its_own_timeout,
    a_stuck_job_is_pending_and_due_now_and_its_lease_is_void,
    a_worker_whose_job_was_taken_as_stuck_is_told_at_its_renewal,
    a_job_stuck_on_its_last_attempt_ends_as_lost,
    the_job_of_a_worker_that_signed_off_is_stuck,
    what_does_not_run_is_never_stuck,
    stuck_jobs_are_taken_in_steps_where_the_last_one_ended,
    two_callers_take_each_stuck_job_once,
];

const MINUTE: Duration = Duration::from_secs(60);

/// A worker that runs new jobs with these timeouts, in minutes.
async fn running(bench: &Bench, timeouts: &[Option<i32>]) -> (Hand, Vec<JobId>) {
    let jobs = timeouts.iter().map(|minutes| NewJob { timeout_ms: minutes.map(|each| each * 60_000), ..job("a") });
    let added = bench.add_all(jobs.collect()).await;
    let hand = bench.hand().await;
    assert_eq!(ids(&hand.claim(&["a"], 1_000).await), added);
    (hand, added)
}

async fn stuck(bench: &Bench, bound: Duration) -> u64 {
    reclaim_all_stuck(&*bench.store(), bound).await.unwrap()
}

pub async fn the_job_of_a_living_worker_is_never_stuck_however_long_it_runs(bench: &Bench) {
    let (hand, added) = running(bench, &[None, Some(1)]).await;
    bench.driver().age(&added, 600 * MINUTE).await;
    hand.renew(10 * MINUTE).await.unwrap();
    for bound in [Duration::ZERO, MINUTE, 60 * MINUTE, Duration::MAX] {
        assert_eq!(stuck(bench, bound).await, 0);
    }
    assert_eq!(bench.status(added[0]).await, Status::Processing);
    hand.renew(10 * MINUTE).await.unwrap();
}

pub async fn with_no_minutes_at_all_a_job_is_stuck_as_soon_as_its_lease_ran_out(bench: &Bench) {
    let (hand, added) = running(bench, &[None]).await;
    assert_eq!(stuck(bench, Duration::ZERO).await, 0);
    bench.driver().silence(hand.worker.id, Duration::from_secs(1)).await;
    assert_eq!(stuck(bench, Duration::ZERO).await, 1);
    assert_eq!(bench.status(added[0]).await, Status::Pending);
}

pub async fn a_job_is_stuck_after_the_greater_of_the_bound_and_its_own_timeout(bench: &Bench) {
    let (hand, added) = running(bench, &[None, Some(60), Some(5)]).await;
    bench.driver().silence(hand.worker.id, 30 * MINUTE).await;
    bench.driver().age(&added, 40 * MINUTE).await;
    assert_eq!(stuck(bench, 45 * MINUTE).await, 0, "renewed thirty minutes ago");
    assert_eq!(stuck(bench, 10 * MINUTE).await, 2);
    let status = async |at: usize| bench.status(added[at]).await;
    assert_eq!(
        [status(0).await, status(1).await, status(2).await],
        [Status::Pending, Status::Processing, Status::Pending]
    );
}

pub async fn a_stuck_job_is_pending_and_due_now_and_its_lease_is_void(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    bench.driver().silence(hand.worker.id, MINUTE).await;
    assert_eq!(stuck(bench, Duration::ZERO).await, 1);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts, job.locked_by, job.locked_at), (Status::Pending, 1, None, None));
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Reclaimed]);
    let other = bench.distant_hand().await;
    let again = other.take("a").await;
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::LeaseLost);
    assert_eq!(other.settle(complete(&again)).await, Settled::Applied);
}

pub async fn a_worker_whose_job_was_taken_as_stuck_is_told_at_its_renewal(bench: &Bench) {
    let (hand, added) = running(bench, &[None, Some(60)]).await;
    bench.driver().silence(hand.worker.id, 10 * MINUTE).await;
    assert_eq!(stuck(bench, Duration::ZERO).await, 1);
    assert_eq!(hand.renew(MINUTE).await, Err(Error::WorkerLost { worker: hand.worker.id }));
    assert_eq!(bench.status(added[1]).await, Status::Processing);
    assert_eq!(bench.reclaim_all(1).await[0].job_id, added[1], "what is left of its leases goes with the next sweep");
}

pub async fn a_job_stuck_on_its_last_attempt_ends_as_lost(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
    let hand = bench.hand().await;
    hand.take("a").await;
    bench.driver().silence(hand.worker.id, MINUTE).await;
    assert_eq!(stuck(bench, Duration::ZERO).await, 1);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.failure_reason), (Status::Failed, Some(FailureReason::Lost)));
    assert_eq!((job.next_attempt_at, bench.last_event(id).await.kind), (None, EventKind::Failed));
    assert!(bench.hand().await.claim(&["a"], 1).await.is_empty());
}

pub async fn the_job_of_a_worker_that_signed_off_is_stuck(bench: &Bench) {
    let (hand, added) = running(bench, &[None, Some(5)]).await;
    bench.driver().age(&added, MINUTE).await;
    bench.unregister(&hand.worker).await.unwrap();
    assert_eq!(stuck(bench, 2 * MINUTE).await, 0, "it was claimed a minute ago");
    assert_eq!(stuck(bench, Duration::ZERO).await, 1);
    assert_eq!(bench.status(added[1]).await, Status::Processing);
}

pub async fn what_does_not_run_is_never_stuck(bench: &Bench) {
    let mut added = Vec::new();
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Running) {
        added.push(bench.staged(stage, &format!("{stage:?}")).await);
    }
    bench.driver().age(&added, 600 * MINUTE).await;
    assert_eq!(stuck(bench, Duration::ZERO).await, 0);
}

pub async fn stuck_jobs_are_taken_in_steps_where_the_last_one_ended(bench: &Bench) {
    // Those with a long timeout, which are not stuck, lie between the others.
    let timeouts: Vec<_> = (0..30).map(|at| (at % 3 == 1).then_some(600)).collect();
    let (hand, added) = running(bench, &timeouts).await;
    bench.driver().silence(hand.worker.id, MINUTE).await;
    let chunk = bench.reclaim_stuck(Duration::ZERO, added[26], 100).await.unwrap();
    assert_eq!((chunk.changed, chunk.next), (2, None));
    let (mut after, mut steps, mut taken) = (0, 0, 0);
    loop {
        let chunk = bench.reclaim_stuck(Duration::ZERO, after, 4).await.unwrap();
        (steps, taken) = (steps + 1, taken + chunk.changed);
        assert!(chunk.changed <= 4);
        let Some(next) = chunk.next else { break };
        assert!(next > after);
        after = next;
    }
    assert!(steps > 2 && taken == 18, "{taken} jobs in {steps} steps");
    for (at, id) in added.into_iter().enumerate() {
        let wanted = if at % 3 == 1 { Status::Processing } else { Status::Pending };
        assert_eq!(bench.status(id).await, wanted, "job {at}");
    }
}

pub async fn two_callers_take_each_stuck_job_once(bench: &Bench) {
    let (hand, added) = running(bench, &[None; 60]).await;
    bench.driver().silence(hand.worker.id, MINUTE).await;
    let (store, other) = (bench.store(), bench.second());
    let (here, there) =
        tokio::join!(reclaim_all_stuck(&*store, Duration::ZERO), reclaim_all_stuck(&*other, Duration::ZERO));
    let rest = stuck(bench, Duration::ZERO).await;
    assert_eq!(here.unwrap() + there.unwrap() + rest, 60);
    for id in added {
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Reclaimed]);
    }
}
