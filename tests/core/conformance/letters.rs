//! Dead letters: the jobs that are added where others fail for good, and what links the two.

use std::time::Duration;

use dataqueue::model::{
    Change, Claimed, EventKind, Extras, FailureReason, Filter, Job, JobId, NewJob, Outcome, Settled, Status,
};
use serde_json::json;
use tokio::time::timeout;

use crate::bench::{Bench, PATIENCE, complete, end, fail, job, json as read, meaning, release};

super::tests![letters:
    a_failure_for_good_adds_a_dead_letter_that_tells_of_its_job,
    a_retry_that_is_due_adds_none_and_the_last_attempt_adds_one,
    jobs_that_were_lost_have_dead_letters_too,
    what_ends_otherwise_has_no_dead_letter,
    a_repeat_of_a_settlement_adds_no_second_dead_letter,
    a_dead_letter_that_fails_has_none_itself,
    a_retried_job_forgets_its_dead_letter_and_gets_one_for_its_next_failure,
    a_payload_goes_into_a_dead_letter_as_it_is,
    of_many_failures_each_has_its_own_dead_letter,
    a_dead_letter_is_hinted_to_the_handle_that_settled_and_can_be_claimed_at_once,
];

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A job that is to have a dead letter.
fn lettered(job_type: &str) -> NewJob {
    let extras = Extras { dead_letter_job_type: Some("dead".into()), ..Extras::default() };
    NewJob { extras: extras.boxed(), ..job(job_type) }
}

async fn letters(bench: &Bench) -> Vec<JobId> {
    bench.found(&Filter { job_types: vec!["dead".into()], ..Filter::default() }).await
}

async fn failed(bench: &Bench, new: NewJob) -> (Claimed, Job) {
    let job_type = new.job_type.clone();
    bench.add_one(new).await;
    let hand = bench.hand().await;
    let claimed = hand.take(&job_type).await;
    assert_eq!(hand.settle(fail(&claimed, None)).await, Settled::Applied);
    let job = bench.job(claimed.job.id).await;
    (claimed, job)
}

/// Checks what links a failed job and its dead letter, and answers that.
async fn letter_of(bench: &Bench, original: &Job) -> Job {
    let letter = bench.job(original.dead_letter_job_id.unwrap()).await;
    assert_eq!((letter.dead_letter_of, letter.status), (Some(original.id), Status::Pending));
    assert_eq!(read(&letter.payload)["originalJob"]["id"], original.id);
    let added = bench.events(letter.id).await.unwrap();
    assert_eq!((added.len(), added[0].kind), (1, EventKind::Added));
    assert_eq!(read(added[0].metadata.as_ref().unwrap()), json!({"dead_letter_of": original.id}));
    letter
}

pub async fn a_failure_for_good_adds_a_dead_letter_that_tells_of_its_job(bench: &Bench) {
    let mut new = NewJob { priority: 7, max_attempts: 4, tags: vec!["x".into()], ..lettered("mail / \"ü\"") };
    new.payload = r#"{"to":"a@b.c"}"#.into();
    new.extras.as_mut().unwrap().traceparent = Some(TRACE.into());
    let before = bench.now().await;
    let (claimed, job) = failed(bench, new).await;
    let letter = letter_of(bench, &job).await;
    let told = read(&letter.payload);
    let original = json!({"id": job.id, "jobType": "mail / \"ü\"", "attempts": 1, "maxAttempts": 4});
    assert_eq!((&told["originalJob"], &told["originalPayload"]), (&original, &json!({"to": "a@b.c"})));
    assert_eq!(
        (&told["failure"]["message"], &told["failure"]["reason"]),
        (&json!("it broke"), &json!("handler_error"))
    );
    assert_eq!(told["failure"]["failedAt"], job.last_failed_at.unwrap().to_rfc3339());
    assert_eq!(told.as_object().unwrap().len() + told["failure"].as_object().unwrap().len(), 6);
    assert_eq!(job.dead_lettered_at, job.last_failed_at);
    assert!(before <= letter.created_at && letter.run_at <= bench.now().await);
    assert_eq!((letter.job_type.as_str(), letter.priority, letter.max_attempts), ("dead", 0, 3));
    assert_eq!((letter.tags.len(), letter.dead_letter_job_type, letter.group_id), (0, None, None));
    assert_eq!((letter.traceparent.as_deref(), letter.attempts, letter.timeout_ms), (Some(TRACE), 0, None));
    assert_eq!(claimed.job.dead_letter_job_id, None);
    assert_eq!(letters(bench).await, [letter.id]);
}

pub async fn a_retry_that_is_due_adds_none_and_the_last_attempt_adds_one(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 2, ..lettered("a") }).await;
    let hand = bench.hand().await;
    let first = hand.take("a").await;
    hand.settle(fail(&first, Some(Duration::ZERO))).await;
    assert_eq!((letters(bench).await.len(), bench.job(id).await.dead_lettered_at), (0, None));
    let second = hand.take("a").await;
    hand.settle(fail(&second, None)).await;
    let told = read(&letter_of(bench, &bench.job(id).await).await.payload);
    assert_eq!((&told["originalJob"]["attempts"], &told["originalJob"]["maxAttempts"]), (&json!(2), &json!(2)));
}

pub async fn jobs_that_were_lost_have_dead_letters_too(bench: &Bench) {
    for is_stuck in [false, true] {
        let id = bench.add_one(NewJob { max_attempts: 1, ..lettered("a") }).await;
        let plain = bench.add_one(NewJob { max_attempts: 1, ..job("a") }).await;
        let again = bench.add_one(lettered("a")).await;
        let hand = bench.hand().await;
        assert_eq!(hand.claim(&["a"], 3).await.len(), 3);
        bench.driver().silence(hand.worker.id, Duration::from_secs(9)).await;
        if is_stuck {
            assert_eq!(bench.reclaim_stuck(Duration::ZERO, 0, 10).await.unwrap().changed, 3);
        } else {
            assert_eq!(bench.reclaim(10).await.unwrap().len(), 3);
        }
        let lost = bench.job(id).await;
        assert_eq!((lost.status, lost.failure_reason), (Status::Failed, Some(FailureReason::Lost)));
        let told = read(&letter_of(bench, &lost).await.payload);
        assert_eq!(told["failure"]["reason"], "lost");
        assert_eq!(told["failure"]["message"], read(&lost.error_history)[0]["message"]);
        assert_eq!(bench.job(plain).await.dead_letter_job_id, None);
        assert_eq!((bench.status(again).await, bench.job(again).await.dead_letter_job_id), (Status::Pending, None));
        assert!(bench.changed(again, Change::Cancel).await);
    }
    assert_eq!(letters(bench).await.len(), 2);
}

pub async fn what_ends_otherwise_has_no_dead_letter(bench: &Bench) {
    bench.add_all((0..5).map(|_| lettered("a")).collect()).await;
    let cancelled = bench.add_one(lettered("b")).await;
    assert!(bench.changed(cancelled, Change::Cancel).await);
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 5).await;
    assert!(bench.changed(claimed[3].job.id, Change::CancelRunning).await);
    let ends = [
        complete(&claimed[0]),
        end(&claimed[1], Outcome::Cancelled { reason: None }),
        release(&claimed[2]),
        fail(&claimed[3], Some(Duration::ZERO)),
        fail(&claimed[4], Some(Duration::from_secs(60))),
    ];
    bench.settle(&ends).await.unwrap();
    assert!(bench.changed(claimed[4].job.id, Change::Cancel).await);
    assert_eq!(letters(bench).await, Vec::<JobId>::new());
}

pub async fn a_repeat_of_a_settlement_adds_no_second_dead_letter(bench: &Bench) {
    let (claimed, before) = failed(bench, lettered("a")).await;
    for _ in 0..2 {
        assert_eq!(bench.settle(&[fail(&claimed, None), fail(&claimed, None)]).await.unwrap(), [Settled::Applied; 2]);
    }
    assert_eq!(bench.job(before.id).await, before);
    assert_eq!(letters(bench).await, [before.dead_letter_job_id.unwrap()]);
}

pub async fn a_dead_letter_that_fails_has_none_itself(bench: &Bench) {
    let extras = Extras { dead_letter_job_type: Some("dead".into()), ..Extras::default() };
    let (_, job) = failed(bench, NewJob { extras: extras.boxed(), ..job("dead") }).await;
    let letter = letter_of(bench, &job).await;
    let hand = bench.hand().await;
    let claimed = hand.take("dead").await;
    assert_eq!((claimed.job.id, claimed.job.dead_letter_of), (letter.id, Some(job.id)));
    hand.settle(fail(&claimed, None)).await;
    let dead = bench.job(letter.id).await;
    assert_eq!((dead.status, dead.dead_letter_job_id, dead.dead_lettered_at), (Status::Failed, None, None));
    assert_eq!(letters(bench).await, [letter.id, job.id]);
}

pub async fn a_retried_job_forgets_its_dead_letter_and_gets_one_for_its_next_failure(bench: &Bench) {
    let (_, job) = failed(bench, NewJob { max_attempts: 1, ..lettered("a") }).await;
    let first = letter_of(bench, &job).await;
    assert!(bench.changed(job.id, Change::Retry).await);
    let retried = bench.job(job.id).await;
    assert_eq!((retried.dead_lettered_at, retried.dead_letter_job_id), (None, None));
    assert_eq!(retried.dead_letter_job_type.as_deref(), Some("dead"));
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, None)).await;
    let second = letter_of(bench, &bench.job(job.id).await).await;
    assert_eq!(letters(bench).await, [second.id, first.id]);
    assert_eq!(bench.job(first.id).await, first);
}

pub async fn a_payload_goes_into_a_dead_letter_as_it_is(bench: &Bench) {
    let long = format!("[\"{}\", 1e400]", "é\\n".repeat(20_000));
    for (at, payload) in
        ["null", "[]", "{}", r#""\u001f / ü""#, "12345678901234567890123", "1.10", &long].iter().enumerate()
    {
        let new = lettered(&format!("t{at}"));
        let (_, job) = failed(bench, NewJob { payload: (*payload).to_owned().into(), ..new }).await;
        let letter = letter_of(bench, &job).await;
        let whole = str::from_utf8(&letter.payload).unwrap();
        let raw: std::collections::HashMap<String, Box<serde_json::value::RawValue>> =
            serde_json::from_str(whole).unwrap();
        assert_eq!(meaning(raw["originalPayload"].get().as_bytes()), meaning(payload.as_bytes()));
    }
}

pub async fn of_many_failures_each_has_its_own_dead_letter(bench: &Bench) {
    const COUNT: usize = 40;
    let jobs = (0..COUNT).map(|at| if at % 4 == 0 { job("a") } else { lettered("a") });
    bench.add_all(jobs.collect()).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], COUNT as u32).await;
    let ends: Vec<_> = claimed.iter().map(|claimed| fail(claimed, None)).collect();
    bench.settle(&ends).await.unwrap();
    let mut linked = Vec::new();
    for (at, claimed) in claimed.iter().enumerate() {
        let job = bench.job(claimed.job.id).await;
        assert_eq!(job.dead_letter_job_id.is_some(), at % 4 != 0);
        if at % 4 != 0 {
            linked.push(letter_of(bench, &job).await.id);
        }
    }
    linked.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(letters(bench).await, linked);
    assert_eq!(hand.claim(&["dead"], 100).await.len(), linked.len());
}

pub async fn a_dead_letter_is_hinted_to_the_handle_that_settled_and_can_be_claimed_at_once(bench: &Bench) {
    bench.add_one(lettered("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    let mut wakes = bench.listen().await.unwrap();
    while timeout(Duration::from_millis(100), wakes.changed()).await.is_ok() {}
    hand.settle(fail(&claimed, None)).await;
    assert!(matches!(timeout(PATIENCE, wakes.changed()).await, Ok(Ok(()))), "no hint came");
    assert_eq!(hand.take("dead").await.job.dead_letter_of, Some(claimed.job.id));
}
