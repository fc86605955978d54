//! Deleting what is old: which jobs and events go, what goes with them, and what stays.

use std::time::Duration;

use dataqueue::model::{Change, Chunk, EventKind, Filter, JobId, NewJob, Prune, Status, TagFilter, TagMode};
use dataqueue::storage::{prune_all_events, prune_all_jobs, prune_all_payloads};

use crate::bench::{Bench, Stage, complete, job, settled_all, tagged};

super::tests![prune:
    ended_jobs_of_the_asked_statuses_go_and_others_stay,
    a_job_that_has_not_ended_stays_however_old_it_is,
    a_job_stays_until_it_was_left_alone_for_long_enough,
    the_key_of_a_pruned_job_is_free,
    nothing_of_a_pruned_job_is_left,
    pruning_goes_on_in_steps_where_the_last_one_ended,
    a_pruned_job_is_gone_for_its_late_worker_too,
    payloads_of_old_completed_jobs_go_and_all_else_stays,
    payloads_go_in_steps_that_come_to_an_end,
    events_go_by_their_age_and_jobs_stay,
    of_a_long_history_the_old_part_goes_and_the_rest_stays_in_order,
    events_go_in_steps_that_come_to_an_end,
    an_id_is_never_given_twice,
];

const DAY: Duration = Duration::from_secs(86_400);

fn prune(older_than: Duration, statuses: &[Status]) -> Prune {
    Prune { older_than, statuses: statuses.to_vec() }
}

const ENDED: [Status; 3] = [Status::Completed, Status::Failed, Status::Cancelled];

async fn exists(bench: &Bench, id: JobId) -> bool {
    !bench.get(&[id]).await.unwrap().is_empty()
}

async fn pruned(bench: &Bench, older_than: Duration, statuses: &[Status]) -> u64 {
    prune_all_jobs(&*bench.store(), &prune(older_than, statuses)).await.unwrap()
}

pub async fn ended_jobs_of_the_asked_statuses_go_and_others_stay(bench: &Bench) {
    for asked in [&ENDED[..1], &ENDED[1..2], &ENDED[2..], &ENDED[..2], &ENDED, &[]] {
        let mut staged = Vec::new();
        for stage in Stage::ALL {
            staged.push((stage, bench.staged(stage, &format!("{asked:?} {stage:?}")).await));
        }
        let goes = |stage: Stage| asked.contains(&stage.status()) && !stage.retry_due();
        let count = staged.iter().filter(|(stage, _)| goes(*stage)).count();
        assert!(pruned(bench, Duration::ZERO, asked).await >= count as u64);
        for (stage, id) in staged {
            assert_eq!(exists(bench, id).await, !goes(stage), "{stage:?}, when {asked:?} were asked for");
        }
    }
}

pub async fn a_job_that_has_not_ended_stays_however_old_it_is(bench: &Bench) {
    let open = [Stage::Ready, Stage::Scheduled, Stage::Running, Stage::RetryLater, Stage::RetryNow, Stage::Waiting];
    let mut ids = Vec::new();
    for stage in open {
        ids.push(bench.staged(stage, &format!("{stage:?}")).await);
    }
    bench.driver().age(&ids, 400 * DAY).await;
    assert_eq!(pruned(bench, DAY, &Status::ALL).await, 0);
    assert_eq!(bench.get(&ids).await.unwrap().len(), open.len());
}

pub async fn a_job_stays_until_it_was_left_alone_for_long_enough(bench: &Bench) {
    let touched = bench.staged(Stage::Ready, "touched").await;
    bench.driver().age(&[touched], 40 * DAY).await;
    let mut ids = Vec::new();
    for days in [30, 11, 9, 0] {
        let id = bench.staged(Stage::Completed, &format!("{days}")).await;
        bench.driver().age(&[id], days * DAY).await;
        ids.push(id);
    }
    assert!(bench.changed(touched, Change::Cancel).await);
    assert_eq!(pruned(bench, 31 * DAY, &ENDED).await, 0);
    assert_eq!(pruned(bench, 10 * DAY, &ENDED).await, 2);
    assert!(exists(bench, ids[2]).await && exists(bench, ids[3]).await);
    assert!(exists(bench, touched).await, "an old job was changed lately, and is gone");
    assert_eq!(pruned(bench, Duration::MAX, &ENDED).await, 0, "older than the world");
    assert_eq!(pruned(bench, Duration::ZERO, &ENDED).await, 3);
}

pub async fn the_key_of_a_pruned_job_is_free(bench: &Bench) {
    for stage in [Stage::Completed, Stage::Failed, Stage::Cancelled] {
        let new = NewJob { idempotency_key: Some("key".to_owned()), ..job(&format!("{stage:?}")) };
        let held = bench.bring(stage, new.clone()).await;
        assert!(!bench.add(vec![new.clone()]).await.unwrap()[0].created);
        assert_eq!(pruned(bench, Duration::ZERO, &ENDED).await, 1, "{stage:?}");
        let again = bench.add_one(new).await;
        assert_ne!(again, held);
        assert!(bench.changed(again, Change::Cancel).await);
        assert_eq!(pruned(bench, Duration::ZERO, &ENDED).await, 1);
    }
}

pub async fn nothing_of_a_pruned_job_is_left(bench: &Bench) {
    let long = format!("\"{}\"", "x".repeat(50_000));
    let new = NewJob { payload: long.into(), ..tagged("a", &["x", "y"]) };
    let ids = [bench.bring(Stage::Completed, new.clone()).await, bench.bring(Stage::Failed, new.clone()).await];
    let kept = bench.bring(Stage::RetryLater, new).await;
    let watch = bench.watch(kept).await.unwrap();
    let before = (bench.job(kept).await, bench.kinds(kept).await, bench.driver().tables_that_name(kept).await);
    assert!(before.2.len() >= 3, "the test looks in the wrong places: {before:?}");
    assert_eq!(pruned(bench, Duration::ZERO, &ENDED).await, 2);
    for id in ids {
        assert!(!exists(bench, id).await && bench.events(id).await.unwrap().is_empty());
        assert_eq!(bench.driver().tables_that_name(id).await, Vec::<String>::new());
        assert!(!bench.changed(id, Change::Retry).await);
    }
    let tags = TagFilter { values: vec!["x".to_owned()], mode: TagMode::All };
    assert_eq!(bench.found(&Filter { tags: Some(tags), ..Filter::default() }).await, [kept]);
    let after = (bench.job(kept).await, bench.kinds(kept).await, bench.driver().tables_that_name(kept).await);
    assert_eq!(after, before);
    drop(watch);
}

pub async fn pruning_goes_on_in_steps_where_the_last_one_ended(bench: &Bench) {
    let added = bench.add_all((0..40).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let done: Vec<_> = hand.claim(&["a"], 40).await.iter().map(complete).step_by(2).collect();
    assert!(settled_all(&bench.settle(&done).await.unwrap()));
    let prune = prune(Duration::ZERO, &ENDED);
    assert_eq!(bench.prune_jobs(&prune, added[39], 10).await.unwrap(), Chunk::default());
    let (mut after, mut steps, mut deleted) = (0, 0, 0);
    loop {
        let chunk = bench.prune_jobs(&prune, after, 7).await.unwrap();
        (steps, deleted) = (steps + 1, deleted + chunk.changed);
        assert!(chunk.changed <= 7);
        let Some(next) = chunk.next else { break };
        assert!(next > after);
        after = next;
    }
    assert!(steps > 2 && deleted == 20, "{deleted} jobs in {steps} steps");
    assert_eq!(bench.count(&Filter::default()).await.unwrap(), 20);
}

pub async fn a_pruned_job_is_gone_for_its_late_worker_too(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!(hand.settle(complete(&claimed)).await, dataqueue::model::Settled::Applied);
    assert_eq!(pruned(bench, Duration::ZERO, &ENDED).await, 1);
    assert_eq!(hand.settle(complete(&claimed)).await, dataqueue::model::Settled::LeaseLost);
    assert!(!exists(bench, id).await);
}

pub async fn payloads_of_old_completed_jobs_go_and_all_else_stays(bench: &Bench) {
    let long = format!("\"{}\"", "x".repeat(5_000));
    let mut ids = Vec::new();
    for stage in Stage::ALL {
        for payload in [r#"{"a": 1}"#.to_owned(), long.clone()] {
            let name = format!("{stage:?} {}", payload.len());
            ids.push(bench.bring(stage, NewJob { tags: vec!["t".to_owned()], ..NewJob::new(name, payload) }).await);
        }
    }
    bench.driver().age(&ids, 10 * DAY).await;
    let young = bench.staged(Stage::Completed, "young").await;
    let before = bench.get(&ids).await.unwrap();
    assert_eq!(before.len(), ids.len());
    let store = bench.store();
    assert_eq!(prune_all_payloads(&*store, 11 * DAY).await.unwrap(), 0);
    assert_eq!(prune_all_payloads(&*store, 9 * DAY).await.unwrap(), 2);
    for mut one in before {
        if one.status == Status::Completed {
            assert!(!bench.driver().tables_that_name(one.id).await.iter().any(|name| name.contains("payload")));
            one.payload = "null".into();
        }
        assert_eq!(bench.job(one.id).await, one);
    }
    assert_ne!(bench.job(young).await.payload, "null");
    assert_eq!(prune_all_payloads(&*store, 9 * DAY).await.unwrap(), 0, "they are gone already");
    assert_eq!(prune_all_payloads(&*store, Duration::ZERO).await.unwrap(), 1);
    assert_eq!(pruned(bench, 9 * DAY, &[Status::Completed]).await, 2, "they are as old as they were");
}

pub async fn payloads_go_in_steps_that_come_to_an_end(bench: &Bench) {
    bench.add_all((0..40).map(|_| job("a")).collect()).await;
    let done: Vec<_> = bench.hand().await.claim(&["a"], 40).await.iter().map(complete).step_by(2).collect();
    assert!(settled_all(&bench.settle(&done).await.unwrap()));
    let (mut after, mut steps, mut emptied) = (0, 0, 0);
    loop {
        let chunk = bench.prune_payloads(Duration::ZERO, after, 7).await.unwrap();
        (steps, emptied) = (steps + 1, emptied + chunk.changed);
        assert!(chunk.changed <= 7);
        let Some(next) = chunk.next else { break };
        assert!(next > after);
        after = next;
    }
    assert!(steps > 2 && emptied == 20, "{emptied} payloads in {steps} steps");
}

pub async fn events_go_by_their_age_and_jobs_stay(bench: &Bench) {
    bench.forget_history();
    let old = bench.staged(Stage::Completed, "old").await;
    let young = bench.staged(Stage::Completed, "young").await;
    bench.driver().age(&[old], 10 * DAY).await;
    let store = bench.store();
    assert_eq!(prune_all_events(&*store, 11 * DAY).await.unwrap(), 0);
    assert_eq!(prune_all_events(&*store, 9 * DAY).await.unwrap(), 3);
    assert!(bench.events(old).await.unwrap().is_empty());
    assert_eq!(bench.kinds(young).await.len(), 3);
    assert_eq!(bench.status(old).await, Status::Completed);
    assert_eq!(prune_all_events(&*store, Duration::ZERO).await.unwrap(), 3);
}

pub async fn of_a_long_history_the_old_part_goes_and_the_rest_stays_in_order(bench: &Bench) {
    bench.forget_history();
    let id = bench.add_one(job("a")).await;
    let turn = async |times| {
        for _ in 0..times {
            assert!(bench.changed(id, Change::Cancel).await && bench.changed(id, Change::Retry).await);
        }
    };
    let store = bench.store();
    turn(12).await;
    bench.driver().age(&[id], 10 * DAY).await;
    turn(1).await;
    assert_eq!(prune_all_events(&*store, 9 * DAY).await.unwrap(), 25);
    assert_eq!(bench.kinds(id).await, [EventKind::Cancelled, EventKind::Retried]);
    turn(12).await;
    assert_eq!(prune_all_events(&*store, 9 * DAY).await.unwrap(), 0);
    let kinds = bench.kinds(id).await;
    assert_eq!(kinds, [EventKind::Cancelled, EventKind::Retried].repeat(13));
    assert_eq!(prune_all_events(&*store, Duration::ZERO).await.unwrap(), 26);
    assert!(bench.events(id).await.unwrap().is_empty());
}

pub async fn events_go_in_steps_that_come_to_an_end(bench: &Bench) {
    bench.forget_history();
    let old = bench.add_all((0..50).map(|_| job("a")).collect()).await;
    let young = bench.add_all((0..5).map(|_| job("a")).collect()).await;
    bench.driver().age(&old, 10 * DAY).await;
    let (mut after, mut steps, mut deleted) = (0, 0, 0);
    loop {
        let chunk = bench.prune_events(DAY, after, 8).await.unwrap();
        (steps, deleted) = (steps + 1, deleted + chunk.changed);
        assert!(chunk.changed <= 8);
        let Some(next) = chunk.next else { break };
        assert!(next > after);
        after = next;
    }
    assert!(steps >= 7 && deleted == 50, "{deleted} events in {steps} steps");
    for id in young {
        assert_eq!(bench.kinds(id).await.len(), 1);
    }
}

pub async fn an_id_is_never_given_twice(bench: &Bench) {
    let newest = bench.staged(Stage::Completed, "a").await;
    assert_eq!(pruned(bench, Duration::ZERO, &ENDED).await, 1);
    assert!(bench.add_one(job("a")).await > newest);
}
