//! Receiving jobs of another store: with their past, once, and ready to go on.

use std::time::Duration;

use bytes::Bytes;
use dataqueue::clock::Timestamp;
use dataqueue::model::{Added, EventKind, FailureReason, Filter, JobId, NewJob, Retry, Status, Transfer};
use serde_json::json;

use crate::bench::{Bench, every_extra, ids, job, json};

super::tests![receive:
    a_job_is_received_with_its_options_and_its_past,
    a_failed_job_waits_for_its_retry_and_goes_on_counting,
    a_pending_job_keeps_its_start_and_its_place_in_the_order,
    a_repeat_adds_nothing_and_answers_the_same_ids,
    a_key_that_a_job_of_this_store_holds_answers_that_job,
    thousands_are_received_in_one_call_and_in_order,
];

const HOUR: i64 = 3_600_000_000;

fn transfer(job_type: &str, source_id: JobId) -> Transfer {
    Transfer {
        job: NewJob { idempotency_key: Some(format!("{job_type} {source_id}")), ..job(job_type) },
        source_id,
        created_at: Timestamp::from_micros(1_600_000_000_123_456),
        attempts: 0,
        next_attempt_at: None,
        started_at: None,
        last_failed_at: None,
        last_retried_at: None,
        failure_reason: None,
        error_history: "[]".into(),
        step_data: "{}".into(),
    }
}

async fn receive_all(bench: &Bench, jobs: Vec<Transfer>) -> Vec<JobId> {
    // Their history has attempts that this store did not see.
    bench.forget_history();
    let added = bench.receive(jobs).await.unwrap();
    assert!(added.iter().all(|one| one.created));
    added.iter().map(|one| one.id).collect()
}

fn later(time: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(time.as_micros() + micros)
}

pub async fn a_job_is_received_with_its_options_and_its_past(bench: &Bench) {
    let at = |second: i64| Timestamp::from_micros(1_700_000_000_000_001 + second * 1_000_000);
    let long = "x".repeat(3_000);
    let errors = json!([{"message": long, "type": "E", "traceback": null, "attempt": 1, "timestamp": "t"}]).to_string();
    let steps = json!({"first": {"result": long}}).to_string();
    let wanted = Transfer {
        job: NewJob {
            payload: r#"{"big":123456789012345678901234567890,"text":"\u00e9\"{param}"}"#.into(),
            priority: -7,
            run_at: Some(at(5)),
            max_attempts: 9,
            timeout_ms: Some(1_234),
            tags: vec!["b,\"".to_owned(), "a".to_owned()],
            idempotency_key: Some("key 'quoted' $1".to_owned()),
            retry: Retry {
                delay: Some(Duration::from_millis(1_500)),
                backoff: Some(false),
                delay_max: Some(Duration::from_secs(90)),
            },
            extras: every_extra().boxed(),
            ..job("past")
        },
        attempts: 4,
        started_at: Some(at(1)),
        last_failed_at: Some(at(2)),
        last_retried_at: Some(at(3)),
        failure_reason: Some(FailureReason::Timeout),
        error_history: Bytes::from(errors.clone()),
        step_data: Bytes::from(steps.clone()),
        ..transfer("past", 77)
    };
    let id = receive_all(bench, vec![wanted.clone()]).await[0];
    let stored = bench.job(id).await;
    assert_eq!((stored.job_type.as_str(), stored.status), ("past", Status::Pending));
    assert_eq!(json(&stored.payload), json(&wanted.job.payload));
    assert_eq!((stored.priority, stored.run_at, stored.max_attempts), (-7, at(5), 9));
    assert_eq!((stored.timeout_ms, stored.retry), (Some(1_234), wanted.job.retry));
    assert_eq!((&stored.tags, &stored.idempotency_key), (&wanted.job.tags, &wanted.job.idempotency_key));
    assert_eq!((stored.attempts, stored.created_at), (4, wanted.created_at));
    assert_eq!((stored.started_at, stored.last_failed_at), (wanted.started_at, wanted.last_failed_at));
    assert_eq!((stored.last_retried_at, stored.next_attempt_at), (wanted.last_retried_at, None));
    assert_eq!(stored.failure_reason, Some(FailureReason::Timeout));
    assert_eq!(json(&stored.error_history), json(errors.as_bytes()));
    assert_eq!(json(&stored.step_data), json(steps.as_bytes()));
    assert_eq!(stored.expires_at, Some(at(5).plus(Duration::from_millis(2_500))));
    assert_eq!((stored.group_tier.as_deref(), stored.traceparent.is_some()), (Some("gold"), true));
    assert!(stored.updated_at > stored.created_at);
    assert_eq!(bench.kinds(id).await, [EventKind::Added]);
    assert_eq!(bench.last_metadata(id).await, json!({"transferred_from": 77, "attempts": 4}));
    assert_eq!(bench.found(&Filter { job_types: vec!["past".to_owned()], ..Filter::default() }).await, [id]);
}

pub async fn a_failed_job_waits_for_its_retry_and_goes_on_counting(bench: &Bench) {
    let now = bench.now().await;
    let failed = |source_id, due: i64| Transfer {
        attempts: 2,
        next_attempt_at: Some(later(now, due)),
        last_failed_at: Some(now),
        failure_reason: Some(FailureReason::HandlerError),
        ..transfer("again", source_id)
    };
    let due_and_not = receive_all(bench, vec![failed(1, -1), failed(2, HOUR)]).await;
    for &id in &due_and_not {
        assert_eq!(bench.status(id).await, Status::Failed);
    }
    let claimed = bench.hand().await.claim(&["again"], 10).await;
    assert_eq!(ids(&claimed), due_and_not[..1], "only the one whose retry is due");
    assert_eq!((claimed[0].job.attempts, claimed[0].job.max_attempts), (3, 3));
    assert_eq!(bench.job(due_and_not[1]).await.next_attempt_at, Some(later(now, HOUR)));
}

pub async fn a_pending_job_keeps_its_start_and_its_place_in_the_order(bench: &Bench) {
    let now = bench.now().await;
    let at = |source_id, priority, run_at| {
        let mut one = transfer("ordered", source_id);
        (one.job.priority, one.job.run_at) = (priority, Some(later(now, run_at)));
        one
    };
    let received = receive_all(bench, vec![at(1, 0, -1), at(2, 0, -HOUR), at(3, 5, -1), at(4, 9, HOUR)]).await;
    let claimed = bench.hand().await.claim(&["ordered"], 10).await;
    assert_eq!(ids(&claimed), [received[2], received[1], received[0]]);
    assert_eq!(bench.status(received[3]).await, Status::Pending);
}

pub async fn a_repeat_adds_nothing_and_answers_the_same_ids(bench: &Bench) {
    let batch = |to: JobId| (1..=to).map(|source_id| transfer("once", source_id)).collect::<Vec<_>>();
    let first = receive_all(bench, batch(3)).await;
    let again = bench.receive(batch(5)).await.unwrap();
    let known: Vec<Added> = first.iter().map(|&id| Added { id, created: false }).collect();
    assert_eq!(again[..3], known);
    assert!(again[3..].iter().all(|one| one.created));
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 5);
    assert_eq!(bench.kinds(first[0]).await, [EventKind::Added]);
    assert!(bench.receive(Vec::new()).await.unwrap().is_empty());
}

pub async fn a_key_that_a_job_of_this_store_holds_answers_that_job(bench: &Bench) {
    let own = bench.add_one(NewJob { idempotency_key: Some("shared 1".to_owned()), ..job("own") }).await;
    bench.forget_history();
    let added = bench.receive(vec![transfer("shared", 2), transfer("shared", 1)]).await.unwrap();
    assert!(added[0].created);
    assert_eq!(added[1], Added { id: own, created: false });
    assert_eq!(bench.job(own).await.job_type, "own");
}

pub async fn thousands_are_received_in_one_call_and_in_order(bench: &Bench) {
    let jobs: Vec<_> = (0..2_500).map(|source_id| transfer("many", source_id)).collect();
    let received = receive_all(bench, jobs).await;
    assert!(received.is_sorted_by(|one, two| one < two));
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 2_500);
    for at in [0, 999, 1_000, 2_499] {
        assert_eq!(bench.last_metadata(received[at]).await["transferred_from"], at);
    }
}
