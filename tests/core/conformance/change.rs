//! Changes of one job: cancel, retry, edit, in each state that a job can be in.

use dataqueue::model::{Change, EventKind, FailureReason, JobEdit, NewJob, Settled, Status};
use dataqueue::policy::status::after_change;

use crate::bench::{Bench, Stage, complete, fail, ids, job};

super::tests![change:
    each_change_does_in_each_state_what_the_table_says_with_one_event_or_none,
    a_job_that_does_not_exist_is_not_changed,
    a_change_of_one_job_leaves_others_alone,
    a_cancelled_job_leaves_the_queue_from_wherever_it_stood,
    a_retried_job_is_pending_due_now_and_claimed_once,
    a_retry_keeps_what_is_known_of_the_failure,
    retrying_a_spent_job_grants_one_more_attempt,
    retrying_a_job_with_attempts_left_grants_none,
    a_job_lost_on_its_last_attempt_runs_again_once_retried,
    a_retry_forgets_the_crashes_before_it,
    a_running_job_cannot_be_changed_and_goes_on,
    a_cancelled_retry_is_not_tried_again,
];

fn edit() -> Change {
    Change::Edit(JobEdit { priority: Some(7), ..JobEdit::default() })
}

fn kind(change: &Change) -> EventKind {
    match change {
        Change::Cancel | Change::CancelRunning => EventKind::Cancelled,
        Change::Retry => EventKind::Retried,
        Change::Edit(_) => EventKind::Edited,
        Change::Delete => unreachable!("it leaves no event"),
    }
}

pub async fn each_change_does_in_each_state_what_the_table_says_with_one_event_or_none(bench: &Bench) {
    for stage in Stage::ALL {
        for change in [Change::Cancel, Change::Retry, edit()] {
            let id = bench.staged(stage, &format!("{stage:?} {:?}", kind(&change))).await;
            let before = (bench.job(id).await, bench.kinds(id).await);
            let wanted = after_change(stage.status(), stage.retry_due(), kind(&change));
            let changed = bench.changed(id, change.clone()).await;
            assert_eq!(changed, wanted.is_some(), "{change:?} of a job that is {stage:?}");
            let (job, kinds) = (bench.job(id).await, bench.kinds(id).await);
            let Some(status) = wanted else {
                assert_eq!((job, kinds), before, "{change:?} was refused in {stage:?} and yet changed something");
                continue;
            };
            assert_eq!(job.status, status, "{change:?} of a job that is {stage:?}");
            assert_eq!(kinds, [before.1, vec![kind(&change)]].concat(), "{change:?} of a job that is {stage:?}");
            assert!(job.updated_at > before.0.updated_at);
        }
    }
}

pub async fn a_job_that_does_not_exist_is_not_changed(bench: &Bench) {
    let id = bench.add_one(job("a")).await + 1_000;
    for change in [Change::Cancel, Change::Retry, edit()] {
        for id in [id, 0, -1, i64::MAX, i64::MIN] {
            assert!(!bench.changed(id, change.clone()).await);
            assert!(bench.events(id).await.unwrap().is_empty());
        }
    }
}

pub async fn a_change_of_one_job_leaves_others_alone(bench: &Bench) {
    let mut others = Vec::new();
    for stage in Stage::ALL {
        others.push(bench.staged(stage, &format!("{stage:?}")).await);
    }
    let mut before = bench.get(&others).await.unwrap();
    for (stage, change) in [(Stage::Ready, Change::Cancel), (Stage::Cancelled, Change::Retry), (Stage::Ready, edit())] {
        let id = bench.staged(stage, &format!("one of {:?}", kind(&change))).await;
        assert!(bench.changed(id, change).await);
    }
    let mut now = bench.get(&others).await.unwrap();
    before.sort_by_key(|job| job.id);
    now.sort_by_key(|job| job.id);
    assert_eq!(now, before);
}

pub async fn a_cancelled_job_leaves_the_queue_from_wherever_it_stood(bench: &Bench) {
    for stage in [Stage::Ready, Stage::Scheduled, Stage::RetryLater, Stage::RetryNow, Stage::Waiting] {
        let id = bench.staged(stage, "a").await;
        let before = bench.now().await;
        assert!(bench.changed(id, Change::Cancel).await);
        let job = bench.job(id).await;
        assert_eq!(
            (job.next_attempt_at, job.wait_until, job.locked_by),
            (None, None, None),
            "cancelled when {stage:?}"
        );
        assert!(job.last_cancelled_at >= Some(before) && job.last_cancelled_at <= Some(bench.now().await));
        let claim = bench.hand().await.try_claim(&["a"], 10).await.unwrap();
        assert!(claim.jobs.is_empty() && !claim.more, "cancelled when {stage:?}, and claimed");
        assert_eq!(claim.next_due, None, "cancelled when {stage:?}, and still foreseen");
        assert_eq!(bench.claimable_types().await.unwrap(), Vec::<String>::new());
    }
}

pub async fn a_retried_job_is_pending_due_now_and_claimed_once(bench: &Bench) {
    for stage in [Stage::Failed, Stage::RetryLater, Stage::RetryNow, Stage::Cancelled] {
        let id = bench.staged(stage, "a").await;
        let before = bench.now().await;
        assert!(bench.changed(id, Change::Retry).await);
        let after = bench.now().await;
        let job = bench.job(id).await;
        assert_eq!((job.status, job.next_attempt_at, job.failure_reason), (Status::Pending, None, None));
        assert!(before <= job.run_at && job.run_at <= after, "retried when {stage:?}: {job:?}");
        assert_eq!((job.last_retried_at, job.completed_at), (Some(job.run_at), None));
        let hand = bench.hand().await;
        let claimed = hand.claim(&["a"], 10).await;
        assert_eq!(ids(&claimed), [id], "retried when {stage:?}");
        assert_eq!(claimed[0].job.attempts, job.attempts + 1);
        let rest = hand.try_claim(&["a"], 10).await.unwrap();
        assert!(rest.jobs.is_empty() && !rest.more && rest.next_due.is_none(), "retried when {stage:?}: {rest:?}");
        assert_eq!(hand.settle(complete(&claimed[0])).await, Settled::Applied);
    }
}

pub async fn a_retry_keeps_what_is_known_of_the_failure(bench: &Bench) {
    let id = bench.staged(Stage::Failed, "a").await;
    let failed = bench.job(id).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::HandlerError));
    assert!(bench.changed(id, Change::Retry).await);
    let job = bench.job(id).await;
    assert_eq!((job.attempts, job.started_at, job.last_failed_at), (1, failed.started_at, failed.last_failed_at));
    assert_eq!(job.error_history, failed.error_history);
}

pub async fn retrying_a_spent_job_grants_one_more_attempt(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
    let hand = bench.hand().await;
    for attempt in 1..=3 {
        let claimed = hand.take("a").await;
        assert_eq!((claimed.job.attempts, claimed.job.max_attempts), (attempt, attempt));
        assert_eq!(hand.settle(fail(&claimed, None)).await, Settled::Applied);
        assert!(hand.claim(&["a"], 1).await.is_empty());
        assert!(bench.changed(id, Change::Retry).await);
        assert_eq!(bench.job(id).await.max_attempts, attempt + 1);
    }
}

pub async fn retrying_a_job_with_attempts_left_grants_none(bench: &Bench) {
    for stage in [Stage::Failed, Stage::RetryLater, Stage::Cancelled] {
        let id = bench.staged(stage, &format!("{stage:?}")).await;
        assert!(bench.changed(id, Change::Retry).await);
        assert_eq!(bench.job(id).await.max_attempts, 3, "retried when {stage:?}");
    }
}

pub async fn a_job_lost_on_its_last_attempt_runs_again_once_retried(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
    bench.dying_hand().await.take("a").await;
    assert!(bench.reclaim_all(1).await[0].ended);
    assert!(bench.changed(id, Change::Retry).await);
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!((claimed.job.id, claimed.job.attempts, claimed.job.max_attempts), (id, 2, 2));
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::Applied);
}

pub async fn a_retry_forgets_the_crashes_before_it(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 9, ..job("a") }).await;
    for round in 0..2 {
        for crash in 1..=3 {
            let hand = bench.hand().await;
            hand.take("a").await;
            bench.unregister(&hand.worker).await.unwrap();
            assert_eq!(bench.reclaim_all(1).await[0].ended, crash == 3, "crash {crash} of round {round}");
        }
        assert!(bench.changed(id, Change::Retry).await);
    }
}

pub async fn a_running_job_cannot_be_changed_and_goes_on(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    for change in [Change::Cancel, Change::Retry, edit()] {
        assert!(!bench.changed(id, change).await);
    }
    assert!(bench.hand().await.claim(&["a"], 1).await.is_empty(), "a second run of a running job");
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::Applied);
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
}

pub async fn a_cancelled_retry_is_not_tried_again(bench: &Bench) {
    let id = bench.staged(Stage::RetryLater, "a").await;
    assert!(bench.changed(id, Change::Cancel).await);
    assert!(!bench.changed(id, Change::Cancel).await, "cancelled twice");
    let job = bench.job(id).await;
    assert_eq!((job.status, job.failure_reason), (Status::Cancelled, Some(FailureReason::HandlerError)));
    assert_eq!(bench.kinds(id).await.last(), Some(&EventKind::Cancelled));
}
