//! The history of a job: what is told, in which order, and that nothing is told that did not happen.

use std::time::Duration;

use dataqueue::model::{Change, EventKind as Kind, JobEdit, NewJob, Note, NoteKind, Settled};
use serde_json::{Value, json};

use crate::bench::{Bench, Stage, complete, fail, job, release};

super::tests![events:
    a_long_way_is_told_in_order,
    each_kind_of_event_tells_what_belongs_to_it,
    a_jobs_events_are_its_own,
    what_the_store_refused_wrote_no_event_and_changed_nothing,
    one_refused_job_takes_back_its_whole_call,
    a_claim_of_nothing_and_an_add_of_a_taken_key_tell_nothing,
];

pub async fn a_long_way_is_told_in_order(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 9, ..job("a") }).await;
    let hand = bench.hand().await;
    let edit = Change::Edit(JobEdit { priority: Some(1), ..JobEdit::default() });
    assert!(bench.changed(id, edit.clone()).await);
    let claimed = hand.take("a").await;
    let prolonged = Note { lease: claimed.lease, kind: NoteKind::Prolonged { timeout_ms: 5 } };
    assert_eq!(bench.note(&[prolonged]).await.unwrap(), [Settled::Applied]);
    hand.settle(fail(&claimed, Some(Duration::from_secs(600)))).await;
    assert!(bench.changed(id, edit).await);
    assert!(bench.changed(id, Change::Cancel).await);
    assert!(bench.changed(id, Change::Retry).await);
    let claimed = hand.take("a").await;
    hand.settle(release(&claimed)).await;
    bench.dying_hand().await.take("a").await;
    bench.reclaim_all(1).await;
    let claimed = hand.take("a").await;
    hand.settle(complete(&claimed)).await;
    let events = bench.events(id).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    let (added, edited, processing, reclaimed) = (Kind::Added, Kind::Edited, Kind::Processing, Kind::Reclaimed);
    let first = [added, edited, processing, Kind::Prolonged, Kind::Failed, edited, Kind::Cancelled, Kind::Retried];
    let second = [processing, reclaimed, processing, reclaimed, processing, Kind::Completed];
    assert_eq!(kinds, [&first[..], &second].concat());
    assert!(events.is_sorted_by(|one, next| one.id < next.id && one.created_at <= next.created_at));
    let stored = bench.job(id).await;
    assert_eq!((events[0].created_at, events[13].created_at), (stored.created_at, stored.completed_at.unwrap()));
}

pub async fn each_kind_of_event_tells_what_belongs_to_it(bench: &Bench) {
    let hand = bench.hand().await;
    let last = async |id| {
        let event = bench.last_event(id).await;
        (event.kind, event.metadata.map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap()))
    };
    let id = bench.add_one(NewJob { max_attempts: 2, ..job("a") }).await;
    assert_eq!(last(id).await, (Kind::Added, Value::Null));
    assert!(bench.changed(id, Change::Cancel).await);
    assert_eq!(last(id).await, (Kind::Cancelled, Value::Null));
    assert!(bench.changed(id, Change::Retry).await);
    assert_eq!(last(id).await, (Kind::Retried, Value::Null));
    assert!(bench.changed(id, Change::Edit(JobEdit { priority: Some(3), ..JobEdit::default() })).await);
    assert_eq!(last(id).await, (Kind::Edited, json!({"priority": 3})));
    let claimed = hand.take("a").await;
    assert_eq!(last(id).await, (Kind::Processing, Value::Null));
    let note = Note { lease: claimed.lease, kind: NoteKind::Prolonged { timeout_ms: 90_000 } };
    assert_eq!(bench.note(&[note]).await.unwrap(), [Settled::Applied]);
    assert_eq!(last(id).await, (Kind::Prolonged, json!({"timeout_ms": 90_000})));
    hand.settle(release(&claimed)).await;
    assert_eq!(last(id).await, (Kind::Reclaimed, json!({"released": true})));
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    let failed = json!({"message": "it broke", "reason": "handler_error", "attempt": 1, "will_retry": true});
    assert_eq!(last(id).await, (Kind::Failed, failed));
    let dying = bench.hand().await;
    dying.take("a").await;
    bench.unregister(&dying.worker).await.unwrap();
    bench.reclaim_all(1).await;
    let (kind, lost) = last(id).await;
    assert_eq!((kind, &lost["reason"], &lost["attempt"]), (Kind::Failed, &json!("lost"), &json!(2)));
    assert_eq!((lost["message"].is_string(), &lost["will_retry"]), (true, &json!(false)));
    let other = bench.add_one(job("c")).await;
    hand.settle(complete(&hand.take("c").await)).await;
    assert_eq!(last(other).await, (Kind::Completed, Value::Null));
    let dying = bench.hand().await;
    let taken = bench.add_one(job("d")).await;
    dying.take("d").await;
    bench.unregister(&dying.worker).await.unwrap();
    bench.reclaim_all(1).await;
    assert_eq!(last(taken).await, (Kind::Reclaimed, Value::Null));
}

pub async fn a_jobs_events_are_its_own(bench: &Bench) {
    let ids = bench.add_all(vec![job("a"), job("b")]).await;
    let hand = bench.hand().await;
    hand.settle(complete(&hand.take("b").await)).await;
    assert_eq!(bench.kinds(ids[0]).await, [Kind::Added]);
    assert_eq!(bench.kinds(ids[1]).await, [Kind::Added, Kind::Processing, Kind::Completed]);
    let events = bench.events(ids[1]).await.unwrap();
    assert!(events.iter().all(|event| event.job_id == ids[1]));
}

pub async fn what_the_store_refused_wrote_no_event_and_changed_nothing(bench: &Bench) {
    let ready = bench.staged(Stage::Ready, "poison").await;
    let before = (bench.job(ready).await, bench.kinds(ready).await);
    let edit = Change::Edit(JobEdit { priority: Some(1), ..JobEdit::default() });
    let hand = bench.hand().await;
    bench.driver().poison().await;
    assert!(hand.try_claim(&["poison"], 1).await.is_err());
    for change in [&Change::Cancel, &edit] {
        assert!(bench.change(ready, change).await.is_err());
    }
    assert_eq!((bench.job(ready).await, bench.kinds(ready).await), before);
    bench.driver().cure().await;
    let claimed = hand.take("poison").await;
    let running = (bench.job(ready).await, bench.kinds(ready).await);
    bench.driver().poison().await;
    let prolonged = NoteKind::Prolonged { timeout_ms: 1 };
    for kind in [NoteKind::Progress(1), NoteKind::Output("1".into()), prolonged] {
        assert!(bench.note(&[Note { lease: claimed.lease, kind }]).await.is_err());
    }
    for end in [complete(&claimed), fail(&claimed, None), fail(&claimed, Some(Duration::ZERO)), release(&claimed)] {
        assert!(bench.settle(&[end]).await.is_err());
    }
    bench.unregister(&hand.worker).await.unwrap();
    assert!(bench.reclaim(10).await.is_err());
    assert_eq!((bench.job(ready).await, bench.kinds(ready).await), running);
    bench.driver().cure().await;
    assert_eq!(bench.reclaim_all(1).await[0].job_id, ready);
    let hand = bench.hand().await;
    hand.settle(fail(&hand.take("poison").await, None)).await;
    let failed = (bench.job(ready).await, bench.kinds(ready).await);
    bench.driver().poison().await;
    assert!(bench.change(ready, &Change::Retry).await.is_err());
    assert_eq!((bench.job(ready).await, bench.kinds(ready).await), failed);
    bench.driver().cure().await;
    assert!(bench.hand().await.claim(&["poison"], 1).await.is_empty());
}

pub async fn one_refused_job_takes_back_its_whole_call(bench: &Bench) {
    let ids = bench.add_all(vec![job("sound"), job("poison"), job("sound")]).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["sound", "poison"], 3).await;
    bench.driver().poison().await;
    let ends: Vec<_> = claimed.iter().map(complete).collect();
    assert!(bench.settle(&ends).await.is_err());
    let mixed = [complete(&claimed[0]), fail(&claimed[1], None), release(&claimed[2])];
    assert!(bench.settle(&mixed).await.is_err());
    for id in ids {
        assert_eq!(bench.kinds(id).await, [Kind::Added, Kind::Processing]);
    }
    bench.driver().cure().await;
    assert_eq!(bench.settle(&mixed).await.unwrap(), [Settled::Applied; 3], "the leases are still held");
}

pub async fn a_claim_of_nothing_and_an_add_of_a_taken_key_tell_nothing(bench: &Bench) {
    let keyed = NewJob { idempotency_key: Some("k".to_owned()), ..job("a") };
    let id = bench.add_one(keyed.clone()).await;
    assert!(!bench.add(vec![keyed]).await.unwrap()[0].created);
    assert!(bench.hand().await.claim(&["b"], 5).await.is_empty());
    assert_eq!(bench.kinds(id).await, [Kind::Added]);
}
