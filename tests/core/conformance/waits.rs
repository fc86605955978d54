//! Jobs whose handlers wait for a time.

use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::model::{Change, Claimed, EventKind, JobId, Outcome, Settled, Settlement, Status, Wait};
use serde_json::{Value, json};

use crate::bench::{Bench, Hand, complete, eventually, fail, ids, job, release};

super::tests![waits:
    a_job_that_waits_has_no_lease_and_tells_until_when,
    a_job_is_not_claimed_before_its_wait_is_over_and_is_after_it,
    a_wait_that_is_over_at_once_goes_on_at_once,
    a_resume_counts_no_attempt_and_a_retry_after_it_does,
    a_wait_keeps_its_entry_among_the_steps,
    a_resumed_job_that_is_given_back_waits_on_and_is_due,
    a_resumed_job_whose_worker_dies_is_tried_again,
    a_waiting_job_can_be_cancelled_and_retried,
    a_wait_of_a_run_that_was_lost_is_refused,
    a_waiting_job_cannot_be_edited_or_pruned_and_has_not_ended,
    waiting_jobs_come_by_priority_with_fresh_ones,
];

fn waits(claimed: &Claimed, until: Timestamp) -> Settlement {
    let wait =
        Wait { until: Some(until), on: None, name: "__wait_0".to_owned(), entry: r#"{"type": "duration"}"#.into() };
    Settlement { outcome: Outcome::Waiting(wait), ..complete(claimed) }
}

async fn later(bench: &Bench) -> Timestamp {
    bench.now().await.plus(Duration::from_secs(3_600))
}

/// A job that waits until `until`, and the worker that ran it.
async fn waiting(bench: &Bench, until: Timestamp) -> (JobId, Hand) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    assert_eq!(hand.settle(waits(&claimed, until)).await, Settled::Applied);
    (id, hand)
}

pub async fn a_job_that_waits_has_no_lease_and_tells_until_when(bench: &Bench) {
    let until = later(bench).await;
    let (id, hand) = waiting(bench, until).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until, stored.attempts), (Status::Waiting, Some(until), 1));
    assert_eq!((stored.locked_at, stored.locked_by), (None, None));
    assert!(stored.started_at.is_some() && stored.completed_at.is_none());
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Waiting]);
    let told = bench.last_metadata(id).await;
    assert_eq!(told, json!({"wait_until": until.to_rfc3339()}));
    assert!(bench.reclaim(10).await.unwrap().is_empty());
    assert_eq!(hand.claim(&["a"], 1).await.len(), 0);
}

pub async fn a_job_is_not_claimed_before_its_wait_is_over_and_is_after_it(bench: &Bench) {
    let until = bench.now().await.plus(Duration::from_millis(300));
    let (id, hand) = waiting(bench, until).await;
    let early = hand.try_claim(&["a"], 1).await.unwrap();
    assert!(early.jobs.is_empty() || early.now >= until);
    assert!(!early.jobs.is_empty() || early.next_due.is_some(), "a sleeper must know when to look");
    let mut got = early.jobs;
    eventually("the wait is over", async || {
        if got.is_empty() {
            let claim = hand.try_claim(&["a"], 1).await.unwrap();
            assert!(claim.jobs.is_empty() || claim.now >= until, "claimed before its time");
            got = claim.jobs;
        }
        !got.is_empty()
    })
    .await;
    assert_eq!(ids(&got), [id]);
    assert_eq!(hand.settle(complete(&got[0])).await, Settled::Applied);
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until, stored.attempts), (Status::Completed, None, 1));
}

pub async fn a_wait_that_is_over_at_once_goes_on_at_once(bench: &Bench) {
    let (id, hand) = waiting(bench, Timestamp::from_micros(1_000_000)).await;
    let claimed = hand.take("a").await;
    assert_eq!((claimed.job.id, claimed.job.attempts), (id, 1));
}

pub async fn a_resume_counts_no_attempt_and_a_retry_after_it_does(bench: &Bench) {
    let past = Timestamp::from_micros(1_000_000);
    let (id, hand) = waiting(bench, past).await;
    for _ in 0..4 {
        let claimed = hand.take("a").await;
        assert_eq!(claimed.job.attempts, 1);
        hand.settle(waits(&claimed, past)).await;
    }
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until, stored.attempts), (Status::Failed, None, 1));
    let again = hand.take("a").await;
    assert_eq!(again.job.attempts, 2);
    hand.settle(waits(&again, past)).await;
    assert_eq!(hand.take("a").await.job.attempts, 2);
}

pub async fn a_wait_keeps_its_entry_among_the_steps(bench: &Bench) {
    let (id, hand) = waiting(bench, Timestamp::from_micros(1_000_000)).await;
    let read = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
    let wanted = json!({"__wait_0": {"type": "duration"}});
    assert_eq!(read(&bench.job(id).await.step_data), wanted);
    assert_eq!(read(&hand.take("a").await.job.step_data), wanted);
}

pub async fn a_resumed_job_that_is_given_back_waits_on_and_is_due(bench: &Bench) {
    let past = Timestamp::from_micros(1_000_000);
    let (id, hand) = waiting(bench, past).await;
    for _ in 0..3 {
        let claimed = hand.take("a").await;
        hand.settle(release(&claimed)).await;
        let stored = bench.job(id).await;
        assert_eq!((stored.status, stored.attempts, stored.locked_by), (Status::Waiting, 1, None));
        assert!(stored.started_at.is_some());
    }
    hand.settle(complete(&hand.take("a").await)).await;
    assert_eq!(bench.status(id).await, Status::Completed);
}

pub async fn a_resumed_job_whose_worker_dies_is_tried_again(bench: &Bench) {
    let (id, hand) = waiting(bench, Timestamp::from_micros(1_000_000)).await;
    hand.take("a").await;
    bench.driver().silence(hand.worker.id, Duration::from_secs(60)).await;
    bench.reclaim_all(1).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until, stored.attempts), (Status::Pending, None, 1));
    assert_eq!(bench.hand().await.take("a").await.job.attempts, 2);
}

pub async fn a_waiting_job_can_be_cancelled_and_retried(bench: &Bench) {
    let (id, hand) = waiting(bench, later(bench).await).await;
    assert!(bench.changed(id, Change::Cancel).await);
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until), (Status::Cancelled, None));
    assert!(hand.claim(&["a"], 1).await.is_empty());
    assert!(bench.changed(id, Change::Retry).await);
    let claimed = hand.take("a").await;
    assert_eq!((claimed.job.id, claimed.job.attempts), (id, 2));
    let (over, hand) = waiting(bench, Timestamp::from_micros(1_000_000)).await;
    assert!(bench.changed(over, Change::Cancel).await);
    assert!(hand.claim(&["a"], 1).await.is_empty(), "a wait that was over is taken out of the queue too");
}

pub async fn a_wait_of_a_run_that_was_lost_is_refused(bench: &Bench) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, None)).await;
    let until = later(bench).await;
    assert_eq!(
        hand.settle(waits(&claimed, until)).await,
        Settled::Applied,
        "the lease was settled before, by this worker"
    );
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until), (Status::Failed, None));
    let other = bench.hand().await;
    bench.add_one(job("b")).await;
    let lost = other.take("b").await;
    bench.driver().silence(other.worker.id, Duration::from_secs(60)).await;
    bench.reclaim_all(1).await;
    assert_eq!(other.settle(waits(&lost, until)).await, Settled::LeaseLost);
    assert_eq!(&bench.job(lost.job.id).await.step_data[..], b"{}");
}

pub async fn a_waiting_job_cannot_be_edited_or_pruned_and_has_not_ended(bench: &Bench) {
    let (id, _) = waiting(bench, later(bench).await).await;
    let edit = dataqueue::model::JobEdit { priority: Some(3), ..dataqueue::model::JobEdit::default() };
    assert!(!bench.changed(id, Change::Edit(edit)).await);
    assert!(!bench.changed(id, Change::Retry).await);
    let statuses = vec![Status::Completed, Status::Failed, Status::Cancelled];
    let prune = dataqueue::model::Prune { older_than: Duration::ZERO, statuses };
    assert_eq!(dataqueue::storage::prune_all_jobs(&*bench.store(), &prune).await.unwrap(), 0);
    assert_eq!(bench.status(id).await, Status::Waiting);
}

pub async fn waiting_jobs_come_by_priority_with_fresh_ones(bench: &Bench) {
    let past = Timestamp::from_micros(1_000_000);
    let hand = bench.hand().await;
    let low = bench.add_one(dataqueue::model::NewJob { priority: 1, ..job("a") }).await;
    hand.settle(waits(&hand.take("a").await, past)).await;
    let top = bench.add_one(dataqueue::model::NewJob { priority: 2, ..job("a") }).await;
    let last = bench.add_one(job("a")).await;
    assert_eq!(ids(&hand.claim(&["a"], 3).await), [top, low, last]);
}
