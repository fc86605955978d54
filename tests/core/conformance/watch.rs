//! Waiting for the end of a job that somebody else brings about.

use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::{Change, JobId, NewJob, Status};
use dataqueue::storage::{Storage, Watch, wait_for_end};
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, Connections, Hand, PATIENCE, Stage, complete, fail, job};

super::tests![watch:
    a_watcher_is_told_of_each_way_to_the_end_from_another_handle,
    a_watcher_on_the_same_handle_is_told_too,
    every_watcher_of_a_job_is_told,
    a_watcher_that_left_takes_nothing_from_the_others,
    what_ended_before_it_was_watched_is_seen_at_once,
    waiting_goes_on_through_a_failure_that_is_retried,
    waiting_ends_at_its_deadline_and_for_a_job_that_does_not_exist,
    a_watcher_is_told_after_its_connection_was_cut,
];

async fn told(watch: &mut Watch, what: &str) {
    let heard = timeout(PATIENCE, watch.hints.changed()).await;
    assert!(matches!(heard, Ok(Ok(()))), "{what}: the watcher was not told");
}

/// Brings a job to its end, in the way of that number.
async fn bring_to_end(bench: &Bench, way: usize, id: JobId, job_type: &str) -> Status {
    if way == 2 {
        assert!(bench.changed(id, Change::Cancel).await);
        return Status::Cancelled;
    }
    let hand = bench.hand().await;
    let claimed = hand.take(job_type).await;
    match way {
        0 => drop(hand.settle(complete(&claimed)).await),
        1 => drop(hand.settle(fail(&claimed, None)).await),
        _ => {
            bench.unregister(&hand.worker).await.unwrap();
            assert!(bench.reclaim_all(1).await[0].ended);
        }
    }
    if way == 0 { Status::Completed } else { Status::Failed }
}

pub async fn a_watcher_is_told_of_each_way_to_the_end_from_another_handle(bench: &Bench) {
    let other = bench.second();
    for way in 0..4 {
        let job_type = format!("{way}");
        let id = bench.add_one(NewJob { max_attempts: 1, ..job(&job_type) }).await;
        let mut watch = other.watch(id).await.unwrap();
        let status = bring_to_end(bench, way, id, &job_type).await;
        told(&mut watch, &format!("{status:?}, way {way}")).await;
        assert_eq!(other.get(&[id]).await.unwrap()[0].status, status);
    }
}

pub async fn a_watcher_on_the_same_handle_is_told_too(bench: &Bench) {
    for way in 0..4 {
        let job_type = format!("{way}");
        let id = bench.add_one(NewJob { max_attempts: 1, ..job(&job_type) }).await;
        let mut watch = bench.watch(id).await.unwrap();
        let status = bring_to_end(bench, way, id, &job_type).await;
        told(&mut watch, &format!("{status:?}, way {way}")).await;
    }
}

pub async fn every_watcher_of_a_job_is_told(bench: &Bench) {
    let stores = [bench.store(), bench.second(), bench.second()];
    let id = bench.add_one(job("a")).await;
    let mut watches = Vec::new();
    for at in 0..9 {
        watches.push(stores[at % 3].watch(id).await.unwrap());
    }
    bring_to_end(bench, 0, id, "a").await;
    for (at, watch) in watches.iter_mut().enumerate() {
        told(watch, &format!("watcher {at}")).await;
    }
}

pub async fn a_watcher_that_left_takes_nothing_from_the_others(bench: &Bench) {
    let other = bench.second();
    let ids = bench.add_all(vec![job("a"), job("b")]).await;
    let first = other.watch(ids[0]).await.unwrap();
    let mut second = other.watch(ids[0]).await.unwrap();
    let unwatched = other.watch(ids[1]).await.unwrap();
    drop(first);
    drop(unwatched);
    bring_to_end(bench, 0, ids[1], "b").await;
    bring_to_end(bench, 0, ids[0], "a").await;
    told(&mut second, "the one that stayed").await;
    drop(second);
    let later = other.watch(ids[0]).await.unwrap();
    assert!(bench.staged(Stage::Completed, "c").await > 0);
    assert!(later.hints.has_changed().is_ok(), "interest taken again is alive");
    drop(later.guard);
}

pub async fn what_ended_before_it_was_watched_is_seen_at_once(bench: &Bench) {
    let store = bench.second();
    for stage in [Stage::Completed, Stage::Failed, Stage::Cancelled] {
        let id = bench.staged(stage, &format!("{stage:?}")).await;
        let deadline = Instant::now() + PATIENCE;
        let job = wait_for_end(&*store, id, Some(deadline)).await.unwrap().unwrap();
        assert_eq!(job.status, stage.status());
    }
}

fn waiting(store: &Arc<dyn Storage>, id: JobId) -> tokio::task::JoinHandle<Status> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let deadline = Some(Instant::now() + 4 * PATIENCE);
        wait_for_end(&*store, id, deadline).await.unwrap().unwrap().status
    })
}

pub async fn waiting_goes_on_through_a_failure_that_is_retried(bench: &Bench) {
    let store = bench.second();
    let id = bench.add_one(job("a")).await;
    let waiting = [waiting(&store, id), waiting(&store, id)];
    let hand = bench.hand().await;
    hand.settle(fail(&hand.take("a").await, Some(Duration::ZERO))).await;
    let claimed = hand.take("a").await;
    assert!(waiting.iter().all(|one| !one.is_finished()), "a failure that is retried is no end");
    hand.settle(complete(&claimed)).await;
    for one in waiting {
        assert_eq!(one.await.unwrap(), Status::Completed);
    }
}

pub async fn waiting_ends_at_its_deadline_and_for_a_job_that_does_not_exist(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let soon = Instant::now() + Duration::from_millis(30);
    let job = wait_for_end(&*bench.store(), id, Some(soon)).await.unwrap().unwrap();
    assert!(job.status == Status::Pending && Instant::now() >= soon);
    assert_eq!(wait_for_end(&*bench.store(), id + 1_000, None).await.unwrap(), None);
}

pub async fn a_watcher_is_told_after_its_connection_was_cut(bench: &Bench) {
    let store = bench.second();
    let id = bench.add_one(job("a")).await;
    let mut watch = store.watch(id).await.unwrap();
    bench.driver().cut(Connections::Listening).await;
    let hand = Hand::with_lease(bench.store(), Duration::from_secs(600)).await;
    hand.settle(complete(&hand.take("a").await)).await;
    told(&mut watch, "an end while nobody listened").await;
}
