//! Counts of what a processor did.

use std::array;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::calls::Call;
use super::config::Config;
use super::meter::{Meter, add, get};
use crate::model::{Claimed, Outcome, Settlement, Tally};

/// The most types that are counted apart.
const MOST_TYPES: usize = 100;

/// What all further types are counted as.
pub const OTHER: &str = "other";

/// Counters, since the processor was made. They are independent of each other: a reading of several is not one moment.
#[derive(Debug)]
pub struct Stats {
    /// The last one is that of all types that are not counted apart.
    meters: Vec<Meter>,
    /// The types that are counted apart, each with the place of its meter.
    places: HashMap<String, usize>,
    /// The place of the meter of each handler: what runs is counted without looking for its type.
    by_handler: Vec<usize>,
    lost: AtomicU64,
    reclaimed: AtomicU64,
    errors: [AtomicU64; Call::ALL.len()],
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

impl Stats {
    /// Counts the types that the processor handles apart, as far as there is room for them.
    pub(super) fn new(config: &Config) -> Self {
        let mut types: Vec<_> = config.handlers.keys().chain(&config.job_types).filter(|name| *name != OTHER).collect();
        types.sort_unstable();
        types.dedup();
        types.truncate(MOST_TYPES);
        let places: HashMap<_, _> = types.into_iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let mut handlers: Vec<_> = config.handlers.iter().map(|(name, handler)| (handler.index, name)).collect();
        handlers.sort_unstable();
        let mut by_handler = Vec::new();
        for (index, name) in handlers {
            by_handler.resize(index as usize, places.len());
            by_handler.push(places.get(name).copied().unwrap_or(places.len()));
        }
        Self {
            meters: (0..=places.len()).map(|_| Meter::default()).collect(),
            places,
            by_handler,
            lost: AtomicU64::new(0),
            reclaimed: AtomicU64::new(0),
            errors: array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    fn meter(&self, job_type: &str) -> Option<&Meter> {
        self.meters.get(self.places.get(job_type).copied().unwrap_or(self.places.len()))
    }

    fn of_handler(&self, handler: u32) -> Option<&Meter> {
        self.meters.get(self.by_handler.get(handler as usize).copied().unwrap_or(self.places.len()))
    }

    /// Counts a claimed job whose handler is not known.
    pub(super) fn claimed(&self, claimed: &Claimed) {
        if let Some(meter) = self.meter(&claimed.job.job_type) {
            add(&meter.claimed, 1);
        }
    }

    /// Counts a claimed job of a handler.
    pub(super) fn claimed_for(&self, handler: u32) {
        if let Some(meter) = self.of_handler(handler) {
            add(&meter.claimed, 1);
        }
    }

    /// Counts a handler that starts, `waited` after the claim was answered.
    pub(super) fn started(&self, handler: u32, claimed: &Claimed, waited: Duration) {
        let due = claimed.due_at.zip(claimed.job.locked_at);
        // Where nobody knows when it fell due, only what is known of it is counted.
        let late = due.map(|(due, claimed)| claimed.since(due)).unwrap_or_default();
        if let Some(meter) = self.of_handler(handler) {
            meter.started(late.saturating_add(waited));
        }
    }

    /// Counts how a run ended, and how long its handler ran, if it did.
    pub(super) fn ended(&self, handler: u32, claimed: &Claimed, settlement: &Settlement, ran: Option<Duration>) {
        if let Some(meter) = self.of_handler(handler) {
            meter.ended(&settlement.outcome, ran);
        }
        log_end(claimed, &settlement.outcome);
    }

    /// Counts how a run ended that has no handler.
    pub(super) fn ended_without(&self, claimed: &Claimed, settlement: &Settlement) {
        if let Some(meter) = self.meter(&claimed.job.job_type) {
            meter.ended(&settlement.outcome, None);
        }
        log_end(claimed, &settlement.outcome);
    }

    pub(super) fn released(&self, claimed: &Claimed) {
        if let Some(meter) = self.meter(&claimed.job.job_type) {
            meter.released();
        }
        log_end(claimed, &Outcome::Released);
    }

    pub(super) fn lost(&self, count: usize) {
        add(&self.lost, count as u64);
    }

    pub(super) fn reclaimed(&self, count: usize) {
        add(&self.reclaimed, count as u64);
    }

    /// A call to the store went wrong.
    pub(super) fn erred(&self, call: Call) {
        if let Some(counter) = self.errors.get(call as usize) {
            add(counter, 1);
        }
    }

    /// How many calls of each kind went wrong, of those of which any did.
    pub(super) fn errors(&self) -> Vec<(Call, u64)> {
        let all = Call::ALL.into_iter().zip(self.errors.iter().map(get));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// What was done of each type, and how many jobs of it were claimed; that of all others last, if there are any.
    pub(super) fn types(&self) -> Vec<(String, u64, Tally)> {
        let read = |name: &str, meter: &Meter| (name.to_owned(), get(&meter.claimed), meter.read());
        let mut all: Vec<_> =
            self.places.iter().filter_map(|(name, at)| Some(read(name, self.meters.get(*at)?))).collect();
        all.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        let others = self.meters.last().map(|meter| read(OTHER, meter));
        all.extend(others.filter(|(_, claimed, tally)| *claimed > 0 || !tally.is_empty()));
        all
    }

    /// What belongs to no type.
    pub(super) fn whole(&self) -> Tally {
        Tally { lost: get(&self.lost), errors: self.errors.iter().map(get).sum(), ..Tally::default() }
    }

    /// Reads the counters, of all types together.
    #[must_use]
    pub fn read(&self) -> Counts {
        let mut counts = Counts { lost: get(&self.lost), reclaimed: get(&self.reclaimed), ..Counts::default() };
        for meter in &self.meters {
            let tally = meter.read();
            counts.claimed += get(&meter.claimed);
            counts.completed += tally.completed;
            counts.failed += tally.failed;
            counts.retried += tally.retried;
            counts.released += tally.released;
            counts.waited += tally.waiting;
            counts.cancelled += tally.cancelled;
        }
        counts
    }
}

fn log_end(claimed: &Claimed, outcome: &Outcome) {
    let how = match outcome {
        Outcome::Completed { .. } => "completed",
        Outcome::Failed(failure) if failure.retry_in.is_some() => "failed, and is tried again",
        Outcome::Failed(_) => "failed for good",
        Outcome::Released => "was given back",
        Outcome::Waiting(_) => "waits",
        Outcome::Cancelled { .. } => "was cancelled",
    };
    let (job, worker) = (&claimed.job, claimed.job.locked_by.as_deref().unwrap_or_default());
    tracing::debug!(job_id = job.id, job_type = job.job_type.as_str(), worker, "job {} {how}", job.id);
}
