//! Jobs of which there is to be one of a kind: found, throttled, debounced, and alone among many callers.

use std::collections::BTreeSet;
use std::time::Duration;

use dataqueue::model::{Added, Change, EventKind, Extras, Filter, JobId, NewJob, Prune, Status, Unique};
use dataqueue::storage::prune_all_jobs;
use serde_json::json;

use crate::bench::{Bench, Connections, Stage, complete, eventually, fail, job, json as read, release};

super::tests![unique:
    a_job_of_a_kind_that_counts_is_found_instead,
    the_states_decide_whether_a_job_counts,
    a_retry_that_is_due_counts_as_pending,
    within_a_span_there_is_one_whatever_became_of_it,
    kinds_with_other_keys_are_others,
    in_one_call_the_first_of_a_kind_is_added,
    a_debounced_job_gets_the_last_payload_and_falls_due_after_the_last_add,
    a_debounced_job_that_has_begun_is_left_alone,
    a_debounced_payload_may_be_long_and_short_again,
    a_rule_and_a_key_both_find,
    a_deleted_job_counts_no_more_and_its_kind_is_forgotten,
    of_many_callers_one_adds,
    of_many_debounced_adds_one_job_comes,
    a_rule_leaves_the_other_options_alone,
    large_calls_keep_rules_too,
    an_add_with_a_rule_outlives_cut_connections,
];

const HOUR: Duration = Duration::from_secs(3_600);
const OPEN: [Status; 3] = [Status::Pending, Status::Processing, Status::Waiting];

fn rule(key: &str) -> Unique {
    Unique { key: key.into(), states: OPEN.to_vec(), within: None, debounce: None }
}

fn under(rule: Unique) -> NewJob {
    NewJob { extras: Extras { unique: Some(rule), ..Extras::default() }.boxed(), ..job("a") }
}

fn debounced(key: &str, payload: &str, span: Duration) -> NewJob {
    let rule = Unique { states: Vec::new(), debounce: Some(span), ..rule(key) };
    NewJob { payload: payload.to_owned().into(), ..under(rule) }
}

async fn add(bench: &Bench, job: NewJob) -> Added {
    bench.add(vec![job]).await.unwrap().remove(0)
}

fn found(id: JobId) -> Added {
    Added { id, created: false }
}

pub async fn a_job_of_a_kind_that_counts_is_found_instead(bench: &Bench) {
    let first = add(bench, under(rule("k"))).await;
    assert!(first.created);
    let before = bench.job(first.id).await;
    let other = NewJob { payload: "[1]".into(), priority: 9, ..under(rule("k")) };
    assert_eq!(add(bench, other).await, found(first.id));
    assert_eq!(bench.job(first.id).await, before);
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!(add(bench, under(rule("k"))).await, found(first.id));
    hand.settle(complete(&claimed)).await;
    let second = add(bench, under(rule("k"))).await;
    assert!(second.created && second.id != first.id);
    assert_eq!(add(bench, under(rule("k"))).await, found(second.id));
}

pub async fn the_states_decide_whether_a_job_counts(bench: &Bench) {
    for (stage, status) in [
        (Stage::Ready, Status::Pending),
        (Stage::Scheduled, Status::Pending),
        (Stage::Running, Status::Processing),
        (Stage::Completed, Status::Completed),
        (Stage::Failed, Status::Failed),
        (Stage::Cancelled, Status::Cancelled),
        (Stage::Waiting, Status::Waiting),
    ] {
        let key = format!("{stage:?}");
        let new = NewJob { job_type: key.clone(), ..under(rule(&key)) };
        let id = bench.bring(stage, new.clone()).await;
        let all = Unique { states: Vec::new(), ..rule(&key) };
        let only = Unique { states: vec![status], ..rule(&key) };
        for counting in [all, only] {
            assert_eq!(add(bench, under(counting)).await, found(id), "{stage:?}");
        }
        let states = Status::ALL.into_iter().filter(|one| *one != status).collect();
        let others = Unique { states, ..rule(&key) };
        assert!(add(bench, under(others)).await.created, "{stage:?}");
    }
}

pub async fn a_retry_that_is_due_counts_as_pending(bench: &Bench) {
    for stage in [Stage::RetryNow, Stage::RetryLater] {
        let key = format!("{stage:?}");
        let id = bench.bring(stage, NewJob { job_type: key.clone(), ..under(rule(&key)) }).await;
        assert_eq!(add(bench, under(rule(&key))).await, found(id));
        let failed = Unique { states: vec![Status::Failed], ..rule(&key) };
        assert!(add(bench, under(failed)).await.created);
    }
}

pub async fn within_a_span_there_is_one_whatever_became_of_it(bench: &Bench) {
    let throttled = |span| Unique { states: Vec::new(), within: Some(span), ..rule("k") };
    let first = add(bench, under(throttled(HOUR))).await;
    let hand = bench.hand().await;
    hand.settle(complete(&hand.take("a").await)).await;
    assert_eq!(add(bench, under(throttled(HOUR))).await, found(first.id));
    let short = |states: &[Status]| Unique {
        states: states.to_vec(),
        within: Some(Duration::from_millis(50)),
        ..rule("short")
    };
    let first = add(bench, under(short(&[]))).await;
    eventually("the span is over", async || add(bench, under(short(&[]))).await.created).await;
    assert_eq!(bench.status(first.id).await, Status::Pending);
    let long = Unique { within: Some(HOUR), ..short(&[]) };
    let newest = bench.found(&Filter::default()).await[0];
    eventually("the span is over again", async || add(bench, under(long.clone())).await.created).await;
    assert!(bench.found(&Filter::default()).await[0] > newest);
    assert!(!add(bench, under(long.clone())).await.created);
    assert!(add(bench, under(Unique { states: vec![Status::Completed], ..long })).await.created);
}

pub async fn kinds_with_other_keys_are_others(bench: &Bench) {
    let mut ids = BTreeSet::new();
    for key in ["k", "K", "k ", "k,1", "ü", "0"] {
        let added = add(bench, under(rule(key))).await;
        assert!(added.created && ids.insert(added.id));
        assert_eq!(add(bench, under(rule(key))).await, found(added.id));
    }
}

pub async fn in_one_call_the_first_of_a_kind_is_added(bench: &Bench) {
    let new = |key: &str, payload: &str| NewJob { payload: payload.to_owned().into(), ..under(rule(key)) };
    let before = add(bench, new("c", "0")).await.id;
    let batch = vec![new("a", "1"), job("a"), new("b", "2"), new("a", "3"), new("c", "4"), job("a"), new("b", "5")];
    let added = bench.add(batch).await.unwrap();
    assert_eq!(added.iter().map(|one| one.created).collect::<Vec<_>>(), [true, true, true, false, false, true, false]);
    assert_eq!((added[3].id, added[4].id, added[6].id), (added[0].id, before, added[2].id));
    assert_eq!(read(&bench.job(added[0].id).await.payload), json!(1));
    assert!(added[0].id < added[1].id && added[1].id < added[2].id && added[2].id < added[5].id);
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 5);
}

pub async fn a_debounced_job_gets_the_last_payload_and_falls_due_after_the_last_add(bench: &Bench) {
    let before = bench.now().await;
    let first = add(bench, debounced("k", "1", HOUR)).await;
    assert!(first.created);
    let job = bench.job(first.id).await;
    assert!(job.run_at >= before.plus(HOUR) && job.run_at <= bench.now().await.plus(HOUR));
    assert_eq!((job.run_at.since(job.created_at), job.status), (HOUR, Status::Pending));
    assert_eq!(add(bench, debounced("k", "[2]", 2 * HOUR)).await, found(first.id));
    let job = bench.job(first.id).await;
    assert_eq!((read(&job.payload), job.run_at.since(job.updated_at)), (json!([2]), 2 * HOUR));
    assert_eq!(bench.kinds(first.id).await, [EventKind::Added, EventKind::Edited]);
    assert_eq!(bench.last_metadata(first.id).await["payload"], json!([2]));
    let batch = vec![debounced("k", "3", HOUR), debounced("new", "4", HOUR), debounced("new", "5", HOUR)];
    let added = bench.add(batch).await.unwrap();
    assert_eq!((added[0], added[1].created, added[2]), (found(first.id), true, found(added[1].id)));
    assert_eq!(read(&bench.job(first.id).await.payload), json!(3));
    assert_eq!(read(&bench.job(added[1].id).await.payload), json!(5));
    let short = Duration::from_millis(20);
    assert_eq!(add(bench, debounced("k", "6", short)).await, found(first.id));
    let hand = bench.hand().await;
    let mut claimed = Vec::new();
    eventually("it falls due", async || {
        claimed.extend(hand.claim(&["a"], 10).await);
        !claimed.is_empty()
    })
    .await;
    assert_eq!((claimed.len(), claimed[0].job.id, read(&claimed[0].job.payload)), (1, first.id, json!(6)));
}

pub async fn a_debounced_job_that_has_begun_is_left_alone(bench: &Bench) {
    let first = add(bench, debounced("k", "1", Duration::ZERO)).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    let second = add(bench, debounced("k", "2", HOUR)).await;
    assert!(second.created && second.id != first.id);
    assert_eq!(read(&bench.job(first.id).await.payload), json!(1));
    hand.settle(fail(&claimed, Some(HOUR))).await;
    assert_eq!(add(bench, debounced("k", "3", HOUR)).await, found(second.id));
    assert!(bench.changed(second.id, Change::Cancel).await);
    assert!(add(bench, debounced("k", "4", HOUR)).await.created);
    let given_back = add(bench, NewJob { job_type: "b".into(), ..debounced("b", "1", Duration::ZERO) }).await;
    hand.settle(release(&hand.take("b").await)).await;
    assert_eq!(add(bench, debounced("b", "2", HOUR)).await, found(given_back.id));
    assert_eq!(hand.claim(&["b"], 1).await.len(), 0);
}

pub async fn a_debounced_payload_may_be_long_and_short_again(bench: &Bench) {
    let long = format!("\"{}\"", "é".repeat(5_000));
    let first = add(bench, debounced("k", "1", HOUR)).await;
    for payload in [long.as_str(), "2", &long, &long, "null"] {
        assert_eq!(add(bench, debounced("k", payload, HOUR)).await, found(first.id));
        assert_eq!(read(&bench.job(first.id).await.payload), read(payload.as_bytes()));
    }
    assert_eq!(bench.kinds(first.id).await.len(), 6);
}

pub async fn a_rule_and_a_key_both_find(bench: &Bench) {
    let keyed = |rule, key: &str| NewJob { idempotency_key: Some(key.to_owned()), ..under(rule) };
    let first = add(bench, keyed(rule("k"), "x")).await;
    assert_eq!(add(bench, keyed(rule("k"), "y")).await, found(first.id));
    assert_eq!(add(bench, keyed(rule("other"), "x")).await, found(first.id));
    let other = add(bench, under(rule("other"))).await;
    assert!(other.created, "an add that found by its key made nothing the one of its kind");
    assert!(add(bench, NewJob { idempotency_key: Some("y".into()), ..job("a") }).await.created);
}

pub async fn a_deleted_job_counts_no_more_and_its_kind_is_forgotten(bench: &Bench) {
    let all = |key: &str| under(Unique { states: Vec::new(), ..rule(key) });
    let spanned = under(Unique { states: Vec::new(), within: Some(HOUR), ..rule("spanned") });
    for new in [all("a"), all("b"), spanned] {
        let id = add(bench, new).await.id;
        assert!(bench.changed(id, Change::Cancel).await);
    }
    let open = add(bench, all("open")).await.id;
    let prune = Prune { older_than: Duration::ZERO, statuses: vec![Status::Cancelled] };
    assert_eq!(prune_all_jobs(&*bench.store(), &prune).await.unwrap(), 3);
    assert!(add(bench, all("a")).await.created);
    assert_eq!(add(bench, all("open")).await, found(open));
    let mut after = String::new();
    for _ in 0..100 {
        match bench.prune_kinds(&after, 1).await.unwrap() {
            Some(next) => after = next,
            None => return,
        }
    }
    panic!("the steps lead nowhere");
}

pub async fn of_many_callers_one_adds(bench: &Bench) {
    for round in 0..5 {
        let key = format!("k{round}");
        let other = bench.second();
        let mut adding = Vec::new();
        for at in 0..12 {
            let store = if at % 2 == 0 { bench.store() } else { std::sync::Arc::clone(&other) };
            let mut batch = vec![under(rule(&key)), under(rule(&format!("{key} too")))];
            if at % 3 == 0 {
                batch.reverse();
            }
            adding.push(tokio::spawn(async move { store.add(batch).await.unwrap() }));
        }
        let mut all = Vec::new();
        for adding in adding {
            all.extend(adding.await.unwrap());
        }
        let ids: BTreeSet<_> = all.iter().map(|one| one.id).collect();
        assert_eq!((ids.len(), all.iter().filter(|one| one.created).count()), (2, 2), "round {round}");
    }
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 10);
}

pub async fn of_many_debounced_adds_one_job_comes(bench: &Bench) {
    let other = bench.second();
    let mut adding = Vec::new();
    for at in 0..20 {
        let store = if at % 2 == 0 { bench.store() } else { std::sync::Arc::clone(&other) };
        let new = debounced("k", &at.to_string(), HOUR);
        adding.push(tokio::spawn(async move { store.add(vec![new]).await.unwrap().remove(0) }));
    }
    let mut all = Vec::new();
    for adding in adding {
        all.push(adding.await.unwrap());
    }
    assert_eq!(all.iter().filter(|one| one.created).count(), 1);
    assert!(all.iter().all(|one| one.id == all[0].id));
    let kinds = bench.kinds(all[0].id).await;
    let edits = kinds.iter().filter(|kind| **kind == EventKind::Edited).count();
    assert!((1..=19).contains(&edits), "callers whose adds go together are one edit, or none");
}

pub async fn a_rule_leaves_the_other_options_alone(bench: &Bench) {
    let extras = Extras { unique: Some(rule("k")), ..crate::bench::every_extra() };
    let id = add(bench, NewJob { tags: vec!["t".into()], priority: 4, extras: extras.boxed(), ..job("a") }).await.id;
    let stored = bench.job(id).await;
    let wanted = crate::bench::every_extra();
    assert_eq!((stored.traceparent, stored.dead_letter_job_type), (wanted.traceparent, wanted.dead_letter_job_type));
    assert_eq!((stored.group_tier.as_deref(), stored.expires_at.is_some()), (Some("gold"), true));
    assert_eq!((stored.tags, stored.priority), (vec!["t".to_owned()], 4));
    let debounced = Unique { states: Vec::new(), debounce: Some(HOUR), ..rule("d") };
    let extras = Extras { unique: Some(debounced), expires_in: Some(HOUR), ..Extras::default() }.boxed();
    let late = NewJob { extras, ..job("a") };
    for _ in 0..2 {
        let stored = bench.job(add(bench, late.clone()).await.id).await;
        assert_eq!(stored.expires_at, Some(stored.run_at.plus(HOUR)));
    }
}

pub async fn large_calls_keep_rules_too(bench: &Bench) {
    let before = add(bench, under(rule("k7"))).await.id;
    let jobs = (0..3_000).map(|at| if at % 3 == 0 { under(rule(&format!("k{}", at % 500))) } else { job("plain") });
    let added = bench.add(jobs.collect()).await.unwrap();
    let ruled: Vec<_> = added.iter().step_by(3).collect();
    assert_eq!(ruled.iter().filter(|one| one.created).count(), 499);
    assert!(added.contains(&found(before)));
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 1 + 499 + 2_000);
}

pub async fn an_add_with_a_rule_outlives_cut_connections(bench: &Bench) {
    let first = add(bench, under(rule("k"))).await.id;
    bench.driver().cut(Connections::All).await;
    eventually("the store is reached again", async || bench.count(&Filter::default()).await.is_ok()).await;
    assert_eq!(add(bench, under(rule("k"))).await, found(first));
}
