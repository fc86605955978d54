//! Jobs that wait for the end of others.

use std::time::Duration;

use dataqueue::model::{Awaited, Change, Claimed, JobId, Outcome, Settled, Settlement, Status, Wait};
use serde_json::json;

use crate::bench::{Bench, Hand, complete, eventually, fail, ids, job};

super::tests![successors:
    a_job_waits_for_the_end_of_another,
    every_kind_of_end_resumes,
    a_retry_that_is_due_is_no_end,
    a_job_that_ended_before_is_not_waited_for,
    a_job_that_is_not_there_is_not_waited_for,
    jobs_of_one_settlement_can_wait_for_each_other,
    an_end_and_the_beginning_of_a_wait_never_miss_each_other,
];

fn waits(claimed: &Claimed, on: JobId) -> Settlement {
    let wait = Wait { until: None, on: Some(Awaited::Job(on)), name: "__wait_0".to_owned(), entry: "0".into() };
    Settlement { outcome: Outcome::Waiting(wait), ..complete(claimed) }
}

/// A job that waits for another, and that one as it runs.
async fn pair(bench: &Bench, hand: &Hand) -> (JobId, Claimed) {
    bench.add_one(job("child")).await;
    let child = hand.take("child").await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    let known = bench.expect_end(child.job.id).await.unwrap().unwrap();
    assert_eq!(known.status, Status::Processing);
    assert_eq!(hand.settle(waits(&claimed, child.job.id)).await, Settled::Applied);
    (parent, child)
}

async fn goes_on(hand: &Hand, parent: JobId) {
    let mut got = Vec::new();
    eventually("the parent goes on", async || {
        got = hand.claim(&["parent"], 1).await;
        !got.is_empty()
    })
    .await;
    assert_eq!(ids(&got), [parent]);
    assert_eq!((got[0].job.attempts, &got[0].job.wait_token_id), (1, &None));
    hand.settle(complete(&got[0])).await;
}

pub async fn a_job_waits_for_the_end_of_another(bench: &Bench) {
    let hand = bench.hand().await;
    let (parent, child) = pair(bench, &hand).await;
    let stored = bench.job(parent).await;
    assert_eq!((stored.status, stored.wait_until), (Status::Waiting, None));
    assert_eq!(stored.wait_token_id, Some(format!("job:{}", child.job.id)));
    assert_eq!(bench.last_metadata(parent).await, json!({"job_id": child.job.id}));
    assert!(hand.claim(&["parent"], 1).await.is_empty());
    let mut hints = bench.listen().await.unwrap();
    hints.mark_unchanged();
    hand.settle(complete(&child)).await;
    tokio::time::timeout(Duration::from_secs(10), hints.changed()).await.unwrap().unwrap();
    goes_on(&hand, parent).await;
}

pub async fn every_kind_of_end_resumes(bench: &Bench) {
    let hand = bench.hand().await;
    let (parent, child) = pair(bench, &hand).await;
    hand.settle(fail(&child, None)).await;
    goes_on(&hand, parent).await;

    let (parent, child) = pair(bench, &hand).await;
    hand.settle(fail(&child, Some(Duration::from_secs(3_600)))).await;
    assert!(bench.changed(child.job.id, Change::Cancel).await);
    goes_on(&hand, parent).await;

    let dying = bench.hand().await;
    bench.add_one(dataqueue::model::NewJob { max_attempts: 1, ..job("child") }).await;
    let child = dying.take("child").await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    bench.expect_end(child.job.id).await.unwrap();
    hand.settle(waits(&claimed, child.job.id)).await;
    bench.driver().silence(dying.worker.id, Duration::from_secs(60)).await;
    bench.reclaim_all(1).await;
    assert_eq!(bench.status(child.job.id).await, Status::Failed);
    goes_on(&hand, parent).await;
}

pub async fn a_retry_that_is_due_is_no_end(bench: &Bench) {
    let hand = bench.hand().await;
    let (parent, child) = pair(bench, &hand).await;
    hand.settle(fail(&child, Some(Duration::ZERO))).await;
    assert!(hand.claim(&["parent"], 1).await.is_empty());
    hand.settle(complete(&hand.take("child").await)).await;
    goes_on(&hand, parent).await;

    // Nor for a wait that begins meanwhile.
    bench.add_one(job("child")).await;
    let child = hand.take("child").await;
    hand.settle(fail(&child, Some(Duration::ZERO))).await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    bench.expect_end(child.job.id).await.unwrap();
    hand.settle(waits(&claimed, child.job.id)).await;
    assert!(hand.claim(&["parent"], 1).await.is_empty());
    hand.settle(complete(&hand.take("child").await)).await;
    goes_on(&hand, parent).await;
}

pub async fn a_job_that_ended_before_is_not_waited_for(bench: &Bench) {
    let hand = bench.hand().await;
    bench.add_one(job("child")).await;
    let child = hand.take("child").await;
    hand.settle(complete(&child)).await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    hand.settle(waits(&claimed, child.job.id)).await;
    goes_on(&hand, parent).await;
}

pub async fn a_job_that_is_not_there_is_not_waited_for(bench: &Bench) {
    let hand = bench.hand().await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    assert_eq!(bench.expect_end(1 << 40).await.unwrap(), None);
    hand.settle(waits(&claimed, 1 << 40)).await;
    goes_on(&hand, parent).await;
}

pub async fn jobs_of_one_settlement_can_wait_for_each_other(bench: &Bench) {
    let hand = bench.hand().await;
    bench.add_one(job("child")).await;
    let child = hand.take("child").await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    bench.expect_end(child.job.id).await.unwrap();
    let both = [waits(&claimed, child.job.id), complete(&child)];
    assert_eq!(bench.settle(&both).await.unwrap(), [Settled::Applied; 2]);
    goes_on(&hand, parent).await;
    // As one whose time is over as well: it stands in the queue once.
    bench.add_one(job("child")).await;
    let child = hand.take("child").await;
    let parent = bench.add_one(job("parent")).await;
    let claimed = hand.take("parent").await;
    bench.expect_end(child.job.id).await.unwrap();
    let mut wait = waits(&claimed, child.job.id);
    if let Outcome::Waiting(wait) = &mut wait.outcome {
        wait.until = Some(claimed.job.created_at);
    }
    assert_eq!(bench.settle(&[wait, complete(&child)]).await.unwrap(), [Settled::Applied; 2]);
    let claim = hand.try_claim(&["parent"], 1).await.unwrap();
    assert_eq!((ids(&claim.jobs), claim.more), (vec![parent], false));
}

pub async fn an_end_and_the_beginning_of_a_wait_never_miss_each_other(bench: &Bench) {
    let hand = bench.hand().await;
    for _ in 0..30 {
        bench.add_one(job("child")).await;
        let child = hand.take("child").await;
        let parent = bench.add_one(job("parent")).await;
        let claimed = hand.take("parent").await;
        bench.expect_end(child.job.id).await.unwrap();
        let (wait, end) = ([waits(&claimed, child.job.id)], [complete(&child)]);
        let (waited, ended) = tokio::join!(bench.settle(&wait), bench.settle(&end));
        assert_eq!((waited.unwrap(), ended.unwrap()), (vec![Settled::Applied], vec![Settled::Applied]));
        let again = hand.take("parent").await;
        assert_eq!(again.job.id, parent);
        hand.settle(complete(&again)).await;
    }
}
