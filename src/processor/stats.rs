//! Counts of what a processor did.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Outcome, Settlement};

/// Counters, since the processor was made. They are independent of each other: a reading of several is not one moment.
#[derive(Debug, Default)]
pub struct Stats {
    claimed: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    released: AtomicU64,
    waited: AtomicU64,
    cancelled: AtomicU64,
    lost: AtomicU64,
    reclaimed: AtomicU64,
}

/// A reading of [`Stats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Jobs claimed.
    pub claimed: u64,
    /// Runs that ended well.
    pub completed: u64,
    /// Runs that failed, timeouts among them.
    pub failed: u64,
    /// Those of them that are tried again.
    pub retried: u64,
    /// Jobs given back.
    pub released: u64,
    /// Runs whose handlers wait.
    pub waited: u64,
    /// Runs that were broken off because somebody asked to cancel the job.
    pub cancelled: u64,
    /// Runs whose lease was lost.
    pub lost: u64,
    /// Jobs taken from dead workers.
    pub reclaimed: u64,
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl Stats {
    pub(super) fn claimed(&self, count: usize) {
        add(&self.claimed, count);
    }

    /// Counts how a run ended.
    pub(super) fn ended(&self, settlement: &Settlement) {
        let counter = match &settlement.outcome {
            Outcome::Completed { .. } => &self.completed,
            Outcome::Failed(failure) => {
                add(&self.retried, usize::from(failure.retry_in.is_some()));
                &self.failed
            }
            Outcome::Released => &self.released,
            Outcome::Waiting(_) => &self.waited,
            Outcome::Cancelled { .. } => &self.cancelled,
        };
        add(counter, 1);
    }

    pub(super) fn released(&self, count: usize) {
        add(&self.released, count);
    }

    pub(super) fn lost(&self, count: usize) {
        add(&self.lost, count);
    }

    pub(super) fn reclaimed(&self, count: usize) {
        add(&self.reclaimed, count);
    }

    /// Reads the counters.
    #[must_use]
    pub fn read(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            claimed: get(&self.claimed),
            completed: get(&self.completed),
            failed: get(&self.failed),
            retried: get(&self.retried),
            released: get(&self.released),
            waited: get(&self.waited),
            cancelled: get(&self.cancelled),
            lost: get(&self.lost),
            reclaimed: get(&self.reclaimed),
        }
    }
}
