//! Adding jobs: in batches, in order, all or none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::error::Backend;
use dataqueue::model::{EventKind, Extras, Filter, NewJob, Retry, Status, TagFilter, TagMode};

use futures_util::future::join_all;

use crate::bench::{Bench, PATIENCE, eventually, every_extra, ids, job};

super::tests![add:
    a_job_added_without_options_has_the_defaults_and_is_due_now,
    every_option_of_a_job_is_read_back_as_it_was_added,
    a_worker_gets_the_extras_of_the_jobs_that_it_claims,
    a_job_of_a_large_call_is_stored_and_found_like_one_added_alone,
    ids_come_back_in_order_and_grow,
    an_empty_batch_adds_nothing,
    twenty_thousand_jobs_are_added_in_one_call_and_in_order,
    a_batch_with_one_job_that_cannot_be_stored_adds_none,
    others_see_all_of_a_batch_or_nothing,
    an_add_that_is_cut_off_adds_all_or_none_and_leaves_the_store_usable,
    a_pool_of_one_serves_many_calls_at_once,
    callers_that_add_at_the_same_time_get_each_its_own_answer,
    a_caller_whose_jobs_cannot_be_stored_fails_alone,
];

pub async fn a_job_added_without_options_has_the_defaults_and_is_due_now(bench: &Bench) {
    let before = bench.now().await;
    let id = bench.add_one(job("plain")).await;
    let after = bench.now().await;
    let stored = bench.job(id).await;
    assert!(id > 0);
    assert_eq!((stored.job_type.as_str(), &stored.payload[..]), ("plain", &b"{}"[..]));
    assert_eq!((stored.status, stored.attempts, stored.max_attempts, stored.priority), (Status::Pending, 0, 3, 0));
    assert!(before <= stored.created_at && stored.created_at <= after);
    assert!(before <= stored.run_at && stored.run_at <= after);
    assert_eq!((stored.timeout_ms, stored.idempotency_key, stored.retry), (None, None, Retry::default()));
    assert_eq!((stored.output, stored.progress, stored.failure_reason), (None, None, None));
    assert_eq!((&stored.error_history[..], &stored.step_data[..]), (&b"[]"[..], &b"{}"[..]));
    assert_eq!((stored.started_at, stored.completed_at, stored.next_attempt_at), (None, None, None));
    assert_eq!((stored.last_failed_at, stored.last_retried_at, stored.last_cancelled_at), (None, None, None));
    assert!(stored.tags.is_empty() && stored.depends_on_job_ids.is_empty() && stored.depends_on_tags.is_empty());
    assert_eq!(bench.kinds(id).await, [EventKind::Added]);
}

fn with_every_option() -> NewJob {
    NewJob {
        job_type: "ünïcode.type/1".to_owned(),
        priority: i32::MIN,
        run_at: Some(Timestamp::from_micros(4_102_444_800_123_456)),
        max_attempts: i32::MAX,
        timeout_ms: Some(i32::MAX),
        tags: vec!["b".to_owned(), "a".to_owned()],
        idempotency_key: Some("key 'quoted'".to_owned()),
        retry: Retry {
            delay: Some(Duration::from_millis(1_500)),
            backoff: Some(false),
            delay_max: Some(Duration::from_millis(90_250)),
        },
        extras: Some(Box::new(every_extra())),
        ..NewJob::new("", r#"{"a":1}"#)
    }
}

pub async fn every_option_of_a_job_is_read_back_as_it_was_added(bench: &Bench) {
    let wanted = with_every_option();
    let id = bench.add_one(wanted.clone()).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.job_type, stored.priority, Some(stored.run_at)), (wanted.job_type, i32::MIN, wanted.run_at));
    assert_eq!((stored.max_attempts, stored.timeout_ms, stored.retry), (i32::MAX, Some(i32::MAX), wanted.retry));
    assert_eq!((stored.tags, stored.idempotency_key), (wanted.tags, wanted.idempotency_key));
    let extras = every_extra();
    assert_eq!(stored.group_id.as_deref(), Some("tenant 'ü'"));
    assert_eq!(stored.group_tier.as_deref(), Some("gold"));
    assert_eq!((stored.dead_letter_job_type, stored.traceparent), (extras.dead_letter_job_type, extras.traceparent));
    assert_eq!(stored.keep_result_for, extras.keep_result_for);
    assert_eq!(stored.expires_at, wanted.run_at.map(|at| at.plus(Duration::from_millis(2_500))));
    let top = bench.add_one(NewJob { priority: i32::MAX, ..job("top") }).await;
    assert_eq!(bench.job(top).await.priority, i32::MAX);
}

pub async fn a_worker_gets_the_extras_of_the_jobs_that_it_claims(bench: &Bench) {
    let extras = Extras { expires_in: None, ..every_extra() }.boxed();
    let ids_added = bench.add_all(vec![job("t"), NewJob { extras, ..job("t") }, job("t")]).await;
    let claimed = bench.hand().await.claim(&["t"], 3).await;
    assert_eq!(ids(&claimed), ids_added);
    let traces: Vec<_> =
        claimed.iter().map(|claimed| (claimed.job.group_id.as_deref(), claimed.job.traceparent.is_some())).collect();
    assert_eq!(traces, [(None, false), (Some("tenant 'ü'"), true), (None, false)]);
}

pub async fn a_job_of_a_large_call_is_stored_and_found_like_one_added_alone(bench: &Bench) {
    let long = |length: usize| NewJob::new("long", format!("\"{}\"", "é".repeat(length / 2 - 1)));
    let past = Some(Timestamp::from_micros(1_000_000));
    let samples = [
        with_every_option(),
        NewJob { idempotency_key: None, ..with_every_option() },
        NewJob { tags: vec!["x".to_owned(), "x".to_owned()], run_at: past, priority: 7, ..long(256) },
        NewJob { run_at: past, ..long(258) },
        long(100_000),
        job("plain"),
    ];
    for sample in samples {
        let alone = bench.add_one(sample.clone()).await;
        let again = NewJob { idempotency_key: sample.idempotency_key.as_ref().map(|key| format!("{key} 2")), ..sample };
        let mut jobs = vec![job("other"); 1_500];
        jobs[700] = again.clone();
        let among = bench.add_all(jobs).await[700];
        let (mut one, mut other) = (bench.job(alone).await, bench.job(among).await);
        assert_eq!(other.idempotency_key, again.idempotency_key);
        for job in [&mut one, &mut other] {
            if again.run_at.is_none() {
                assert_eq!(job.run_at, job.created_at);
                job.run_at = Timestamp::default();
            }
            (job.id, job.created_at, job.updated_at) = (0, Timestamp::default(), Timestamp::default());
            job.idempotency_key = None;
        }
        assert_eq!(one, other);
        assert_eq!(bench.kinds(among).await, [EventKind::Added]);
        let types = Filter { job_types: vec![again.job_type.clone()], ..Filter::default() };
        assert_eq!(bench.found(&types).await[..2], [among, alone]);
        if !again.tags.is_empty() {
            let tags = TagFilter { values: again.tags.clone(), mode: TagMode::Exact };
            assert_eq!(bench.found(&Filter { tags: Some(tags), ..Filter::default() }).await[..2], [among, alone]);
        }
        let is_due = again.run_at.is_none_or(|at| Some(at) == past);
        let claimed = bench.hand().await.claim(&[&again.job_type], 5).await;
        assert_eq!(ids(&claimed), if is_due { vec![alone, among] } else { Vec::new() });
        assert!(claimed.iter().all(|claimed| claimed.job.payload == again.payload));
    }
}

pub async fn ids_come_back_in_order_and_grow(bench: &Bench) {
    let first = bench.add_all((0..50).map(|at| NewJob::new(format!("t{at}"), "{}")).collect()).await;
    let second = bench.add_all((0..50).map(|_| job("later")).collect()).await;
    assert!(first.iter().chain(&second).is_sorted_by(|one, two| one < two));
    for (at, id) in first.into_iter().enumerate() {
        assert_eq!(bench.job(id).await.job_type, format!("t{at}"));
    }
}

pub async fn an_empty_batch_adds_nothing(bench: &Bench) {
    assert!(bench.add(Vec::new()).await.unwrap().is_empty());
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 0);
}

pub async fn twenty_thousand_jobs_are_added_in_one_call_and_in_order(bench: &Bench) {
    const COUNT: usize = 20_000;
    let jobs = (0..COUNT).map(|at| NewJob::new("many", format!("{at}"))).collect();
    let added = bench.add_all(jobs).await;
    assert_eq!(added.len(), COUNT);
    assert!(added.is_sorted_by(|one, two| one < two));
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), COUNT as u64);
    for at in [0, 1, 1_000, COUNT / 2, COUNT - 1] {
        assert_eq!(bench.job(added[at]).await.payload, format!("{at}"));
        assert_eq!(bench.kinds(added[at]).await, [EventKind::Added]);
    }
    let claimed = bench.hand().await.claim(&["many"], 100).await;
    assert_eq!(ids(&claimed), added[..100], "equal jobs are claimed in the order they were added");
}

pub async fn a_batch_with_one_job_that_cannot_be_stored_adds_none(bench: &Bench) {
    bench.driver().poison().await;
    for size in [3, 3_000] {
        let mut jobs: Vec<_> = (0..size).map(|_| job("sound")).collect();
        jobs.insert(size / 2, job("poison"));
        jobs[0].idempotency_key = Some(format!("first of {size}"));
        assert!(bench.add(jobs).await.is_err());
        assert_eq!(bench.count(&Filter::default()).await.unwrap(), 0);
    }
    bench.driver().cure().await;
    assert!(bench.hand().await.claim(&["sound", "poison"], 10).await.is_empty());
    let key = Some("first of 3".to_owned());
    assert!(bench.add(vec![NewJob { idempotency_key: key, ..job("sound") }]).await.unwrap()[0].created);
}

pub async fn others_see_all_of_a_batch_or_nothing(bench: &Bench) {
    const COUNT: u64 = 3_000;
    let other = bench.second();
    let done = Arc::new(AtomicBool::new(false));
    let watching = {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while !done.load(Ordering::Acquire) {
                seen.push(other.count(&Filter::default()).await.unwrap());
            }
            seen
        })
    };
    bench.add_all((0..COUNT).map(|_| job("whole")).collect()).await;
    done.store(true, Ordering::Release);
    let seen = watching.await.unwrap();
    assert!(seen.iter().all(|count| [0, COUNT].contains(count)), "part of a batch was seen: {seen:?}");
}

pub async fn an_add_that_is_cut_off_adds_all_or_none_and_leaves_the_store_usable(bench: &Bench) {
    const COUNT: u64 = 500;
    for wait in [0, 1, 2, 4, 8, 16, 32] {
        let before = bench.count(&Filter::default()).await.unwrap();
        let store = bench.store();
        let adding = tokio::spawn(async move { store.add((0..COUNT).map(|_| job("cut")).collect()).await });
        tokio::time::sleep(Duration::from_millis(wait)).await;
        adding.abort();
        let finished = adding.await.is_ok();
        let after = bench.count(&Filter::default()).await.unwrap();
        // The outcome of a cut is unknown until the store is done with it: that of a round before may come as late as now.
        let added = after - before;
        assert!(added.is_multiple_of(COUNT) && (added > 0 || !finished), "{added} jobs of {COUNT}");
        let added = bench.add_all(vec![job("next")]).await;
        assert_eq!(added.len(), 1);
    }
    let cut = Filter { job_types: vec!["cut".to_owned()], ..Filter::default() };
    assert_eq!(bench.count(&cut).await.unwrap() % COUNT, 0);
}

pub async fn a_pool_of_one_serves_many_calls_at_once(bench: &Bench) {
    let store = bench.narrow();
    let calls: Vec<_> = (0..40)
        .map(|at| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let id = store.add(vec![job(&format!("narrow {at}"))]).await.unwrap()[0].id;
                store.events(id).await.unwrap().len() + store.get(&[id]).await.unwrap().len()
            })
        })
        .collect();
    for call in calls {
        assert_eq!(tokio::time::timeout(PATIENCE, call).await.expect("the calls hang").unwrap(), 2);
    }
    eventually("all are there", async || store.count(&Filter::default()).await.unwrap() == 40).await;
}

pub async fn callers_that_add_at_the_same_time_get_each_its_own_answer(bench: &Bench) {
    let store = bench.second();
    let adds = (0..60).map(|caller| {
        let (count, store) = (caller % 4, &store);
        let own = move |at| {
            // Every tenth caller asks for the same job.
            let idempotency_key = (caller % 10 == 3).then(|| format!("shared {at}"));
            NewJob { idempotency_key, ..NewJob::new("a", format!("[{caller},{at}]")) }
        };
        async move { (caller, store.add((0..count).map(own).collect()).await.unwrap()) }
    });
    let mut created = Vec::new();
    for (caller, added) in join_all(adds).await {
        assert_eq!(added.len(), caller % 4);
        for (at, one) in added.into_iter().enumerate() {
            let payload = bench.job(one.id).await.payload;
            let stored: (usize, usize) = serde_json::from_slice(&payload).unwrap();
            let is_shared = caller % 10 == 3;
            assert!(stored == (caller, at) || is_shared && !one.created && stored.0 % 10 == 3, "{stored:?}");
            if one.created {
                created.push(one.id);
            }
        }
    }
    let all = bench.found(&Filter::default()).await;
    assert_eq!(created.len(), all.len());
}

pub async fn a_caller_whose_jobs_cannot_be_stored_fails_alone(bench: &Bench) {
    bench.driver().poison().await;
    let store = bench.store();
    let adds = (0..30).map(|caller| {
        let kind = if caller == 17 { "poison" } else { "sound" };
        store.add(vec![job(kind); 1 + caller % 3])
    });
    let refused: Vec<_> = join_all(adds).await.iter().map(Result::is_err).collect();
    bench.driver().cure().await;
    let stored = bench.count(&Filter::default()).await.unwrap();
    // What Redis is poisoned with keeps it from adding anything.
    if refused.contains(&false) {
        assert_eq!((refused.iter().filter(|refused| **refused).count(), refused[17]), (1, true));
        assert_eq!(stored, 30 * 2 - (1 + 17 % 3));
    } else {
        assert_eq!((bench.backend(), stored), (Backend::Redis, 0));
    }
}
