//! Cancelling a job that runs: what is noted, who is told, and how the run ends. And failures that count as crashes.

use std::time::Duration;

use bytes::Bytes;
use dataqueue::clock::Timestamp;
use dataqueue::model::{
    Change, Claimed, EventKind, FailureReason, JobEdit, Lease, NewJob, Note, NoteKind, Outcome, Settled, Status, Wait,
};

use crate::bench::{Bench, Hand, complete, end, eventually, fail, job, release};

super::tests![cancelling:
    a_running_job_that_is_to_be_cancelled_says_so_and_runs_on,
    asking_twice_changes_nothing_the_second_time,
    asking_cancels_at_once_what_does_not_run,
    its_worker_is_told_at_every_renewal_until_it_has_ended,
    other_workers_are_told_nothing,
    asking_is_hinted_at_in_every_process,
    a_run_that_stopped_is_cancelled,
    a_run_that_cancels_its_job_keeps_the_reason_until_a_retry,
    a_run_that_completes_all_the_same_has_completed,
    what_would_run_again_is_cancelled_instead,
    a_last_failure_stays_one,
    a_dead_workers_job_is_cancelled,
    only_the_holder_of_the_lease_can_end_it_as_cancelled,
    a_retry_forgets_that_somebody_asked,
    who_waits_for_its_end_is_told,
    a_plain_cancel_leaves_a_running_job_alone,
    a_lost_run_counts_as_a_crash,
    the_way_to_the_end_is_kept_through_edits_and_schedules,
];

const LEASE: Duration = Duration::from_secs(600);

async fn running(bench: &Bench) -> (Hand, Claimed) {
    bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    (hand, claimed)
}

async fn asked(bench: &Bench) -> (Hand, Claimed) {
    let (hand, claimed) = running(bench).await;
    assert!(bench.changed(claimed.job.id, Change::CancelRunning).await);
    (hand, claimed)
}

async fn told(hand: &Hand) -> Vec<Lease> {
    hand.store.renew(&hand.worker, LEASE).await.unwrap().cancelled
}

fn wait() -> Outcome {
    Outcome::Waiting(Wait {
        until: Some(Timestamp::from_micros(4_000_000_000_000_000)),
        on: None,
        name: "__wait_1".to_owned(),
        entry: Bytes::from_static(b"{\"completed\":false}"),
    })
}

pub async fn a_running_job_that_is_to_be_cancelled_says_so_and_runs_on(bench: &Bench) {
    let (hand, claimed) = running(bench).await;
    assert_eq!(claimed.job.cancel_requested_at, None);
    let before = bench.now().await;
    assert!(bench.changed(claimed.job.id, Change::CancelRunning).await);
    let job = bench.job(claimed.job.id).await;
    assert_eq!(job.status, Status::Processing);
    assert!(job.cancel_requested_at >= Some(before) && job.cancel_requested_at <= Some(bench.now().await));
    assert_eq!(bench.kinds(job.id).await, [EventKind::Added, EventKind::Processing]);
    let progress = Note { lease: claimed.lease, kind: NoteKind::Progress(50) };
    assert_eq!(hand.store.note(&[progress]).await.unwrap(), [Settled::Applied]);
}

pub async fn asking_twice_changes_nothing_the_second_time(bench: &Bench) {
    let (_hand, claimed) = asked(bench).await;
    let before = bench.job(claimed.job.id).await;
    assert!(!bench.changed(claimed.job.id, Change::CancelRunning).await);
    assert_eq!(bench.job(claimed.job.id).await, before);
}

pub async fn asking_cancels_at_once_what_does_not_run(bench: &Bench) {
    let pending = bench.add_one(job("a")).await;
    assert!(bench.changed(pending, Change::CancelRunning).await);
    let job = bench.job(pending).await;
    assert_eq!((job.status, job.cancel_requested_at), (Status::Cancelled, None));
    assert!(!bench.changed(pending, Change::CancelRunning).await);
    assert!(!bench.changed(pending + 1_000, Change::CancelRunning).await);
}

pub async fn its_worker_is_told_at_every_renewal_until_it_has_ended(bench: &Bench) {
    let (hand, claimed) = running(bench).await;
    assert_eq!(told(&hand).await, []);
    assert!(bench.changed(claimed.job.id, Change::CancelRunning).await);
    for _ in 0..3 {
        assert_eq!(told(&hand).await, [claimed.lease]);
    }
    hand.settle(end(&claimed, Outcome::Cancelled { reason: None })).await;
    assert_eq!(told(&hand).await, []);
}

pub async fn other_workers_are_told_nothing(bench: &Bench) {
    let other = bench.distant_hand().await;
    bench.add_one(job("b")).await;
    other.take("b").await;
    let (hand, claimed) = asked(bench).await;
    assert_eq!(told(&other).await, []);
    assert_eq!(told(&hand).await, [claimed.lease]);
}

pub async fn asking_is_hinted_at_in_every_process(bench: &Bench) {
    let (_hand, claimed) = running(bench).await;
    let (here, there) = (bench.store(), bench.second());
    let mut hints = Vec::new();
    for store in [&here, &there] {
        drop(store.listen().await.unwrap());
        let mut cancels = store.cancels();
        cancels.mark_unchanged();
        hints.push(cancels);
    }
    assert!(here.change(claimed.job.id, &Change::CancelRunning).await.unwrap());
    for cancels in &mut hints {
        eventually("the hint comes", async || cancels.has_changed().unwrap()).await;
    }
}

pub async fn a_run_that_stopped_is_cancelled(bench: &Bench) {
    let (hand, claimed) = asked(bench).await;
    let before = bench.now().await;
    assert_eq!(hand.settle(end(&claimed, Outcome::Cancelled { reason: None })).await, Settled::Applied);
    let job = bench.job(claimed.job.id).await;
    assert_eq!((job.status, job.locked_at, job.locked_by, job.attempts), (Status::Cancelled, None, None, 1));
    assert!(job.last_cancelled_at >= Some(before) && job.cancel_requested_at.is_some());
    let events = bench.events(job.id).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.kind, EventKind::Cancelled);
    let told: serde_json::Value = serde_json::from_slice(last.metadata.as_ref().unwrap()).unwrap();
    assert_eq!(told, serde_json::json!({"running": true}));
    assert_eq!(hand.settle(end(&claimed, Outcome::Cancelled { reason: None })).await, Settled::Applied, "a repeat");
    assert_eq!(bench.events(job.id).await.unwrap(), events);
    assert!(hand.claim(&["a"], 1).await.is_empty());
}

pub async fn a_run_that_cancels_its_job_keeps_the_reason_until_a_retry(bench: &Bench) {
    let (hand, claimed) = running(bench).await;
    let reason = "withdrawn: \"ö\" \\ /";
    let outcome = Outcome::Cancelled { reason: Some(reason.to_owned()) };
    assert_eq!(hand.settle(end(&claimed, outcome.clone())).await, Settled::Applied);
    let job = bench.job(claimed.job.id).await;
    assert_eq!(
        (job.status, job.cancel_reason.as_deref(), job.cancel_requested_at),
        (Status::Cancelled, Some(reason), None)
    );
    let events = bench.events(job.id).await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(events.last().unwrap().metadata.as_ref().unwrap()).unwrap();
    assert_eq!(told, serde_json::json!({"running": true, "reason": reason}));
    assert_eq!(hand.settle(end(&claimed, outcome)).await, Settled::Applied, "a repeat");
    assert_eq!(bench.events(job.id).await.unwrap(), events);
    assert!(bench.store().change(job.id, &Change::Retry).await.unwrap());
    assert_eq!(bench.job(job.id).await.cancel_reason, None);
    let again = hand.claim(&["a"], 1).await.remove(0);
    assert_eq!(again.job.cancel_reason, None);
}

pub async fn a_run_that_completes_all_the_same_has_completed(bench: &Bench) {
    let (hand, claimed) = asked(bench).await;
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::Applied);
    let job = bench.job(claimed.job.id).await;
    assert_eq!((job.status, job.last_cancelled_at), (Status::Completed, None));
    assert!(job.cancel_requested_at.is_some());
}

pub async fn what_would_run_again_is_cancelled_instead(bench: &Bench) {
    for outcome in ["fails", "is given back", "waits"] {
        let (hand, claimed) = asked(bench).await;
        let settlement = match outcome {
            "fails" => fail(&claimed, Some(Duration::ZERO)),
            "is given back" => release(&claimed),
            _ => end(&claimed, wait()),
        };
        assert_eq!(hand.settle(settlement.clone()).await, Settled::Applied);
        let job = bench.job(claimed.job.id).await;
        assert_eq!((job.status, job.attempts, job.locked_by), (Status::Cancelled, 1, None), "{outcome}");
        assert_eq!((job.next_attempt_at, job.wait_until), (None, None), "{outcome}");
        assert!(job.last_cancelled_at.is_some());
        let kinds = [EventKind::Added, EventKind::Processing, EventKind::Cancelled];
        assert_eq!(bench.kinds(job.id).await, kinds, "{outcome}");
        assert!(hand.claim(&["a"], 1).await.is_empty(), "{outcome}");
        assert_eq!(hand.settle(settlement).await, Settled::Applied, "a repeat");
        assert_eq!(bench.kinds(job.id).await, kinds, "{outcome}, twice");
        let history: Vec<serde_json::Value> = serde_json::from_slice(&job.error_history).unwrap();
        assert_eq!(history.len(), usize::from(outcome == "fails"), "what went wrong is kept");
        let steps: serde_json::Value = serde_json::from_slice(&job.step_data).unwrap();
        assert_eq!(steps.get("__wait_1").is_some(), outcome == "waits", "so are steps");
    }
}

pub async fn a_last_failure_stays_one(bench: &Bench) {
    let (hand, claimed) = asked(bench).await;
    hand.settle(fail(&claimed, None)).await;
    let job = bench.job(claimed.job.id).await;
    assert_eq!((job.status, job.failure_reason), (Status::Failed, Some(FailureReason::HandlerError)));
    assert_eq!(job.last_cancelled_at, None);
}

pub async fn a_dead_workers_job_is_cancelled(bench: &Bench) {
    bench.add_one(job("a")).await;
    let hand = bench.dying_hand().await;
    let claimed = hand.take("a").await;
    assert!(bench.changed(claimed.job.id, Change::CancelRunning).await);
    let reclaimed = bench.reclaim_all(1).await;
    assert_eq!((reclaimed[0].job_id, reclaimed[0].ended), (claimed.job.id, true));
    let job = bench.job(claimed.job.id).await;
    assert_eq!((job.status, job.crashes, job.locked_by), (Status::Cancelled, 1, None));
    assert_eq!(bench.kinds(job.id).await, [EventKind::Added, EventKind::Processing, EventKind::Cancelled]);
    assert_eq!(hand.settle(end(&claimed, Outcome::Cancelled { reason: None })).await, Settled::LeaseLost);
}

pub async fn only_the_holder_of_the_lease_can_end_it_as_cancelled(bench: &Bench) {
    bench.add_one(job("a")).await;
    let late = bench.dying_hand().await;
    let lost = late.take("a").await;
    bench.reclaim_all(1).await;
    let heir = bench.hand().await;
    let claimed = heir.take("a").await;
    assert_eq!(late.settle(end(&lost, Outcome::Cancelled { reason: None })).await, Settled::LeaseLost);
    assert_eq!(bench.job(claimed.job.id).await.status, Status::Processing);
    assert!(heir.holds(claimed.lease).await);
}

pub async fn a_retry_forgets_that_somebody_asked(bench: &Bench) {
    let (hand, claimed) = asked(bench).await;
    hand.settle(end(&claimed, Outcome::Cancelled { reason: None })).await;
    assert!(bench.changed(claimed.job.id, Change::Retry).await);
    assert_eq!(bench.job(claimed.job.id).await.cancel_requested_at, None);
    let again = hand.take("a").await;
    assert_eq!(told(&hand).await, []);
    hand.settle(fail(&again, Some(Duration::ZERO))).await;
    assert_eq!(bench.job(claimed.job.id).await.status, Status::Failed);
    assert_eq!(hand.take("a").await.job.attempts, 3);
}

pub async fn who_waits_for_its_end_is_told(bench: &Bench) {
    for outcome in [Outcome::Cancelled { reason: None }, Outcome::Released] {
        let (hand, claimed) = asked(bench).await;
        let far = bench.second();
        let watch = far.watch(claimed.job.id).await.unwrap();
        let seen = *watch.hints.borrow();
        hand.settle(end(&claimed, outcome)).await;
        eventually("its end is told", async || *watch.hints.borrow() != seen).await;
    }
}

pub async fn a_plain_cancel_leaves_a_running_job_alone(bench: &Bench) {
    let (hand, claimed) = running(bench).await;
    assert!(!bench.changed(claimed.job.id, Change::Cancel).await);
    assert_eq!(bench.job(claimed.job.id).await, claimed.job);
    assert_eq!(told(&hand).await, []);
}

pub async fn a_lost_run_counts_as_a_crash(bench: &Bench) {
    bench.add_one(NewJob { max_attempts: 10, ..job("a") }).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    let Outcome::Failed(mut failure) = fail(&claimed, Some(Duration::ZERO)).outcome else { unreachable!() };
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    for crashes in 1..=2 {
        failure.reason = FailureReason::Lost;
        let claimed = hand.take("a").await;
        assert_eq!(claimed.job.crashes, crashes - 1);
        hand.settle(end(&claimed, Outcome::Failed(failure.clone()))).await;
        let job = bench.job(claimed.job.id).await;
        assert_eq!((job.crashes, job.failure_reason), (crashes, Some(FailureReason::Lost)));
    }
}

pub async fn the_way_to_the_end_is_kept_through_edits_and_schedules(bench: &Bench) {
    let killed = NewJob { timeout_ms: Some(5_000), force_kill_on_timeout: true, ..job("a") };
    let id = bench.add_one(killed).await;
    let seen = async || {
        let job = bench.job(id).await;
        (job.timeout_ms, job.force_kill_on_timeout)
    };
    assert_eq!(seen().await, (Some(5_000), true));
    let edit = |timeout_ms, force_kill_on_timeout| {
        Change::Edit(JobEdit { timeout_ms, force_kill_on_timeout, ..JobEdit::default() })
    };
    for (change, expected) in [
        (edit(Some(Some(7_000)), None), (Some(7_000), true)),
        (edit(None, Some(false)), (Some(7_000), false)),
        (edit(Some(Some(9_000)), Some(true)), (Some(9_000), true)),
        (edit(Some(None), None), (None, false)),
        (edit(None, Some(true)), (None, false)),
        (edit(Some(Some(1_000)), None), (Some(1_000), false)),
    ] {
        assert!(bench.changed(id, change.clone()).await);
        assert_eq!(seen().await, expected, "{change:?}");
    }
    assert_eq!(bench.hand().await.take("a").await.job.timeout_ms, Some(1_000));
}
