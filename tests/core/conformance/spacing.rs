//! Retries that fall due one after another.

use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::model::{Change, Chunk, Filter, JobId, Spacing, Status};
use dataqueue::storage::retry_in_steps;

use crate::bench::{Bench, Stage};

super::tests![spacing:
    retried_jobs_fall_due_one_after_another_also_from_step_to_step,
    a_step_begins_no_sooner_than_now_and_tells_when_the_next_may,
    what_does_not_match_keeps_its_place_and_takes_none,
    those_that_are_due_can_be_claimed_and_others_not_yet,
];

const SECOND: Duration = Duration::from_secs(1);

async fn failed(bench: &Bench, count: usize) -> Vec<JobId> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(bench.staged(Stage::Failed, "a").await);
    }
    ids
}

fn all() -> Filter {
    Filter { statuses: vec![Status::Failed], ..Filter::default() }
}

async fn due(bench: &Bench, ids: &[JobId]) -> Vec<Timestamp> {
    let mut times = Vec::with_capacity(ids.len());
    for &id in ids {
        let job = bench.job(id).await;
        assert_eq!(job.status, Status::Pending);
        times.push(job.run_at);
    }
    times
}

pub async fn retried_jobs_fall_due_one_after_another_also_from_step_to_step(bench: &Bench) {
    let ids = failed(bench, 10).await;
    let before = bench.now().await;
    assert_eq!(retry_in_steps(&*bench.store(), &all(), 30 * SECOND, 3).await.unwrap(), 10);
    let times = due(bench, &ids).await;
    assert!(before <= times[0] && times[0] <= bench.now().await);
    for pair in times.windows(2) {
        assert_eq!(pair[1].since(pair[0]), 30 * SECOND);
    }
}

pub async fn a_step_begins_no_sooner_than_now_and_tells_when_the_next_may(bench: &Bench) {
    let ids = failed(bench, 4).await;
    let before = bench.now().await;
    let past = Spacing { from: Some(before.minus(60 * SECOND)), every: SECOND };
    let (chunk, next) = bench.retry_spaced(&all(), past, 0, 2).await.unwrap();
    assert_eq!((chunk.changed, chunk.next), (2, Some(ids[1])));
    let times = due(bench, &ids[..2]).await;
    assert!(times[0] >= before);
    assert_eq!(next, Some(times[1].plus(SECOND)));
    let later = Spacing { from: Some(before.plus(600 * SECOND)), every: SECOND };
    let (chunk, next) = bench.retry_spaced(&all(), later, ids[1], 10).await.unwrap();
    assert_eq!((chunk.changed, chunk.next), (2, None));
    assert_eq!(due(bench, &ids[2..]).await, [before.plus(600 * SECOND), before.plus(601 * SECOND)]);
    assert_eq!(next, Some(before.plus(602 * SECOND)));
    assert_eq!(bench.retry_spaced(&all(), later, 0, 10).await.unwrap(), (Chunk::default(), None));
}

pub async fn what_does_not_match_keeps_its_place_and_takes_none(bench: &Bench) {
    let first = failed(bench, 1).await[0];
    let other = bench.staged(Stage::Failed, "b").await;
    let cancelled = bench.staged(Stage::Cancelled, "a").await;
    let last = bench.staged(Stage::RetryLater, "a").await;
    let filter = Filter { job_types: vec!["a".into()], ..all() };
    assert_eq!(retry_in_steps(&*bench.store(), &filter, 60 * SECOND, 100).await.unwrap(), 2);
    let times = due(bench, &[first, last]).await;
    assert_eq!(times[1].since(times[0]), 60 * SECOND);
    assert_eq!((bench.status(other).await, bench.status(cancelled).await), (Status::Failed, Status::Cancelled));
}

pub async fn those_that_are_due_can_be_claimed_and_others_not_yet(bench: &Bench) {
    let ids = failed(bench, 3).await;
    assert_eq!(retry_in_steps(&*bench.store(), &all(), 3_600 * SECOND, 100).await.unwrap(), 3);
    let hand = bench.hand().await;
    assert_eq!(hand.take("a").await.job.id, ids[0]);
    assert_eq!(hand.claim(&["a"], 10).await.len(), 0);
    assert!(bench.changed(ids[1], Change::Cancel).await);
}
