//! Changes of all jobs that match a filter: in bounded steps, while others go on.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dataqueue::model::{
    Change, Chunk, EventKind, Filter, JobEdit, JobId, NewJob, RunAtFilter, Status, TagFilter, TagMode,
};
use dataqueue::policy::status::after_change;
use dataqueue::storage::{Storage, change_all};
use tokio::task::JoinHandle;

use crate::bench::{Bench, Hand, PATIENCE, Stage, complete, fail, ids, job, settled_all, tagged};

super::tests![bulk:
    an_empty_filter_changes_every_job_whose_state_allows_it_with_one_event_each,
    a_filter_decides_together_with_the_state,
    a_filter_for_what_cannot_be_changed_changes_nothing,
    steps_go_on_where_the_last_one_ended,
    a_step_begins_behind_the_given_id,
    a_bulk_edit_moves_all_of_them_in_the_queue,
    a_bulk_retry_makes_all_of_them_claimable_again,
    two_bulk_cancels_at_once_change_each_job_once,
    a_bulk_cancel_skips_and_doubles_none_while_others_add_and_claim,
    a_bulk_edit_skips_and_doubles_none_while_others_claim_and_fail,
    a_bulk_change_ends_however_fast_jobs_are_added,
];

fn priority(priority: i32) -> Change {
    Change::Edit(JobEdit { priority: Some(priority), ..JobEdit::default() })
}

fn of_type(job_type: &str) -> Filter {
    Filter { job_types: vec![job_type.to_owned()], ..Filter::default() }
}

async fn count(bench: &Bench, id: JobId, kind: EventKind) -> usize {
    bench.kinds(id).await.into_iter().filter(|one| *one == kind).count()
}

pub async fn an_empty_filter_changes_every_job_whose_state_allows_it_with_one_event_each(bench: &Bench) {
    for (change, kind) in
        [(priority(5), EventKind::Edited), (Change::Retry, EventKind::Retried), (Change::Cancel, EventKind::Cancelled)]
    {
        bench.changed_all(&Filter::default(), &Change::Cancel, 1_000).await;
        let mut staged = Vec::new();
        for stage in Stage::ALL {
            let id = bench.staged(stage, &format!("{kind:?} {stage:?}")).await;
            staged.push((stage, id, bench.job(id).await, bench.kinds(id).await));
        }
        // Among the jobs of the rounds before there are cancelled ones, which a retry takes along.
        let filter = Filter { job_types: Vec::new(), ..Filter::default() };
        let changed = bench.changed_all(&filter, &change, 4).await;
        let able = staged.iter().filter(|(stage, ..)| after_change(stage.status(), stage.retry_due(), kind).is_some());
        assert!(changed >= able.count() as u64);
        for (stage, id, before, kinds) in staged {
            let job = bench.job(id).await;
            if let Some(status) = after_change(stage.status(), stage.retry_due(), kind) {
                assert_eq!(job.status, status, "{kind:?} of all, where one was {stage:?}");
                assert_eq!(bench.kinds(id).await, [kinds, vec![kind]].concat());
            } else {
                assert_eq!((job, bench.kinds(id).await), (before, kinds), "{kind:?} of all, where one was {stage:?}");
            }
        }
    }
}

pub async fn a_filter_decides_together_with_the_state(bench: &Bench) {
    let time = bench.now().await.plus(Duration::from_secs(7_200));
    let wanted = NewJob { priority: 4, run_at: Some(time), ..tagged("a", &["x", "y"]) };
    let near = [
        NewJob { job_type: "b".to_owned(), ..wanted.clone() },
        NewJob { priority: 3, ..wanted.clone() },
        NewJob { run_at: Some(time.plus(Duration::from_micros(1))), ..wanted.clone() },
        NewJob { tags: vec!["x".to_owned()], ..wanted.clone() },
    ];
    let filter = Filter {
        statuses: vec![Status::Pending, Status::Failed],
        priority: Some(4),
        run_at: RunAtFilter { lte: Some(time), gt: Some(time.minus(Duration::from_micros(1))), ..Default::default() },
        tags: Some(TagFilter { values: vec!["y".to_owned(), "x".to_owned()], mode: TagMode::Exact }),
        ..of_type("a")
    };
    for change in [priority(4), Change::Cancel] {
        let others = bench.add_all(near.to_vec()).await;
        let matching = bench.add_all(vec![wanted.clone(), wanted.clone()]).await;
        let before = bench.get(&others).await.unwrap();
        assert_eq!(bench.changed_all(&filter, &change, 3).await, 2, "{change:?}");
        assert_eq!(bench.get(&others).await.unwrap(), before, "{change:?}");
        assert_eq!((bench.kinds(matching[0]).await.len(), bench.kinds(matching[1]).await.len()), (2, 2));
        bench.changed_all(&Filter::default(), &Change::Cancel, 100).await;
    }
}

pub async fn a_filter_for_what_cannot_be_changed_changes_nothing(bench: &Bench) {
    for stage in Stage::ALL {
        bench.staged(stage, &format!("{stage:?}")).await;
    }
    let impossible = [
        (Change::Cancel, vec![Status::Completed, Status::Cancelled, Status::Processing]),
        (Change::Retry, vec![Status::Completed, Status::Pending, Status::Processing, Status::Waiting]),
        (priority(1), vec![Status::Completed, Status::Cancelled, Status::Processing, Status::Waiting]),
    ];
    for (change, statuses) in impossible {
        let filter = Filter { statuses, ..Filter::default() };
        assert_eq!(bench.change_many(&filter, &change, 0, 100).await.unwrap(), Chunk::default());
        assert_eq!(bench.changed_all(&of_type("no such type"), &change, 100).await, 0);
    }
}

pub async fn steps_go_on_where_the_last_one_ended(bench: &Bench) {
    let added = bench.add_all((0..25).map(|at| job(["a", "b"][at % 2])).collect()).await;
    let (mut after, mut steps, mut changed) = (0, 0, 0);
    loop {
        let chunk = bench.change_many(&of_type("a"), &priority(2), after, 5).await.unwrap();
        (steps, changed) = (steps + 1, changed + chunk.changed);
        assert!(chunk.changed <= 5);
        let Some(next) = chunk.next else { break };
        assert!(next > after && added.contains(&next));
        after = next;
    }
    assert!(steps > 1);
    assert_eq!(changed, 13);
    for (at, id) in added.into_iter().enumerate() {
        assert_eq!(count(bench, id, EventKind::Edited).await, (at + 1) % 2);
    }
}

pub async fn a_step_begins_behind_the_given_id(bench: &Bench) {
    let added = bench.add_all((0..10).map(|_| job("a")).collect()).await;
    let mut chunk = bench.change_many(&of_type("a"), &Change::Cancel, added[6], 100).await.unwrap();
    chunk.ids.sort_unstable();
    assert_eq!(chunk, Chunk { changed: 3, ids: added[7..].to_vec(), next: None });
    let cancelled = Filter { statuses: vec![Status::Cancelled], ..Filter::default() };
    assert_eq!(bench.found(&cancelled).await, [added[9], added[8], added[7]]);
    assert_eq!(bench.change_many(&of_type("a"), &Change::Cancel, added[9], 100).await.unwrap(), Chunk::default());
}

pub async fn a_bulk_edit_moves_all_of_them_in_the_queue(bench: &Bench) {
    bench.add_all((0..30).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let time = bench.now().await.plus(Duration::from_secs(3_600));
    let edit = |run_at| Change::Edit(JobEdit { run_at: Some(run_at), priority: Some(1), ..JobEdit::default() });
    assert_eq!(bench.changed_all(&of_type("a"), &edit(Some(time)), 7).await, 30);
    let low = bench.add_one(job("a")).await;
    assert_eq!(ids(&hand.claim(&["a"], 100).await), [low]);
    assert_eq!(bench.changed_all(&of_type("a"), &edit(None), 7).await, 30);
    assert_eq!(hand.claim(&["a"], 100).await.len(), 30);
}

pub async fn a_bulk_retry_makes_all_of_them_claimable_again(bench: &Bench) {
    const COUNT: usize = 2_500;
    let added = bench.add_all((0..COUNT).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let failed: Vec<_> = hand.claim(&["a"], COUNT as u32).await.iter().map(|claimed| fail(claimed, None)).collect();
    assert!(settled_all(&bench.settle(&failed).await.unwrap()));
    assert_eq!(change_all(&*bench.store(), &Filter::default(), &Change::Retry).await.unwrap(), COUNT as u64);
    let mut again = ids(&hand.claim(&["a"], 2 * COUNT as u32).await);
    again.sort_unstable();
    assert_eq!(again, added);
}

pub async fn two_bulk_cancels_at_once_change_each_job_once(bench: &Bench) {
    let added = bench.add_all((0..600).map(|_| job("a")).collect()).await;
    let other = bench.second();
    let filter = of_type("a");
    let cancel = async |store: &dyn Storage| {
        let (mut changed, mut next) = (0, Some(0));
        while let Some(after) = next {
            let chunk = store.change_many(&filter, &Change::Cancel, after, 50).await.unwrap();
            (changed, next) = (changed + chunk.changed, chunk.next);
        }
        changed
    };
    let store = bench.store();
    let (here, there) = tokio::join!(cancel(&*store), cancel(&*other));
    assert_eq!(here + there, 600);
    for id in added {
        assert_eq!(count(bench, id, EventKind::Cancelled).await, 1);
    }
}

/// Adds and claims on another handle until told to stop; what each claim of it led to is up to `end`.
fn bustle(
    bench: &Bench,
    stop: &Arc<AtomicBool>,
    end: fn(&dataqueue::model::Claimed) -> dataqueue::model::Settlement,
) -> JoinHandle<HashSet<JobId>> {
    let (store, stop) = (bench.second(), Arc::clone(stop));
    tokio::spawn(async move {
        let hand = Hand::with_lease(store, Duration::from_secs(600)).await;
        let mut claimed_once = HashSet::new();
        while !stop.load(Ordering::Acquire) {
            hand.store.add((0..5).map(|_| job("a")).collect()).await.unwrap();
            let claimed = hand.claim(&["a"], 8).await;
            claimed_once.extend(ids(&claimed));
            let ends: Vec<_> = claimed.iter().map(end).collect();
            assert!(settled_all(&hand.store.settle(&ends).await.unwrap()));
        }
        claimed_once
    })
}

pub async fn a_bulk_cancel_skips_and_doubles_none_while_others_add_and_claim(bench: &Bench) {
    let added = bench.add_all((0..1_500).map(|_| job("a")).collect()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let others = [bustle(bench, &stop, complete), bustle(bench, &stop, complete)];
    let changed = bench.changed_all(&of_type("a"), &Change::Cancel, 40).await;
    stop.store(true, Ordering::Release);
    let mut claimed = HashSet::new();
    for other in others {
        claimed.extend(other.await.unwrap());
    }
    let cancelled = Filter { statuses: vec![Status::Cancelled], ..Filter::default() };
    let cancelled: HashSet<_> = bench.found(&cancelled).await.into_iter().collect();
    assert_eq!(cancelled.len() as u64, changed, "the count is not what was cancelled");
    for id in added {
        assert!(cancelled.contains(&id) ^ claimed.contains(&id), "job {id} was skipped, or cancelled and claimed");
    }
    for id in cancelled {
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Cancelled]);
    }
}

pub async fn a_bulk_edit_skips_and_doubles_none_while_others_claim_and_fail(bench: &Bench) {
    let later = |claimed: &dataqueue::model::Claimed| fail(claimed, Some(Duration::from_secs(3_600)));
    let added = bench.add_all((0..1_000).map(|_| job("a")).collect()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let other = bustle(bench, &stop, later);
    let changed = bench.changed_all(&of_type("a"), &priority(9), 40).await;
    stop.store(true, Ordering::Release);
    other.await.unwrap();
    let edited = Filter { priority: Some(9), ..of_type("a") };
    let edited: HashSet<_> = bench.found(&edited).await.into_iter().collect();
    assert_eq!(edited.len() as u64, changed, "the count is not what was edited");
    for job in bench.get(&added).await.unwrap() {
        assert_eq!(count(bench, job.id, EventKind::Edited).await, usize::from(edited.contains(&job.id)));
        // Only what ran while the edit came by may have been passed over.
        assert!(edited.contains(&job.id) || job.attempts > 0, "job {} was skipped", job.id);
    }
}

pub async fn a_bulk_change_ends_however_fast_jobs_are_added(bench: &Bench) {
    let added = bench.add_all((0..60).map(|_| job("a")).collect()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (store, stopped) = (bench.second(), Arc::clone(&stop));
    let adding = tokio::spawn(async move {
        while !stopped.load(Ordering::Acquire) {
            store.add((0..100).map(|_| job("a")).collect()).await.unwrap();
        }
    });
    let filter = of_type("a");
    let change = priority(9);
    let changing = bench.changed_all(&filter, &change, 1);
    let changed = tokio::time::timeout(PATIENCE, changing).await;
    stop.store(true, Ordering::Release);
    adding.await.unwrap();
    assert!(changed.expect("it runs after what is added") >= added.len() as u64);
    assert!(bench.get(&added).await.unwrap().iter().all(|job| job.priority == 9));
}
