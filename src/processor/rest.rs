//! The long lease of a worker that has nothing in hand. Nobody waits for its death, so it need not show that it lives as often as
//! one that holds jobs; the next claim that finds any shortens the lease again, in the same transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify};

use super::engine::{Engine, Phase};
use crate::error::Result;
use crate::model::Worker;

/// How many times as long the lease of a resting worker lasts, and how long at most, unless it is longer anyway.
const LONGER: u32 = 10;
const LONGEST: Duration = Duration::from_secs(86_400);

/// Whether the worker rests.
#[derive(Default)]
pub(super) struct Rest {
    /// Locked while a renewal for a long time is under way, so that no claim overtakes it.
    rests: Mutex<bool>,
    /// Set where every claim goes through [`Engine::begin_claim`].
    is_allowed: AtomicBool,
    /// Whether the limits were set.
    declared: AtomicBool,
    /// Tells the renewer that the worker rests no more.
    pub over: Notify,
}

impl Rest {
    /// Renewals may be for longer from now on.
    pub fn allow(&self) {
        self.is_allowed.store(true, Ordering::Relaxed);
    }
}

impl Engine {
    /// Registers the worker, which rests from the first, and answers when that is to be renewed.
    pub async fn register(&self) -> Result<(Arc<Worker>, Duration)> {
        let mut rests = self.rest.rests.lock().await;
        *rests = self.may_rest();
        let lease = if *rests { self.long_lease() } else { self.lease() };
        if !self.rest.declared.load(Ordering::Relaxed) {
            self.storage.set_limits(&self.config.limits).await?;
            self.rest.declared.store(true, Ordering::Relaxed);
        }
        let began = Instant::now();
        let worker = Arc::new(self.storage.register(&self.config.profile(), lease).await?);
        tracing::info!(worker = worker.name.as_str(), "worker {} is registered", worker.name);
        self.renewed(began, lease);
        self.set_worker(&worker);
        Ok((worker, if *rests { lease } else { self.config.lease }))
    }

    /// Renews the leases of `worker`, breaks off the runs that somebody asked to cancel, begins to drain where somebody asked for that, and
    /// answers for how long the leases last.
    pub async fn renew(&self, worker: &Worker) -> Result<Duration> {
        let mut rests = self.rest.rests.lock().await;
        if self.may_rest() {
            *rests = true;
            let lease = self.long_lease();
            self.renew_for(worker, lease).await?;
            return Ok(lease);
        }
        drop(rests);
        self.renew_for(worker, self.lease()).await?;
        // Not before: a claim that comes while the lease is still the long one has to shorten it.
        *self.rest.rests.lock().await = false;
        Ok(self.config.lease)
    }

    fn long_lease(&self) -> Duration {
        let lease = self.lease();
        lease.saturating_mul(LONGER).min(LONGEST).max(lease)
    }

    async fn renew_for(&self, worker: &Worker, lease: Duration) -> Result<()> {
        let began = Instant::now();
        let renewed = self.storage.renew(worker, lease).await?;
        self.renewed(began, lease);
        self.lanes.cancel(&renewed.cancelled);
        if renewed.draining {
            self.ask_to_drain();
        }
        Ok(())
    }

    /// A number for a claim that is about to be made, and what it renews the worker for, should it lease jobs, if that rests.
    pub async fn begin_claim(&self, worker: &Arc<Worker>) -> (i64, Option<Duration>) {
        let rests = self.rest.rests.lock().await;
        let token = self.next_token();
        *self.unanswered.lock() = Some((Arc::clone(worker), token));
        (token, rests.then(|| self.lease()))
    }

    /// A claim that began then renewed the worker, as it leased jobs: it rests no more.
    pub async fn end_rest(&self, began: Instant) {
        *self.rest.rests.lock().await = false;
        self.renewed(began, self.lease());
        self.rest.over.notify_one();
    }

    /// Of a claim that was to renew the worker the answer was lost. It may have leased jobs for a short time, so that renewals must
    /// come soon; or nothing, and the next claim has to shorten the lease.
    pub fn doubt_rest(&self) {
        self.rest.over.notify_one();
    }

    /// Whether nothing is in hand, nor on its way from a claim: there is nothing that could be lost with the lease.
    pub fn holds_nothing(&self) -> bool {
        self.unanswered.lock().is_none() && self.lanes.in_hand().0 == 0
    }

    fn may_rest(&self) -> bool {
        let allowed = self.rest.is_allowed.load(Ordering::Relaxed) && self.clock.is_none();
        allowed && self.phase() == Phase::Running && self.holds_nothing()
    }
}
