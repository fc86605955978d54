//! The errors a job keeps: which, how many, and with what text.

use std::time::Duration;

use dataqueue::model::{Claimed, Failure, FailureReason, NewJob, Outcome, Settled};
use dataqueue::policy::limits::MAX_ERRORS;
use serde_json::{Value, json};

use crate::bench::{Bench, Hand, end, job};

super::tests![errors:
    each_failure_adds_an_entry_that_is_complete,
    each_reason_is_stored_and_told,
    the_newest_errors_are_kept_up_to_the_bound,
    odd_text_is_kept_as_it_is,
    a_nul_in_an_error_becomes_a_mark_and_loses_no_neighbour,
    a_traceback_of_a_megabyte_is_kept,
];

fn failure(message: &str, retry_in: Option<Duration>) -> Failure {
    Failure { reason: FailureReason::HandlerError, message: message.to_owned(), kind: None, traceback: None, retry_in }
}

async fn settle(hand: &Hand, claimed: &Claimed, failure: Failure) {
    assert_eq!(hand.settle(end(claimed, Outcome::Failed(failure))).await, Settled::Applied);
}

async fn history(bench: &Bench, id: i64) -> Vec<Value> {
    match crate::bench::json(&bench.job(id).await.error_history) {
        Value::Array(entries) => entries,
        other => panic!("not a list: {other}"),
    }
}

pub async fn each_failure_adds_an_entry_that_is_complete(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let first = Failure {
        kind: Some("KeyError".to_owned()),
        traceback: Some("line 1\nline 2".to_owned()),
        ..failure("one", Some(Duration::ZERO))
    };
    settle(&hand, &hand.take("a").await, first).await;
    let first_at = bench.job(id).await.last_failed_at.unwrap();
    settle(&hand, &hand.take("a").await, failure("two", None)).await;
    let second_at = bench.job(id).await.last_failed_at.unwrap();
    let wanted = [
        json!({"message": "one", "type": "KeyError", "traceback": "line 1\nline 2", "attempt": 1,
               "timestamp": first_at.to_rfc3339()}),
        json!({"message": "two", "type": null, "traceback": null, "attempt": 2, "timestamp": second_at.to_rfc3339()}),
    ];
    assert_eq!(history(bench, id).await, wanted);
}

pub async fn each_reason_is_stored_and_told(bench: &Bench) {
    let hand = bench.hand().await;
    for reason in FailureReason::ALL {
        let id = bench.add_one(job("a")).await;
        settle(&hand, &hand.take("a").await, Failure { reason, ..failure("x", None) }).await;
        assert_eq!(bench.job(id).await.failure_reason, Some(reason));
        assert_eq!(bench.last_metadata(id).await["reason"], reason.as_str());
    }
}

pub async fn the_newest_errors_are_kept_up_to_the_bound(bench: &Bench) {
    let count = MAX_ERRORS + 4;
    let id = bench.add_one(NewJob { max_attempts: i32::MAX, ..job("a") }).await;
    let hand = bench.hand().await;
    for attempt in 1..=count {
        let claimed = hand.take("a").await;
        settle(&hand, &claimed, failure(&format!("error {attempt}"), Some(Duration::ZERO))).await;
        let kept = history(bench, id).await;
        assert_eq!(kept.len(), attempt.min(MAX_ERRORS));
        assert_eq!(kept.last().unwrap()["message"], format!("error {attempt}"));
    }
    for (entry, attempt) in history(bench, id).await.iter().zip(count - MAX_ERRORS + 1..) {
        assert_eq!((&entry["message"], &entry["attempt"]), (&json!(format!("error {attempt}")), &json!(attempt)));
    }
    let dying = bench.hand().await;
    dying.take("a").await;
    for _ in 0..3 {
        bench.unregister(&dying.worker).await.unwrap();
        bench.reclaim(10).await.unwrap();
        let next = bench.hand().await;
        if next.claim(&["a"], 1).await.is_empty() {
            break;
        }
        bench.unregister(&next.worker).await.unwrap();
    }
    let kept = history(bench, id).await;
    assert_eq!(kept.len(), MAX_ERRORS, "the entry of a lost job is bounded too");
    assert_eq!(bench.job(id).await.failure_reason, Some(FailureReason::Lost));
    assert_eq!(kept[0]["message"], format!("error {}", count - MAX_ERRORS + 2));
}

pub async fn odd_text_is_kept_as_it_is(bench: &Bench) {
    let hand = bench.hand().await;
    for text in
        ["", "'; drop table job_queue; --", "\"\\\u{1}\t\r\n", "ünï©ødé \u{1F980} \u{FFFF}", "%s {} $1 ?", "\\u0000"]
    {
        let id = bench.add_one(job("a")).await;
        let odd = Failure { kind: Some(text.to_owned()), traceback: Some(text.to_owned()), ..failure(text, None) };
        settle(&hand, &hand.take("a").await, odd).await;
        let entry = history(bench, id).await.remove(0);
        assert_eq!([&entry["message"], &entry["type"], &entry["traceback"]], [text; 3]);
        assert_eq!(bench.last_metadata(id).await["message"], text);
    }
}

pub async fn a_nul_in_an_error_becomes_a_mark_and_loses_no_neighbour(bench: &Bench) {
    let ids = bench.add_all(vec![job("a"), job("a")]).await;
    let claimed = bench.hand().await.claim(&["a"], 2).await;
    let text = "a\0b".to_owned();
    let odd =
        Failure { kind: Some(text.clone()), traceback: Some(text.clone()), ..failure(&text, Some(Duration::ZERO)) };
    let ends = [crate::bench::complete(&claimed[0]), end(&claimed[1], Outcome::Failed(odd))];
    assert_eq!(bench.settle(&ends).await.unwrap(), [Settled::Applied; 2]);
    let entry = history(bench, ids[1]).await.remove(0);
    assert_eq!([&entry["message"], &entry["type"], &entry["traceback"]], ["a\u{fffd}b"; 3]);
    assert_eq!(bench.last_metadata(ids[1]).await["message"], "a\u{fffd}b");
}

pub async fn a_traceback_of_a_megabyte_is_kept(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let long = "line of a traceback ü\n".repeat(50_000);
    let odd = Failure { traceback: Some(long.clone()), ..failure("short", Some(Duration::ZERO)) };
    settle(&hand, &hand.take("a").await, odd).await;
    settle(&hand, &hand.take("a").await, failure("after it", None)).await;
    let entries = history(bench, id).await;
    assert!(entries[0]["traceback"] == long, "the traceback was changed");
    assert_eq!(entries[1]["message"], "after it");
}
