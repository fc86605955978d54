//! Workers, and the ends they bring to what they claimed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dataqueue::Result;
use dataqueue::model::{
    Claim, ClaimRequest, Claimed, Failure, FailureReason, Lease, Outcome, Profile, Settled, Settlement, Turns, Worker,
};
use dataqueue::storage::Storage;
use tokio::time::Instant;

use super::Bench;

/// How long a condition may take to come true. Nothing waits this long unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A registered worker on one handle, with its claims numbered.
pub struct Hand {
    pub store: Arc<dyn Storage>,
    pub worker: Worker,
    tokens: AtomicI64,
    turns: Option<Turns>,
}

impl Hand {
    /// Registers a worker whose leases last `lease`.
    pub async fn with_lease(store: Arc<dyn Storage>, lease: Duration) -> Self {
        let worker = store.register(&Profile::named("hand"), lease).await.unwrap();
        Self { store, worker, tokens: AtomicI64::new(1), turns: None }
    }

    /// The same worker, in whose claims groups take turns.
    pub fn in_turns(self, turns: Turns) -> Self {
        Self { turns: Some(turns), ..self }
    }

    /// A claim under a fresh token.
    pub async fn try_claim(&self, types: &[&str], limit: u32) -> Result<Claim> {
        let request = ClaimRequest {
            worker: self.worker.clone(),
            token: self.tokens.fetch_add(1, Ordering::Relaxed),
            job_types: types.iter().map(|name| (*name).to_owned()).collect(),
            limit,
            lease: None,
            turns: self.turns.clone(),
        };
        self.store.claim(&request).await
    }

    /// The token of the latest claim.
    pub fn token(&self) -> i64 {
        self.tokens.load(Ordering::Relaxed) - 1
    }

    /// Claims up to `limit` jobs of these types.
    pub async fn claim(&self, types: &[&str], limit: u32) -> Vec<Claimed> {
        self.try_claim(types, limit).await.unwrap().jobs
    }

    /// Claims the one job of these types that may be claimed.
    pub async fn take(&self, job_type: &str) -> Claimed {
        let mut claimed = self.claim(&[job_type], 1).await;
        assert_eq!(claimed.len(), 1, "no job of type {job_type} to claim");
        claimed.remove(0)
    }

    /// Settles one lease.
    pub async fn settle(&self, settlement: Settlement) -> Settled {
        let mut answers = self.store.settle(&[settlement]).await.unwrap();
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// Renews for `lease` from now.
    pub async fn renew(&self, lease: Duration) -> Result<()> {
        self.store.renew(&self.worker, lease).await.map(drop)
    }

    /// Whether the lease may still settle its job; it is the job's end if so.
    pub async fn holds(&self, lease: Lease) -> bool {
        let settlement = Settlement { lease, attempt: 1, outcome: Outcome::Completed { output: None } };
        self.settle(settlement).await == Settled::Applied
    }
}

impl Bench {
    /// A worker that stays alive as long as any test runs.
    pub async fn hand(&self) -> Hand {
        Hand::with_lease(self.store(), Duration::from_secs(600)).await
    }

    /// A worker on another handle.
    pub async fn distant_hand(&self) -> Hand {
        Hand::with_lease(self.second(), Duration::from_secs(600)).await
    }

    /// A worker that is dead a few milliseconds from now, unless it is renewed.
    pub async fn dying_hand(&self) -> Hand {
        Hand::with_lease(self.store(), Duration::from_millis(20)).await
    }

    /// Sweeps until the store has reclaimed `count` jobs, and answers what became of them.
    pub async fn reclaim_all(&self, count: usize) -> Vec<dataqueue::model::Reclaimed> {
        let mut reclaimed = Vec::new();
        eventually("leases run out and are reclaimed", async || {
            reclaimed.extend(self.reclaim(1_000).await.unwrap());
            reclaimed.len() >= count
        })
        .await;
        assert_eq!(reclaimed.len(), count, "more was reclaimed than was lost: {reclaimed:?}");
        reclaimed
    }
}

/// The settlement that completes a claimed job.
pub fn complete(claimed: &Claimed) -> Settlement {
    end(claimed, Outcome::Completed { output: None })
}

/// The settlement that fails a claimed job.
pub fn fail(claimed: &Claimed, retry_in: Option<Duration>) -> Settlement {
    let failure = Failure {
        reason: FailureReason::HandlerError,
        message: "it broke".to_owned(),
        kind: Some("ValueError".to_owned()),
        traceback: Some("Traceback: line 1".to_owned()),
        retry_in,
    };
    end(claimed, Outcome::Failed(failure))
}

/// The settlement that gives a claimed job back.
pub fn release(claimed: &Claimed) -> Settlement {
    end(claimed, Outcome::Released)
}

/// The settlement that ends a claimed job in this way.
pub fn end(claimed: &Claimed, outcome: Outcome) -> Settlement {
    Settlement { lease: claimed.lease, attempt: claimed.job.attempts, outcome }
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "did not come true within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
