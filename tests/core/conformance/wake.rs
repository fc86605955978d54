//! Hints that there may be something to claim: from each call that makes a job claimable, to every handle.

use std::time::Duration;

use dataqueue::model::{Change, JobEdit, NewJob, Settled};
use dataqueue::storage::Wakes;
use tokio::time::timeout;

use crate::bench::{Bench, Connections, Hand, PATIENCE, Stage, eventually, fail, job, release};

super::tests![wake:
    an_add_is_hinted_to_every_handle,
    no_hint_is_lost_between_one_add_and_the_next,
    a_retry_an_edit_and_a_bulk_change_are_hinted_to_every_handle,
    a_release_a_failure_and_a_sweep_are_hinted_to_every_handle,
    a_hinted_job_can_be_claimed_at_once,
    a_bulk_add_makes_few_hints,
    nothing_is_lost_when_the_connection_that_listens_is_cut,
    calls_go_on_after_every_connection_was_cut,
];

/// The hints of the handle that makes the changes, and those of another.
struct Ears {
    near: Wakes,
    far: Wakes,
}

impl Ears {
    async fn open(bench: &Bench) -> Self {
        Self { near: bench.listen().await.unwrap(), far: bench.second().listen().await.unwrap() }
    }

    /// Waits for a hint on both, and forgets it.
    async fn hear(&mut self, what: &str) {
        for (ear, wakes) in [("this", &mut self.near), ("the other", &mut self.far)] {
            let heard = timeout(PATIENCE, wakes.changed()).await;
            assert!(matches!(heard, Ok(Ok(()))), "{what}: no hint came to {ear} handle");
        }
    }

    /// Waits until no more hints come, which may tell of what was done before, and forgets them.
    async fn settle(&mut self) {
        for wakes in [&mut self.near, &mut self.far] {
            while timeout(Duration::from_millis(100), wakes.changed()).await.is_ok() {}
        }
    }
}

pub async fn an_add_is_hinted_to_every_handle(bench: &Bench) {
    let later = bench.now().await.plus(Duration::from_secs(3_600));
    let mut ears = Ears::open(bench).await;
    ears.settle().await;
    bench.add_one(job("a")).await;
    ears.hear("an add").await;
    ears.settle().await;
    bench.add_one(NewJob { run_at: Some(later), ..job("a") }).await;
    ears.hear("an add of a job that is not due: when to look next has changed").await;
}

pub async fn no_hint_is_lost_between_one_add_and_the_next(bench: &Bench) {
    let mut ears = Ears::open(bench).await;
    let hand = Hand::with_lease(bench.second(), Duration::from_secs(600)).await;
    for round in 0..40 {
        bench.add_one(job("a")).await;
        let mut claimed = 0;
        while claimed == 0 {
            ears.hear(&format!("add {round}")).await;
            claimed = hand.claim(&["a"], 10).await.len();
        }
    }
}

pub async fn a_retry_an_edit_and_a_bulk_change_are_hinted_to_every_handle(bench: &Bench) {
    let edit = |run_at| Change::Edit(JobEdit { run_at: Some(run_at), ..JobEdit::default() });
    let later = bench.now().await.plus(Duration::from_secs(3_600));
    let cases = [
        (Stage::Failed, Change::Retry),
        (Stage::Cancelled, Change::Retry),
        (Stage::RetryLater, Change::Retry),
        (Stage::Scheduled, edit(None)),
        (Stage::RetryLater, edit(None)),
        (Stage::Ready, edit(Some(later))),
    ];
    let mut ears = Ears::open(bench).await;
    for (at, (stage, change)) in cases.into_iter().enumerate() {
        let alone = bench.staged(stage, &format!("{at}")).await;
        let many = bench.staged(stage, &format!("many {at}")).await;
        ears.settle().await;
        assert!(bench.changed(alone, change.clone()).await);
        ears.hear(&format!("{change:?} when {stage:?}")).await;
        ears.settle().await;
        let filter = dataqueue::model::Filter { job_types: vec![format!("many {at}")], ..Default::default() };
        assert_eq!(bench.changed_all(&filter, &change, 10).await, 1, "{many}");
        ears.hear(&format!("{change:?} of many when {stage:?}")).await;
    }
}

pub async fn a_release_a_failure_and_a_sweep_are_hinted_to_every_handle(bench: &Bench) {
    let mut ears = Ears::open(bench).await;
    bench.add_one(NewJob { max_attempts: 9, ..job("a") }).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    ears.settle().await;
    assert_eq!(hand.settle(release(&claimed)).await, Settled::Applied);
    ears.hear("a release").await;
    let claimed = hand.take("a").await;
    ears.settle().await;
    assert_eq!(hand.settle(fail(&claimed, Some(Duration::from_millis(1)))).await, Settled::Applied);
    ears.hear("a failure with a retry").await;
    for sweep in ["a sweep", "a sweep of what is stuck"] {
        let dying = bench.hand().await;
        eventually("the job is claimed", async || !dying.claim(&["a"], 1).await.is_empty()).await;
        bench.driver().silence(dying.worker.id, Duration::from_secs(9)).await;
        ears.settle().await;
        if sweep == "a sweep" {
            assert_eq!(bench.reclaim(10).await.unwrap().len(), 1);
        } else {
            assert_eq!(bench.reclaim_stuck(Duration::ZERO, 0, 10).await.unwrap().changed, 1);
        }
        ears.hear(sweep).await;
    }
}

pub async fn a_hinted_job_can_be_claimed_at_once(bench: &Bench) {
    let store = bench.second();
    let hand = Hand::with_lease(store.clone(), Duration::from_secs(600)).await;
    let mut wakes = store.listen().await.unwrap();
    for _ in 0..20 {
        while timeout(Duration::from_millis(50), wakes.changed()).await.is_ok() {}
        bench.add_one(job("a")).await;
        timeout(PATIENCE, wakes.changed()).await.expect("no hint came").unwrap();
        assert_eq!(hand.claim(&["a"], 10).await.len(), 1, "a hint came before its job could be seen");
    }
}

pub async fn a_bulk_add_makes_few_hints(bench: &Bench) {
    let mut ears = Ears::open(bench).await;
    ears.settle().await;
    let before = (*ears.near.borrow(), *ears.far.borrow());
    bench.add_all((0..4_000).map(|_| job("a")).collect()).await;
    ears.hear("a bulk add").await;
    ears.settle().await;
    let hints = [*ears.near.borrow() - before.0, *ears.far.borrow() - before.1];
    assert!(hints.iter().all(|count| (1..=20).contains(count)), "{hints:?} hints for one call");
}

pub async fn nothing_is_lost_when_the_connection_that_listens_is_cut(bench: &Bench) {
    let mut ears = Ears::open(bench).await;
    for round in 0..2 {
        ears.settle().await;
        bench.driver().cut(Connections::Listening).await;
        bench.add_one(job("a")).await;
        ears.hear(&format!("an add while nobody listened, in round {round}")).await;
        // The hint after a new connection tells of it too; the next one is of a hint that was sent.
        ears.settle().await;
        bench.add_one(job("a")).await;
        ears.hear(&format!("an add after the cut, in round {round}")).await;
    }
}

pub async fn calls_go_on_after_every_connection_was_cut(bench: &Bench) {
    let hand = bench.hand().await;
    let ids = bench.add_all((0..20).map(|_| job("a")).collect()).await;
    for round in 1..=5 {
        bench.driver().cut(Connections::All).await;
        eventually("a call is answered", async || match bench.count(&dataqueue::model::Filter::default()).await {
            Ok(count) => count == 20,
            Err(error) => {
                assert!(error.retryable(), "not to be tried again: {error}");
                false
            }
        })
        .await;
        let mut claimed = Vec::new();
        eventually("a claim is answered", async || match hand.try_claim(&["a"], 2).await {
            Ok(claim) => {
                claimed = claim.jobs;
                true
            }
            Err(error) => {
                assert!(error.retryable(), "not to be tried again: {error}");
                false
            }
        })
        .await;
        assert_eq!(claimed.len(), 2, "round {round}");
    }
    assert_eq!(bench.get(&ids).await.unwrap().iter().filter(|job| job.attempts == 1).count(), 10);
}
