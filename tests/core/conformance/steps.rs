//! What a handler's steps leave with the job.

use std::time::Duration;

use dataqueue::model::{Claimed, JobId, Lease, Note, NoteKind, Settled};
use serde_json::{Value, json};

use crate::bench::{Bench, Hand, complete, fail, job, release};

super::tests![steps:
    a_job_begins_without_steps,
    steps_add_up_and_an_entry_replaces_the_one_of_its_name,
    several_steps_in_a_call_are_all_kept,
    long_entries_and_odd_names_are_kept_as_they_are,
    a_step_makes_no_event_and_leaves_the_rest_of_the_job,
    the_next_run_has_the_steps_of_those_before,
    a_step_of_a_run_that_was_lost_is_refused_and_those_before_are_kept,
    steps_stay_with_a_job_that_ended,
];

async fn step(bench: &Bench, lease: Lease, name: &str, entry: &Value) -> Settled {
    let kind = NoteKind::Step { name: name.to_owned(), entry: entry.to_string().into() };
    bench.note(&[Note { lease, kind }]).await.unwrap().remove(0)
}

async fn steps(bench: &Bench, id: JobId) -> Value {
    read(&bench.job(id).await.step_data)
}

fn read(step_data: &[u8]) -> Value {
    serde_json::from_slice(step_data).unwrap()
}

async fn running(bench: &Bench, hand: &Hand) -> Claimed {
    bench.add_one(job("a")).await;
    hand.take("a").await
}

pub async fn a_job_begins_without_steps(bench: &Bench) {
    let claimed = running(bench, &bench.hand().await).await;
    assert_eq!(&claimed.job.step_data[..], b"{}");
    assert_eq!(&bench.job(claimed.job.id).await.step_data[..], b"{}");
}

pub async fn steps_add_up_and_an_entry_replaces_the_one_of_its_name(bench: &Bench) {
    let claimed = running(bench, &bench.hand().await).await;
    for (name, entry) in [("a", json!(1)), ("b", json!({"x": [null, true]})), ("a", json!(null)), ("c", json!("é"))] {
        assert_eq!(step(bench, claimed.lease, name, &entry).await, Settled::Applied);
    }
    assert_eq!(steps(bench, claimed.job.id).await, json!({"a": null, "b": {"x": [null, true]}, "c": "é"}));
}

pub async fn several_steps_in_a_call_are_all_kept(bench: &Bench) {
    let hand = bench.hand().await;
    let (one, other) = (running(bench, &hand).await, running(bench, &hand).await);
    let note = |lease, name: &str, entry: &'static str| Note {
        lease,
        kind: NoteKind::Step { name: name.to_owned(), entry: entry.into() },
    };
    let notes = [
        note(one.lease, "a", "1"),
        note(other.lease, "a", "2"),
        note(one.lease, "b", "3"),
        Note { lease: one.lease, kind: NoteKind::Progress(7) },
        note(one.lease, "a", "4"),
    ];
    assert_eq!(bench.note(&notes).await.unwrap(), [Settled::Applied; 5]);
    assert_eq!(steps(bench, one.job.id).await, json!({"a": 4, "b": 3}));
    assert_eq!(steps(bench, other.job.id).await, json!({"a": 2}));
    assert_eq!(bench.job(one.job.id).await.progress, Some(7));
}

pub async fn long_entries_and_odd_names_are_kept_as_they_are(bench: &Bench) {
    let claimed = running(bench, &bench.hand().await).await;
    let long = "x".repeat(300_000);
    let mut wanted = serde_json::Map::new();
    for (at, name) in ["1", "01", "a \"b\"", "é✓", "{", "\\", "__wait_0", &"n".repeat(255)].into_iter().enumerate() {
        let entry = json!({"at": at, "text": if at == 3 { long.as_str() } else { "short" }});
        assert_eq!(step(bench, claimed.lease, name, &entry).await, Settled::Applied);
        wanted.insert(name.to_owned(), entry);
        assert_eq!(steps(bench, claimed.job.id).await, Value::Object(wanted.clone()));
    }
    assert_eq!(step(bench, claimed.lease, "é✓", &json!(0)).await, Settled::Applied);
    wanted.insert("é✓".to_owned(), json!(0));
    assert_eq!(steps(bench, claimed.job.id).await, Value::Object(wanted));
}

pub async fn a_step_makes_no_event_and_leaves_the_rest_of_the_job(bench: &Bench) {
    let claimed = running(bench, &bench.hand().await).await;
    let before = (bench.job(claimed.job.id).await, bench.kinds(claimed.job.id).await);
    step(bench, claimed.lease, "a", &json!(1)).await;
    let mut after = bench.job(claimed.job.id).await;
    assert!(after.updated_at > before.0.updated_at);
    (after.updated_at, after.step_data) = (before.0.updated_at, before.0.step_data.clone());
    assert_eq!((after, bench.kinds(claimed.job.id).await), before);
}

pub async fn the_next_run_has_the_steps_of_those_before(bench: &Bench) {
    let hand = bench.hand().await;
    let mut claimed = running(bench, &hand).await;
    let mut wanted = serde_json::Map::new();
    for (at, how) in ["release", "fail", "release", "reclaim"].into_iter().enumerate() {
        let name = format!("{at}");
        assert_eq!(step(bench, claimed.lease, &name, &json!(how)).await, Settled::Applied);
        wanted.insert(name, json!(how));
        match how {
            "release" => bench.settle(&[release(&claimed)]).await.unwrap(),
            "fail" => bench.settle(&[fail(&claimed, Some(Duration::ZERO))]).await.unwrap(),
            _ => {
                bench.driver().silence(hand.worker.id, Duration::from_secs(60)).await;
                bench.reclaim_all(1).await;
                Vec::new()
            }
        };
        let next = if how == "reclaim" { bench.hand().await.take("a").await } else { hand.take("a").await };
        assert_eq!(read(&next.job.step_data), Value::Object(wanted.clone()), "after {how}");
        claimed = next;
    }
}

pub async fn a_step_of_a_run_that_was_lost_is_refused_and_those_before_are_kept(bench: &Bench) {
    let claimed = running(bench, &bench.hand().await).await;
    step(bench, claimed.lease, "kept", &json!(1)).await;
    let wrong = Lease { token: claimed.lease.token + 1, ..claimed.lease };
    assert_eq!(step(bench, wrong, "refused", &json!(2)).await, Settled::LeaseLost);
    bench.settle(&[fail(&claimed, Some(Duration::ZERO))]).await.unwrap();
    assert_eq!(step(bench, claimed.lease, "late", &json!(3)).await, Settled::LeaseLost);
    let other = bench.distant_hand().await.take("a").await;
    assert_eq!(step(bench, claimed.lease, "later", &json!(4)).await, Settled::LeaseLost);
    assert_eq!(read(&other.job.step_data), json!({"kept": 1}));
    assert_eq!(steps(bench, other.job.id).await, json!({"kept": 1}));
}

pub async fn steps_stay_with_a_job_that_ended(bench: &Bench) {
    let hand = bench.hand().await;
    for end in [complete as fn(&Claimed) -> _, |claimed| fail(claimed, None)] {
        let claimed = running(bench, &hand).await;
        step(bench, claimed.lease, "a", &json!("done")).await;
        bench.settle(&[end(&claimed)]).await.unwrap();
        assert_eq!(steps(bench, claimed.job.id).await, json!({"a": "done"}));
    }
}
