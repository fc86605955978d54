//! Jobs that expire before they begin, and jobs that are kept for a span of their own.

use std::time::Duration;

use dataqueue::model::{
    Change, EventKind, Extras, Filter, JobEdit, JobId, NewJob, Prune, Status, TagFilter, TagMode, Termed,
};
use dataqueue::storage::prune_all_jobs;
use serde_json::json;

use crate::bench::{Bench, Stage, complete, eventually, fail, job, json as read, release};

super::tests![terms:
    a_job_that_has_not_begun_in_time_is_cancelled_and_says_why,
    a_job_that_expired_is_never_claimed,
    a_job_that_has_begun_does_not_expire_any_more,
    a_job_that_was_given_back_before_it_began_expires,
    the_span_counts_from_when_the_job_falls_due,
    the_end_of_the_span_moves_with_the_start,
    a_retried_job_has_its_span_anew,
    a_job_is_deleted_so_long_after_its_end_whichever_that_was,
    a_job_that_has_not_ended_is_kept_however_long_it_takes,
    old_jobs_that_are_kept_for_longer_are_not_cleaned_up,
    nothing_of_a_job_that_was_kept_is_left,
    a_job_may_expire_and_be_kept_for_a_span,
    a_look_finds_terms_that_are_over,
    terms_are_looked_after_in_steps,
    two_callers_end_each_term_once,
    who_waits_for_a_job_that_expires_is_told,
];

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(86_400);
const WHY: &str = "because it's \"late\"";

fn expiring(job_type: &str, span: Duration) -> NewJob {
    NewJob { extras: Extras { expires_in: Some(span), ..Extras::default() }.boxed(), ..job(job_type) }
}

fn kept(job_type: &str, span: Duration) -> NewJob {
    NewJob { extras: Extras { keep_result_for: Some(span), ..Extras::default() }.boxed(), ..job(job_type) }
}

async fn end(bench: &Bench) -> (u64, u64) {
    let Termed { expired, deleted, .. } = bench.end_terms(WHY, 100).await.unwrap();
    (expired.len() as u64, deleted)
}

/// Looks after the terms until so many have ended.
async fn end_all(bench: &Bench, wanted: (u64, u64)) {
    let mut sum = (0, 0);
    eventually(&format!("{wanted:?} terms end"), async || {
        let (expired, deleted) = end(bench).await;
        sum = (sum.0 + expired, sum.1 + deleted);
        sum == wanted
    })
    .await;
    assert_eq!(end(bench).await, (0, 0));
}

async fn exists(bench: &Bench, id: JobId) -> bool {
    !bench.get(&[id]).await.unwrap().is_empty()
}

async fn until_over(bench: &Bench, id: JobId) {
    let at = bench.job(id).await.expires_at.unwrap();
    eventually("the time comes", async || bench.now().await >= at).await;
}

pub async fn a_job_that_has_not_begun_in_time_is_cancelled_and_says_why(bench: &Bench) {
    let late = bench.add_one(expiring("a", SHORT)).await;
    let later = bench.add_one(expiring("a", LONG)).await;
    let plain = bench.add_one(job("a")).await;
    end_all(bench, (1, 0)).await;
    let job = bench.job(late).await;
    assert_eq!((job.status, job.cancel_reason.as_deref()), (Status::Cancelled, Some(WHY)));
    assert!(job.last_cancelled_at >= job.expires_at && job.last_cancelled_at == Some(job.updated_at));
    assert_eq!((job.started_at, job.attempts), (None, 0));
    assert_eq!(bench.kinds(late).await, [EventKind::Added, EventKind::Cancelled]);
    assert_eq!(bench.last_metadata(late).await, json!({"reason": WHY}));
    assert_eq!((bench.status(later).await, bench.status(plain).await), (Status::Pending, Status::Pending));
    assert_eq!(bench.hand().await.claim(&["a"], 10).await.len(), 2);
}

pub async fn a_job_that_expired_is_never_claimed(bench: &Bench) {
    let first = bench.add_one(expiring("a", SHORT)).await;
    let others = bench.add_all(vec![job("a"), expiring("a", SHORT), expiring("a", LONG)]).await;
    until_over(bench, others[1]).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 10).await;
    assert_eq!(crate::bench::ids(&claimed), [others[0], others[2]]);
    assert_eq!((bench.status(first).await, bench.job(first).await.attempts), (Status::Pending, 0));
    end_all(bench, (2, 0)).await;
    assert_eq!(bench.status(first).await, Status::Cancelled);
    assert_eq!(bench.kinds(first).await, [EventKind::Added, EventKind::Cancelled]);
}

pub async fn a_job_that_has_begun_does_not_expire_any_more(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 3, ..expiring("a", Duration::from_secs(2)) }).await;
    let hand = bench.hand().await;
    let first = hand.take("a").await;
    until_over(bench, id).await;
    assert_eq!(end(bench).await, (0, 0));
    hand.settle(fail(&first, Some(Duration::ZERO))).await;
    assert_eq!(end(bench).await, (0, 0));
    let second = hand.take("a").await;
    hand.settle(release(&second)).await;
    let third = hand.take("a").await;
    hand.settle(complete(&third)).await;
    assert_eq!((end(bench).await, bench.status(id).await), ((0, 0), Status::Completed));
}

pub async fn a_job_that_was_given_back_before_it_began_expires(bench: &Bench) {
    let id = bench.add_one(expiring("a", Duration::from_secs(2))).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    until_over(bench, id).await;
    hand.settle(release(&claimed)).await;
    assert_eq!(hand.claim(&["a"], 10).await.len(), 0);
    end_all(bench, (1, 0)).await;
}

pub async fn the_span_counts_from_when_the_job_falls_due(bench: &Bench) {
    let run_at = bench.now().await.plus(LONG);
    let id = bench.add_one(NewJob { run_at: Some(run_at), ..expiring("a", SHORT) }).await;
    assert_eq!(bench.job(id).await.expires_at, Some(run_at.plus(SHORT)));
    until_over(bench, bench.add_one(expiring("b", SHORT)).await).await;
    end_all(bench, (1, 0)).await;
    assert_eq!(bench.status(id).await, Status::Pending);
}

pub async fn the_end_of_the_span_moves_with_the_start(bench: &Bench) {
    let edit = |run_at| Change::Edit(JobEdit { run_at: Some(run_at), ..JobEdit::default() });
    let id = bench.add_one(expiring("a", SHORT)).await;
    until_over(bench, id).await;
    assert_eq!(bench.hand().await.claim(&["a"], 1).await.len(), 0);
    let later = bench.now().await.plus(LONG);
    assert!(bench.changed(id, edit(Some(later))).await);
    assert_eq!(bench.job(id).await.expires_at, Some(later.plus(SHORT)));
    assert_eq!(end(bench).await, (0, 0));
    let priority = Change::Edit(JobEdit { priority: Some(3), ..JobEdit::default() });
    assert!(bench.changed(id, priority).await);
    assert_eq!(bench.job(id).await.expires_at, Some(later.plus(SHORT)));
    assert!(bench.changed(id, edit(None)).await);
    let job = bench.job(id).await;
    assert_eq!(job.expires_at, Some(job.run_at.plus(SHORT)));
    end_all(bench, (1, 0)).await;
}

pub async fn a_retried_job_has_its_span_anew(bench: &Bench) {
    let id = bench.add_one(expiring("a", SHORT)).await;
    end_all(bench, (1, 0)).await;
    assert!(bench.changed(id, Change::Retry).await);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.cancel_reason, job.expires_at), (Status::Pending, None, Some(job.run_at.plus(SHORT))));
    end_all(bench, (1, 0)).await;
    let long = bench.add_one(expiring("b", LONG)).await;
    assert!(bench.changed(long, Change::Cancel).await && bench.changed(long, Change::Retry).await);
    assert_eq!(bench.hand().await.take("b").await.job.id, long);
}

pub async fn a_job_is_deleted_so_long_after_its_end_whichever_that_was(bench: &Bench) {
    let mut short = Vec::new();
    for stage in [Stage::Completed, Stage::Failed, Stage::Cancelled] {
        short.push(bench.bring(stage, kept(&format!("{stage:?}"), SHORT)).await);
        bench.bring(stage, kept(&format!("long {stage:?}"), LONG)).await;
        bench.bring(stage, job(&format!("plain {stage:?}"))).await;
    }
    end_all(bench, (0, 3)).await;
    for id in short {
        assert!(!exists(bench, id).await && bench.events(id).await.unwrap().is_empty());
    }
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 6);
}

pub async fn a_job_that_has_not_ended_is_kept_however_long_it_takes(bench: &Bench) {
    let open = [Stage::Ready, Stage::Scheduled, Stage::Running, Stage::RetryLater, Stage::RetryNow];
    let mut ids = Vec::new();
    for stage in open {
        ids.push(bench.bring(stage, kept(&format!("{stage:?}"), Duration::from_micros(1))).await);
    }
    for _ in 0..3 {
        assert_eq!(end(bench).await, (0, 0));
    }
    for id in ids {
        assert!(exists(bench, id).await);
        bench.change(id, &Change::Cancel).await.unwrap();
    }
    end_all(bench, (0, open.len() as u64 - 1)).await;
}

pub async fn old_jobs_that_are_kept_for_longer_are_not_cleaned_up(bench: &Bench) {
    let mut ids = Vec::new();
    for stage in [Stage::Completed, Stage::Failed, Stage::Cancelled] {
        ids.push(bench.bring(stage, kept(&format!("{stage:?}"), LONG)).await);
    }
    let mixed = Extras { traceparent: Some("x".into()), ..Extras::default() }.boxed();
    let other = bench.bring(Stage::Completed, NewJob { extras: mixed, ..job("other") }).await;
    let statuses = vec![Status::Completed, Status::Failed, Status::Cancelled];
    let prune = Prune { older_than: Duration::ZERO, statuses };
    assert_eq!(prune_all_jobs(&*bench.store(), &prune).await.unwrap(), 1);
    assert!(!exists(bench, other).await);
    for id in ids {
        assert!(exists(bench, id).await);
    }
}

pub async fn nothing_of_a_job_that_was_kept_is_left(bench: &Bench) {
    let payload = format!("\"{}\"", "x".repeat(5_000));
    let new = NewJob { payload: payload.into(), tags: vec!["t".into()], ..kept("a", SHORT) };
    let id = bench.bring(Stage::Completed, NewJob { idempotency_key: Some("k".into()), ..new }).await;
    end_all(bench, (0, 1)).await;
    end(bench).await;
    assert_eq!(bench.driver().tables_that_name(id).await, [""; 0]);
    let tags = TagFilter { values: vec!["t".into()], mode: TagMode::Any };
    assert_eq!(bench.found(&Filter { tags: Some(tags), ..Filter::default() }).await, Vec::<JobId>::new());
    assert!(bench.add(vec![NewJob { idempotency_key: Some("k".into()), ..job("a") }]).await.unwrap()[0].created);
}

pub async fn a_job_may_expire_and_be_kept_for_a_span(bench: &Bench) {
    let both = |expires, keeps| {
        let extras = Extras { expires_in: Some(expires), keep_result_for: Some(keeps), ..Extras::default() };
        NewJob { extras: extras.boxed(), ..job("a") }
    };
    let first = bench.add_one(both(SHORT, LONG)).await;
    let second = bench.add_one(both(LONG, SHORT)).await;
    end_all(bench, (1, 0)).await;
    assert_eq!(bench.status(first).await, Status::Cancelled);
    assert!(bench.changed(second, Change::Cancel).await);
    end_all(bench, (0, 1)).await;
    assert!(exists(bench, first).await && !exists(bench, second).await);
    let third = bench.add_one(both(SHORT, SHORT)).await;
    end_all(bench, (1, 1)).await;
    assert!(!exists(bench, third).await);
}

pub async fn a_look_finds_terms_that_are_over(bench: &Bench) {
    let look = async || bench.look(0, &[]).await.unwrap().terms;
    bench.add_all(vec![job("a"), expiring("a", LONG), kept("a", LONG)]).await;
    assert!(!look().await);
    bench.add_one(expiring("a", SHORT)).await;
    eventually("a look finds it", async || look().await).await;
    end_all(bench, (1, 0)).await;
    assert!(!look().await);
}

pub async fn terms_are_looked_after_in_steps(bench: &Bench) {
    bench.add_all((0..7).map(|_| expiring("a", Duration::from_micros(1))).collect()).await;
    let mut steps = Vec::new();
    loop {
        let termed = bench.end_terms(WHY, 3).await.unwrap();
        steps.push((termed.expired.len(), termed.more));
        if !termed.more {
            break;
        }
    }
    assert_eq!(steps, [(3, true), (3, true), (1, false)]);
}

pub async fn two_callers_end_each_term_once(bench: &Bench) {
    const COUNT: u64 = 60;
    bench.add_all((0..COUNT).map(|_| expiring("a", Duration::from_micros(1))).collect()).await;
    let other = bench.second();
    let mut expired = 0;
    eventually("all of them expire", async || {
        let (here, there) = tokio::join!(bench.end_terms(WHY, 7), other.end_terms(WHY, 7));
        expired += (here.unwrap().expired.len() + there.unwrap().expired.len()) as u64;
        expired >= COUNT
    })
    .await;
    assert_eq!(expired, COUNT);
    assert_eq!(bench.count(&Filter { statuses: vec![Status::Cancelled], ..Filter::default() }).await.unwrap(), COUNT);
}

pub async fn who_waits_for_a_job_that_expires_is_told(bench: &Bench) {
    let id = bench.add_one(expiring("a", SHORT)).await;
    let other = bench.second();
    let waiter = tokio::spawn(async move { dataqueue::storage::wait_for_end(&*other, id, None).await });
    end_all(bench, (1, 0)).await;
    let ended = tokio::time::timeout(crate::bench::PATIENCE, waiter).await.unwrap().unwrap().unwrap().unwrap();
    assert_eq!((ended.status, read(&ended.payload)), (Status::Cancelled, json!({})));
}
