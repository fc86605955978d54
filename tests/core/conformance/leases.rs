//! Leases: who may end a job, and what becomes of the jobs of a worker that died.

use std::time::Duration;

use dataqueue::Error;
use dataqueue::model::{EventKind, FailureReason, NewJob, Note, NoteKind, Settled, Status};

use crate::bench::{Bench, complete, fail, ids, job, release, settled_all};

super::tests![leases:
    a_lost_lease_can_record_nothing,
    a_reclaimed_job_is_claimed_again_and_the_first_lease_stays_void,
    one_lost_lease_does_not_fail_its_neighbours,
    a_repeated_settlement_is_applied_once,
    a_late_worker_is_renewed_unless_its_jobs_were_reclaimed,
    a_job_lost_on_its_last_attempt_ends_as_lost,
    the_third_crash_ends_a_job_as_lost,
    a_living_workers_jobs_are_not_reclaimed,
    an_unregistered_workers_jobs_are_reclaimed,
    one_renewal_renews_every_lease_of_the_worker_and_of_no_other,
    a_worker_that_lost_its_leases_registers_anew_under_another_id,
    a_worker_is_as_long_dead_as_its_last_renewal_says,
    a_sweep_takes_as_many_as_it_may_and_the_next_takes_the_rest,
    the_rest_of_a_claim_that_ended_in_part_is_found_when_its_worker_dies,
    a_reclaimed_job_waits_for_nothing_and_keeps_what_was_reported,
    a_released_job_counts_no_attempt,
    a_failed_job_whose_retry_was_released_is_due_again,
];

pub async fn a_lost_lease_can_record_nothing(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let dying = bench.dying_hand().await;
    let claimed = dying.take("a").await;
    assert!(!bench.reclaim_all(1).await[0].ended);
    let before = bench.job(id).await;
    for settlement in [complete(&claimed), fail(&claimed, None), release(&claimed)] {
        assert_eq!(dying.settle(settlement).await, Settled::LeaseLost);
    }
    let kinds = [NoteKind::Progress(5), NoteKind::Output("1".into()), NoteKind::Prolonged { timeout_ms: 5 }];
    let notes = kinds.map(|kind| Note { lease: claimed.lease, kind });
    assert_eq!(bench.note(&notes).await.unwrap(), [Settled::LeaseLost; 3]);
    assert_eq!(bench.job(id).await, before);
    assert_eq!(bench.kinds(id).await.last(), Some(&EventKind::Reclaimed));
}

pub async fn a_reclaimed_job_is_claimed_again_and_the_first_lease_stays_void(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let first = bench.dying_hand().await.take("a").await;
    bench.reclaim_all(1).await;
    let hand = bench.hand().await;
    let second = hand.take("a").await;
    assert_eq!((second.job.id, second.job.attempts), (id, 2));
    assert_eq!(hand.settle(complete(&first)).await, Settled::LeaseLost);
    assert_eq!(bench.status(id).await, Status::Processing);
    assert_eq!(hand.settle(complete(&second)).await, Settled::Applied);
}

pub async fn one_lost_lease_does_not_fail_its_neighbours(bench: &Bench) {
    bench.add_all(vec![job("a"), job("a"), job("a")]).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 3).await;
    assert!(hand.holds(claimed[1].lease).await);
    let mut void = claimed[1].clone();
    void.lease.token += 1;
    let batch = [complete(&claimed[0]), complete(&void), fail(&claimed[2], None)];
    assert_eq!(bench.settle(&batch).await.unwrap(), [Settled::Applied, Settled::LeaseLost, Settled::Applied]);
    assert_eq!(bench.status(claimed[2].job.id).await, Status::Failed);
}

pub async fn a_repeated_settlement_is_applied_once(bench: &Bench) {
    bench.add_all(vec![job("a"), job("a")]).await;
    let claimed = bench.hand().await.claim(&["a"], 2).await;
    let batch = [complete(&claimed[0]), fail(&claimed[1], None)];
    assert!(settled_all(&bench.settle(&batch).await.unwrap()));
    let before = (bench.job(claimed[0].job.id).await, bench.job(claimed[1].job.id).await);
    assert!(settled_all(&bench.settle(&batch).await.unwrap()));
    assert_eq!((bench.job(claimed[0].job.id).await, bench.job(claimed[1].job.id).await), before);
    assert_eq!(bench.kinds(claimed[0].job.id).await.len(), 3);
    let metadata = bench.last_metadata(claimed[1].job.id).await;
    assert_eq!((&metadata["reason"], &metadata["will_retry"]), (&"handler_error".into(), &false.into()));
}

pub async fn a_late_worker_is_renewed_unless_its_jobs_were_reclaimed(bench: &Bench) {
    bench.add_one(job("a")).await;
    let late = bench.dying_hand().await;
    let claimed = late.take("a").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    late.renew(Duration::from_millis(20)).await.unwrap();
    assert_eq!(bench.status(claimed.job.id).await, Status::Processing);
    bench.reclaim_all(1).await;
    let lost = Err(Error::WorkerLost { worker: late.worker.id });
    assert_eq!(late.renew(Duration::from_secs(1)).await, lost);
    assert_eq!(late.try_claim(&["a"], 1).await.map(|claim| claim.jobs.len()), lost.map(|()| 0));
}

pub async fn a_job_lost_on_its_last_attempt_ends_as_lost(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
    bench.dying_hand().await.take("a").await;
    assert!(bench.reclaim_all(1).await[0].ended);
    let ended = bench.job(id).await;
    assert_eq!((ended.status, ended.failure_reason), (Status::Failed, Some(FailureReason::Lost)));
    assert_eq!((ended.next_attempt_at, bench.last_event(id).await.kind), (None, EventKind::Failed));
    assert!(bench.hand().await.claim(&["a"], 1).await.is_empty());
}

pub async fn the_third_crash_ends_a_job_as_lost(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 9, ..job("a") }).await;
    for crash in 1..=3 {
        bench.dying_hand().await.take("a").await;
        assert_eq!(bench.reclaim_all(1).await[0].ended, crash == 3);
    }
    assert_eq!(bench.job(id).await.failure_reason, Some(FailureReason::Lost));
}

pub async fn a_living_workers_jobs_are_not_reclaimed(bench: &Bench) {
    bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert!(bench.reclaim(100).await.unwrap().is_empty());
    assert_eq!(bench.reclaim_stuck(Duration::ZERO, 0, 100).await.unwrap().changed, 0);
    assert!(hand.holds(claimed.lease).await);
}

pub async fn an_unregistered_workers_jobs_are_reclaimed(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    bench.unregister(&hand.worker).await.unwrap();
    assert_eq!(bench.reclaim_all(1).await[0].job_id, id);
    assert!(!hand.holds(claimed.lease).await);
}

pub async fn a_released_job_counts_no_attempt(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
    let hand = bench.hand().await;
    for _ in 0..3 {
        let claimed = hand.take("a").await;
        assert_eq!(claimed.job.attempts, 1);
        assert_eq!(hand.settle(release(&claimed)).await, Settled::Applied);
        assert_eq!((bench.status(id).await, bench.job(id).await.attempts), (Status::Pending, 0));
    }
    assert_eq!(bench.last_metadata(id).await["released"], true);
}

pub async fn a_failed_job_whose_retry_was_released_is_due_again(bench: &Bench) {
    bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let first = hand.take("a").await;
    assert_eq!(hand.settle(fail(&first, Some(Duration::ZERO))).await, Settled::Applied);
    let second = hand.take("a").await;
    assert_eq!(hand.settle(release(&second)).await, Settled::Applied);
    assert_eq!(hand.take("a").await.job.attempts, 2);
}

pub async fn one_renewal_renews_every_lease_of_the_worker_and_of_no_other(bench: &Bench) {
    bench.add_all((0..60).map(|_| job("a")).collect()).await;
    let (renewed, other) = (bench.hand().await, bench.hand().await);
    let mut claimed = Vec::new();
    for _ in 0..6 {
        claimed.extend(renewed.claim(&["a"], 5).await);
    }
    let lost = other.claim(&["a"], 30).await;
    for hand in [&renewed, &other] {
        bench.driver().silence(hand.worker.id, Duration::from_secs(60)).await;
    }
    renewed.renew(Duration::from_secs(600)).await.unwrap();
    let mut reclaimed: Vec<_> = bench.reclaim_all(30).await.iter().map(|one| one.job_id).collect();
    reclaimed.sort_unstable();
    assert_eq!(reclaimed, ids(&lost));
    assert!(bench.reclaim(100).await.unwrap().is_empty());
    let ends: Vec<_> = claimed.iter().map(complete).collect();
    assert!(settled_all(&bench.settle(&ends).await.unwrap()));
}

pub async fn a_worker_that_lost_its_leases_registers_anew_under_another_id(bench: &Bench) {
    bench.add_one(job("a")).await;
    let before = bench.hand().await;
    let claimed = before.take("a").await;
    bench.driver().silence(before.worker.id, Duration::from_secs(60)).await;
    bench.reclaim_all(1).await;
    assert_eq!(before.renew(Duration::from_secs(60)).await, Err(Error::WorkerLost { worker: before.worker.id }));
    let anew = bench.hand().await;
    assert!(anew.worker.id > before.worker.id && anew.worker.name == before.worker.name);
    let again = anew.take("a").await;
    assert_eq!((again.lease.token, again.job.id), (claimed.lease.token, claimed.job.id));
    assert_eq!(anew.settle(complete(&claimed)).await, Settled::LeaseLost, "the same job and token, of an older worker");
    assert_eq!(anew.settle(complete(&again)).await, Settled::Applied);
}

pub async fn a_worker_is_as_long_dead_as_its_last_renewal_says(bench: &Bench) {
    bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    hand.take("a").await;
    hand.renew(Duration::from_millis(1)).await.unwrap();
    bench.reclaim_all(1).await;
    assert_eq!(hand.renew(Duration::from_secs(60)).await, Err(Error::WorkerLost { worker: hand.worker.id }));
}

pub async fn a_sweep_takes_as_many_as_it_may_and_the_next_takes_the_rest(bench: &Bench) {
    let added = bench.add_all((0..25).map(|_| job("a")).collect()).await;
    for size in [3, 12, 10] {
        let dying = bench.hand().await;
        dying.claim(&["a"], size).await;
        bench.driver().silence(dying.worker.id, Duration::from_secs(60)).await;
    }
    let mut taken = Vec::new();
    for _ in 0..5 {
        let reclaimed = bench.reclaim(6).await.unwrap();
        assert!(reclaimed.len() <= 6);
        taken.extend(reclaimed.iter().map(|one| one.job_id));
    }
    taken.sort_unstable();
    assert_eq!(taken, added, "five sweeps of six take twenty-five, each once");
}

pub async fn the_rest_of_a_claim_that_ended_in_part_is_found_when_its_worker_dies(bench: &Bench) {
    bench.add_all((0..6).map(|_| job("a")).collect()).await;
    let dying = bench.hand().await;
    let claimed = dying.claim(&["a"], 4).await;
    let ends = [complete(&claimed[0]), fail(&claimed[1], None), release(&claimed[2])];
    assert!(settled_all(&dying.store.settle(&ends).await.unwrap()));
    // The worker goes on claiming, and ends some of that as a whole.
    let whole: Vec<_> = dying.claim(&["a"], 2).await;
    assert!(settled_all(&dying.store.settle(&[complete(&whole[0]), complete(&whole[1])]).await.unwrap()));
    let last = dying.take("a").await;
    bench.driver().silence(dying.worker.id, Duration::from_secs(60)).await;
    let mut reclaimed: Vec<_> = bench.reclaim_all(2).await.iter().map(|one| one.job_id).collect();
    reclaimed.sort_unstable();
    let mut held = vec![claimed[3].job.id, last.job.id];
    held.sort_unstable();
    assert_eq!(reclaimed, held);
}

pub async fn a_reclaimed_job_waits_for_nothing_and_keeps_what_was_reported(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 4, ..job("a") }).await;
    let first = bench.hand().await;
    first.settle(fail(&first.take("a").await, Some(Duration::ZERO))).await;
    let dying = bench.hand().await;
    let retry = dying.take("a").await;
    let kinds = [NoteKind::Progress(70), NoteKind::Output("[1]".into())];
    bench.note(&kinds.map(|kind| Note { lease: retry.lease, kind })).await.unwrap();
    bench.unregister(&dying.worker).await.unwrap();
    bench.reclaim_all(1).await;
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts, job.next_attempt_at), (Status::Pending, 2, None));
    assert_eq!((job.progress, job.output), (Some(70), Some("[1]".into())));
    assert!(job.run_at <= bench.now().await);
    assert_eq!(bench.hand().await.take("a").await.job.attempts, 3);
}
