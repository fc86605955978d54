//! Jobs that wait for others before they run.

use std::time::Duration;

use dataqueue::error::Error;
use dataqueue::model::{Change, DependsOn, EventKind, Extras, Filter, JobEdit, JobId, NewJob, Prune, Settled, Status};
use serde_json::json;

use crate::bench::{Bench, Hand, complete, eventually, fail, ids, job, release};

super::tests![dependencies:
    a_job_waits_until_all_it_waits_for_completed,
    a_chain_of_one_call_runs_link_by_link,
    jobs_of_a_call_may_wait_for_later_ones_and_holders_of_keys,
    a_failure_with_a_retry_keeps_waiting_and_one_for_good_cancels,
    a_cancellation_cancels_transitively_and_names_the_one,
    a_lost_job_cancels_those_that_wait_for_it,
    a_long_chain_is_cancelled_whole,
    what_has_completed_does_not_hold_and_what_failed_cancels_at_once,
    unknown_jobs_are_refused_and_nothing_is_stored,
    a_blocked_job_can_be_found_cancelled_and_edited,
    a_blocked_job_may_be_due_later,
    a_completed_prerequisite_that_is_deleted_is_no_obstacle,
    a_retried_job_waits_for_what_is_open_again,
    many_jobs_wait_for_one_and_one_for_many,
];

pub fn after(job_ids: &[JobId]) -> NewJob {
    on(job("b"), job_ids, &[])
}

pub fn on(job: NewJob, job_ids: &[JobId], tags: &[&str]) -> NewJob {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let depends_on = Some(DependsOn { job_ids: job_ids.to_vec(), tags });
    NewJob { extras: Extras { depends_on, ..Extras::default() }.boxed(), ..job }
}

fn link(place: usize) -> JobId {
    DependsOn::batch_ref(place)
}

pub async fn is_blocked(bench: &Bench, id: JobId) -> bool {
    let job = bench.job(id).await;
    job.status == Status::Pending && job.pending_reason.is_some()
}

pub async fn done(hand: &Hand, job_type: &str) -> JobId {
    let claimed = hand.take(job_type).await;
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::Applied);
    claimed.job.id
}

/// What a blocked job was cancelled for.
pub async fn why(bench: &Bench, id: JobId) -> String {
    let job = bench.job(id).await;
    assert_eq!((job.status, job.pending_reason), (Status::Cancelled, None), "of job {id}");
    let reason = job.cancel_reason.unwrap();
    assert_eq!(bench.last_metadata(id).await, json!({ "reason": reason }));
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Cancelled]);
    reason
}

pub async fn a_job_waits_until_all_it_waits_for_completed(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_all(vec![job("a"), job("a")]).await;
    let id = bench.add_one(after(&[first[1], first[0], first[1]])).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.depends_on_job_ids), (Status::Pending, vec![first[1], first[0]]));
    assert_eq!(stored.pending_reason, Some(format!("waits for jobs {}, {}", first[1], first[0])));
    for (at, before) in first.iter().enumerate() {
        assert!(hand.claim(&["b"], 5).await.is_empty(), "claimed after {at} of 2");
        assert_eq!(done(&hand, "a").await, *before);
    }
    let claimed = hand.take("b").await;
    assert_eq!((claimed.job.id, claimed.job.depends_on_job_ids.len(), &claimed.job.pending_reason), (id, 2, &None));
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::Applied);
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
}

pub async fn a_chain_of_one_call_runs_link_by_link(bench: &Bench) {
    const LINKS: usize = 20;
    let hand = bench.hand().await;
    let chain = (0..LINKS).map(|at| if at == 0 { job("b") } else { after(&[link(at - 1)]) });
    let added = bench.add_all(chain.collect()).await;
    for (at, &id) in added.iter().enumerate() {
        let claimed = hand.claim(&["b"], 5).await;
        assert_eq!(ids(&claimed), [id]);
        assert_eq!(claimed[0].job.depends_on_job_ids, added[at.saturating_sub(1)..at]);
        assert_eq!(hand.settle(complete(&claimed[0])).await, Settled::Applied);
        // A repeat of what was recorded releases nothing more.
        assert_eq!(hand.settle(complete(&claimed[0])).await, Settled::Applied);
    }
    assert!(hand.claim(&["b"], 5).await.is_empty());
}

pub async fn jobs_of_a_call_may_wait_for_later_ones_and_holders_of_keys(bench: &Bench) {
    let hand = bench.hand().await;
    let keyed = || NewJob { idempotency_key: Some("k".into()), ..job("a") };
    let holder = bench.add_one(keyed()).await;
    let added = bench.add(vec![after(&[link(2)]), keyed(), after(&[link(1)])]).await.unwrap();
    assert_eq!((added[1].id, added[1].created), (holder, false));
    assert_eq!(bench.job(added[0].id).await.depends_on_job_ids, [added[2].id]);
    assert_eq!(bench.job(added[2].id).await.depends_on_job_ids, [holder]);
    assert_eq!(done(&hand, "a").await, holder);
    assert_eq!(done(&hand, "b").await, added[2].id);
    assert_eq!(done(&hand, "b").await, added[0].id);
}

pub async fn a_failure_with_a_retry_keeps_waiting_and_one_for_good_cancels(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_one(job("a")).await;
    let id = bench.add_one(after(&[first])).await;
    let claimed = hand.take("a").await;
    hand.settle(release(&claimed)).await;
    assert!(is_blocked(bench, id).await);
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    assert!(is_blocked(bench, id).await);
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, None)).await;
    assert_eq!(why(bench, id).await, format!("job {first}, which it waited for, failed"));
    assert!(bench.changed(first, Change::Retry).await);
    assert_eq!(bench.status(id).await, Status::Cancelled, "a retry of the one does not bring back the other");
}

pub async fn a_cancellation_cancels_transitively_and_names_the_one(bench: &Bench) {
    let first = bench.add_one(job("a")).await;
    let other = bench.add_one(job("a")).await;
    let added =
        bench.add_all(vec![after(&[first, other]), after(&[link(0)]), after(&[link(1), other]), after(&[other])]).await;
    assert!(bench.changed(first, Change::Cancel).await);
    assert_eq!(why(bench, added[0]).await, format!("job {first}, which it waited for, was cancelled"));
    assert_eq!(why(bench, added[1]).await, format!("job {}, which it waited for, was cancelled", added[0]));
    assert_eq!(why(bench, added[2]).await, format!("job {}, which it waited for, was cancelled", added[1]));
    assert!(is_blocked(bench, added[3]).await);
    let filter = Filter { job_types: vec!["a".into()], ..Filter::default() };
    assert_eq!(bench.changed_all(&filter, &Change::Cancel, 10).await, 1);
    why(bench, added[3]).await;
}

pub async fn a_lost_job_cancels_those_that_wait_for_it(bench: &Bench) {
    let hand = bench.dying_hand().await;
    let first = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
    let id = bench.add_one(after(&[first])).await;
    hand.take("a").await;
    assert_eq!(bench.reclaim_all(1).await.len(), 1);
    assert_eq!(why(bench, id).await, format!("job {first}, which it waited for, failed"));
}

pub async fn a_long_chain_is_cancelled_whole(bench: &Bench) {
    const LINKS: usize = 2_500;
    let hand = bench.hand().await;
    let chain = (0..LINKS).map(|at| if at == 0 { job("a") } else { after(&[link(at - 1)]) });
    let added = bench.add_all(chain.collect()).await;
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, None)).await;
    assert_eq!(
        why(bench, added[LINKS - 1]).await,
        format!("job {}, which it waited for, was cancelled", added[LINKS - 2])
    );
    let cancelled = Filter { statuses: vec![Status::Cancelled], ..Filter::default() };
    assert_eq!(bench.count(&cancelled).await.unwrap(), LINKS as u64 - 1);
}

pub async fn what_has_completed_does_not_hold_and_what_failed_cancels_at_once(bench: &Bench) {
    let hand = bench.hand().await;
    let good = bench.add_one(job("a")).await;
    assert_eq!(done(&hand, "a").await, good);
    let id = bench.add_one(after(&[good])).await;
    assert_eq!(bench.job(id).await.pending_reason, None);
    assert_eq!(done(&hand, "b").await, id);

    let [bad, gone] = [bench.add_one(job("a")).await, bench.add_one(job("c")).await];
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, None)).await;
    assert!(bench.changed(gone, Change::Cancel).await);
    let added = bench.add_all(vec![after(&[good, bad]), after(&[link(0)]), after(&[gone]), after(&[good])]).await;
    assert_eq!(why(bench, added[0]).await, format!("job {bad}, which it waited for, failed"));
    assert_eq!(why(bench, added[1]).await, format!("job {}, which it waited for, was cancelled", added[0]));
    assert_eq!(why(bench, added[2]).await, format!("job {gone}, which it waited for, was cancelled"));
    assert_eq!(done(&hand, "b").await, added[3]);
}

pub async fn unknown_jobs_are_refused_and_nothing_is_stored(bench: &Bench) {
    let first = bench.add_one(job("a")).await;
    let refused = bench.add(vec![job("a"), after(&[first, first + 5_000_000]), after(&[link(0)])]).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Dependency(why) if why.contains(&format!("job {}, which does not exist", first + 5_000_000)))
    );
    assert_eq!(bench.found(&Filter::default()).await, [first]);
    let later = bench.add_one(after(&[first])).await;
    assert!(is_blocked(bench, later).await);
}

pub async fn a_blocked_job_can_be_found_cancelled_and_edited(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_one(job("a")).await;
    let added = bench.add_all(vec![after(&[first]), after(&[first]), after(&[link(1)])]).await;
    let pending = Filter { statuses: vec![Status::Pending], ..Filter::default() };
    assert_eq!(bench.found(&pending).await, [added[2], added[1], added[0], first]);

    let edit = Change::Edit(JobEdit { priority: Some(7), run_at: Some(None), ..JobEdit::default() });
    assert!(bench.changed(added[0], edit.clone()).await);
    let of_type = Filter { job_types: vec!["b".into()], ..Filter::default() };
    assert_eq!(bench.changed_all(&of_type, &edit, 2).await, 3);
    assert!(hand.claim(&["b"], 5).await.is_empty(), "an edit released a job");
    assert!(is_blocked(bench, added[0]).await);

    assert!(bench.changed(added[1], Change::Cancel).await);
    assert_eq!((bench.job(added[1]).await.cancel_reason, bench.status(added[1]).await), (None, Status::Cancelled));
    assert!(why_of(bench, added[2]).await.contains(&added[1].to_string()));
    assert_eq!(done(&hand, "a").await, first);
    let claimed = hand.claim(&["b"], 5).await;
    assert_eq!((ids(&claimed), claimed[0].job.priority), (vec![added[0]], 7));
}

async fn why_of(bench: &Bench, id: JobId) -> String {
    bench.job(id).await.cancel_reason.unwrap()
}

pub async fn a_blocked_job_may_be_due_later(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_one(job("a")).await;
    let run_at = bench.now().await.plus(Duration::from_secs(3_600));
    let id = bench.add_one(NewJob { run_at: Some(run_at), ..after(&[first]) }).await;
    done(&hand, "a").await;
    assert!(hand.claim(&["b"], 5).await.is_empty());
    let stored = bench.job(id).await;
    assert_eq!((stored.pending_reason, stored.run_at), (None, run_at));
    assert!(bench.changed(id, Change::Edit(JobEdit { run_at: Some(None), ..JobEdit::default() })).await);
    assert_eq!(done(&hand, "b").await, id);
}

pub async fn a_completed_prerequisite_that_is_deleted_is_no_obstacle(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_one(job("a")).await;
    let second = bench.add_one(job("c")).await;
    let id = bench.add_one(after(&[first, second])).await;
    done(&hand, "a").await;
    let prune = Prune { older_than: Duration::ZERO, statuses: vec![Status::Completed] };
    eventually("the job is old enough", async || bench.prune_jobs(&prune, 0, 100).await.unwrap().changed == 1).await;
    assert!(is_blocked(bench, id).await);
    done(&hand, "c").await;
    assert_eq!(done(&hand, "b").await, id);
    bench.forget_history();
}

pub async fn a_retried_job_waits_for_what_is_open_again(bench: &Bench) {
    let hand = bench.hand().await;
    let [first, second] = [bench.add_one(job("a")).await, bench.add_one(job("c")).await];
    let id = bench.add_one(on(job("b"), &[first, second], &["t"])).await;
    assert!(bench.changed(first, Change::Cancel).await);
    assert_eq!(bench.status(id).await, Status::Cancelled);
    // The second one is open, the first one is over for good.
    assert!(bench.changed(id, Change::Retry).await);
    assert!(!bench.changed(id, Change::Retry).await);
    assert!(is_blocked(bench, id).await);
    assert_eq!(bench.job(id).await.cancel_reason, None);
    assert_eq!(bench.job(id).await.depends_on_job_ids, [first, second]);
    assert!(hand.claim(&["b"], 5).await.is_empty());
    done(&hand, "c").await;
    let claimed = hand.take("b").await;
    hand.settle(fail(&claimed, None)).await;
    // Nothing is open any more.
    assert!(bench.changed(id, Change::Retry).await);
    assert_eq!(done(&hand, "b").await, id);
    // Both are put back, and one waits for the other again.
    let [first, last] = bench.add_all(vec![job("a"), after(&[link(0)])]).await[..] else { unreachable!() };
    assert!(bench.changed(first, Change::Cancel).await);
    let cancelled =
        Filter { statuses: vec![Status::Cancelled], job_types: vec!["a".into(), "b".into()], ..Filter::default() };
    assert!(bench.changed_all(&cancelled, &Change::Retry, 1).await >= 2);
    assert!(is_blocked(bench, last).await);
}

pub async fn many_jobs_wait_for_one_and_one_for_many(bench: &Bench) {
    const MANY: usize = 2_200;
    let hand = bench.hand().await;
    let fan = (0..=MANY + 1).map(|at| match at {
        0 => job("a"),
        at if at <= MANY => on(job("m"), &[link(0)], &[]),
        _ => after(&(1..=MANY).map(link).collect::<Vec<_>>()),
    });
    let added = bench.add_all(fan.collect()).await;
    done(&hand, "a").await;
    let mut left = MANY;
    while left > 0 {
        assert!(hand.claim(&["b"], 1).await.is_empty(), "released with {left} left");
        let claimed = hand.claim(&["m"], 700).await;
        left -= claimed.len();
        let ends: Vec<_> = claimed.iter().map(complete).collect();
        assert!(hand.store.settle(&ends).await.unwrap().iter().all(|answer| *answer == Settled::Applied));
    }
    assert_eq!(done(&hand, "b").await, added[MANY + 1]);
}
