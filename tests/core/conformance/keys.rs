//! Idempotency keys: one job for each, whoever asks and however often.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dataqueue::model::{Added, EventKind, JobId, NewJob};
use dataqueue::storage::Storage;

use crate::bench::{Bench, Stage, ids, job};

super::tests![keys:
    a_taken_key_answers_its_holder_and_leaves_it_as_it_was,
    a_job_that_ended_still_holds_its_key,
    one_batch_with_a_key_twice_makes_one_job,
    a_batch_adds_what_is_new_beside_what_is_taken,
    keys_are_compared_letter_by_letter,
    jobs_without_a_key_are_always_added,
    one_key_raced_by_many_clients_makes_one_job_and_no_error,
    batches_with_the_same_keys_in_other_orders_make_each_job_once,
    a_large_batch_of_taken_keys_is_answered_in_order,
];

fn keyed(key: &str) -> NewJob {
    NewJob { idempotency_key: Some(key.to_owned()), ..job("a") }
}

pub async fn a_taken_key_answers_its_holder_and_leaves_it_as_it_was(bench: &Bench) {
    let id = bench.add_one(NewJob { priority: 1, ..keyed("k") }).await;
    let before = bench.job(id).await;
    let other = NewJob { priority: 9, payload: "[2]".into(), max_attempts: 7, job_type: "b".to_owned(), ..keyed("k") };
    for store in [bench.store(), bench.second()] {
        assert_eq!(store.add(vec![other.clone()]).await.unwrap(), [Added { id, created: false }]);
    }
    assert_eq!(bench.job(id).await, before);
    assert_eq!(bench.kinds(id).await, [EventKind::Added]);
    assert_eq!(ids(&bench.hand().await.claim(&["a", "b"], 10).await), [id]);
}

pub async fn a_job_that_ended_still_holds_its_key(bench: &Bench) {
    for stage in Stage::ALL {
        let new = NewJob { job_type: format!("{stage:?}"), ..keyed(&format!("key of {stage:?}")) };
        let id = bench.bring(stage, new.clone()).await;
        assert_eq!(bench.add(vec![new]).await.unwrap(), [Added { id, created: false }], "{stage:?}");
    }
}

pub async fn one_batch_with_a_key_twice_makes_one_job(bench: &Bench) {
    let first = NewJob { priority: 1, ..keyed("k") };
    let added = bench.add(vec![job("a"), first, job("a"), keyed("k"), keyed("other"), keyed("k")]).await.unwrap();
    let created: Vec<_> = added.iter().map(|added| added.created).collect();
    assert_eq!(created, [true, true, true, false, true, false]);
    assert_eq!((added[3].id, added[5].id), (added[1].id, added[1].id));
    assert_eq!(added.iter().map(|added| added.id).collect::<HashSet<_>>().len(), 4);
    assert_eq!(bench.job(added[1].id).await.priority, 1, "the first of them is the one that was added");
}

pub async fn a_batch_adds_what_is_new_beside_what_is_taken(bench: &Bench) {
    let held = bench.add_all(vec![keyed("b"), keyed("d")]).await;
    let added = bench.add(["a", "b", "c", "d", "e"].map(keyed).to_vec()).await.unwrap();
    let created: Vec<_> = added.iter().map(|added| added.created).collect();
    assert_eq!(created, [true, false, true, false, true]);
    assert_eq!((added[1].id, added[3].id), (held[0], held[1]));
    let new = [added[0].id, added[2].id, added[4].id];
    assert!(new.is_sorted_by(|one, next| one < next));
    for (id, key) in new.into_iter().zip(["a", "c", "e"]) {
        assert_eq!(bench.job(id).await.idempotency_key.as_deref(), Some(key));
    }
}

pub async fn keys_are_compared_letter_by_letter(bench: &Bench) {
    let long = "k".repeat(255);
    let keys = ["k", "K", "k ", " k", "é", "e\u{301}", "%", "_", "'", &long, &long[1..], "null", "0", "00"];
    let added = bench.add_all(keys.map(keyed).to_vec()).await;
    assert_eq!(added.iter().collect::<HashSet<_>>().len(), keys.len());
    for (key, id) in keys.into_iter().zip(added) {
        assert_eq!(bench.add(vec![keyed(key)]).await.unwrap(), [Added { id, created: false }], "{key:?}");
        assert_eq!(bench.job(id).await.idempotency_key.as_deref(), Some(key));
    }
}

pub async fn jobs_without_a_key_are_always_added(bench: &Bench) {
    let added = bench.add_all((0..20).map(|_| job("a")).collect()).await;
    assert_eq!(added.iter().collect::<HashSet<_>>().len(), 20);
}

pub async fn one_key_raced_by_many_clients_makes_one_job_and_no_error(bench: &Bench) {
    let stores = [bench.store(), bench.second(), bench.second()];
    for round in 0..8 {
        let adding: Vec<_> = (0..24)
            .map(|at| {
                let (store, new) = (Arc::clone(&stores[at % 3]), keyed(&format!("round {round}")));
                tokio::spawn(async move { store.add(vec![new]).await })
            })
            .collect();
        let mut answers = Vec::new();
        for one in adding {
            answers.extend(one.await.unwrap().unwrap());
        }
        assert_eq!(answers.iter().filter(|added| added.created).count(), 1);
        assert!(answers.iter().all(|added| added.id == answers[0].id), "{answers:?}");
    }
    assert_eq!(bench.hand().await.claim(&["a"], 100).await.len(), 8);
}

async fn add_each(store: Arc<dyn Storage>, keys: Vec<String>) -> Vec<(String, Added)> {
    let added = store.add(keys.iter().map(|key| keyed(key)).collect()).await.unwrap();
    keys.into_iter().zip(added).collect()
}

pub async fn batches_with_the_same_keys_in_other_orders_make_each_job_once(bench: &Bench) {
    const KEYS: usize = 200;
    let stores = [bench.store(), bench.second()];
    let adding: Vec<_> = (0..8)
        .map(|at| {
            // Steps that share no factor with the number of keys: each batch has all of them, in its own order.
            let step = [1, 3, 7, 199, 101, 37, 9, 121][at];
            let keys = (0..KEYS).map(|key| format!("key {}", key * step % KEYS)).collect();
            tokio::spawn(add_each(Arc::clone(&stores[at % 2]), keys))
        })
        .collect();
    let mut holders: HashMap<String, HashSet<JobId>> = HashMap::new();
    let mut created = 0;
    for one in adding {
        for (key, added) in one.await.unwrap() {
            holders.entry(key).or_default().insert(added.id);
            created += usize::from(added.created);
        }
    }
    assert_eq!((holders.len(), created), (KEYS, KEYS));
    assert!(holders.values().all(|ids| ids.len() == 1));
    assert_eq!(bench.hand().await.claim(&["a"], 1_000).await.len(), KEYS);
}

pub async fn a_large_batch_of_taken_keys_is_answered_in_order(bench: &Bench) {
    let keys: Vec<_> = (0..6_000).map(|at| keyed(&format!("{at}"))).collect();
    let first = bench.add(keys.clone()).await.unwrap();
    assert!(first.iter().all(|added| added.created));
    let turned = bench.add(keys.into_iter().rev().collect()).await.unwrap();
    assert!(turned.iter().rev().zip(&first).all(|(one, other)| one.id == other.id && !one.created));
}
