//! Counters and histograms of one type. What a run costs here is a few atomic additions.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{BUCKETS, Outcome, Spread, Tally, bucket};

/// What was done of one type, since the processor was made. The numbers are independent of each other: a reading of several is
/// not one moment.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub claimed: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    cancelled: AtomicU64,
    released: AtomicU64,
    waiting: AtomicU64,
    latency: Histogram,
    run_time: Histogram,
}

impl Meter {
    /// Counts how a run ended, and how long its handler ran, if it did.
    pub fn ended(&self, outcome: &Outcome, ran: Option<Duration>) {
        let counter = match outcome {
            Outcome::Completed { .. } => &self.completed,
            Outcome::Failed(failure) => {
                if failure.retry_in.is_some() {
                    add(&self.retried, 1);
                }
                &self.failed
            }
            Outcome::Released => &self.released,
            Outcome::Waiting(_) => &self.waiting,
            Outcome::Cancelled { .. } => &self.cancelled,
        };
        add(counter, 1);
        if let Some(ran) = ran {
            self.run_time.add(ran);
        }
    }

    /// Counts a handler that started, so long after its job fell due.
    pub fn started(&self, latency: Duration) {
        self.latency.add(latency);
    }

    pub fn released(&self) {
        add(&self.released, 1);
    }

    pub fn read(&self) -> Tally {
        Tally {
            completed: get(&self.completed),
            failed: get(&self.failed),
            retried: get(&self.retried),
            cancelled: get(&self.cancelled),
            released: get(&self.released),
            waiting: get(&self.waiting),
            latency: self.latency.read(),
            run_time: self.run_time.read(),
            ..Tally::default()
        }
    }
}

#[derive(Debug)]
struct Histogram {
    sum_micros: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Self {
        Self { sum_micros: AtomicU64::new(0), buckets: array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Histogram {
    fn add(&self, took: Duration) {
        add(&self.sum_micros, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if let Some(count) = self.buckets.get(bucket(took)) {
            add(count, 1);
        }
    }

    fn read(&self) -> Spread {
        let mut spread = Spread { sum_ms: get(&self.sum_micros) / 1_000, ..Spread::default() };
        for (place, count) in spread.buckets.iter_mut().zip(&self.buckets) {
            *place = get(count);
        }
        spread
    }
}

pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

pub(super) fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
