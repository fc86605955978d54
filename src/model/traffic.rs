//! What workers did, in numbers: for a moment's look and for charts.

use std::time::Duration;

use crate::clock::Timestamp;

/// The upper bounds of the buckets of durations, in milliseconds: about twice as much each, from a millisecond to an hour. What took
/// longer is in one bucket more. Stores hold numbers that were counted by them: they do not change.
pub const BOUNDS_MS: [u64; 23] = [
    1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 120_000, 240_000,
    480_000, 900_000, 1_800_000, 3_600_000,
];

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS_MS.len() + 1;

/// The bucket that a duration belongs to.
#[must_use]
pub fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    BOUNDS_MS.partition_point(|bound| bound * 1_000 < micros)
}

/// How long things took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// All together, in milliseconds.
    pub sum_ms: u64,
    /// How many fell into each bucket.
    pub buckets: [u64; BUCKETS],
}

/// What was done, of one type or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Runs that ended well.
    pub completed: u64,
    /// Runs that failed, timeouts and those that are tried again among them.
    pub failed: u64,
    /// Those of them that are tried again.
    pub retried: u64,
    /// Runs that ended with their job cancelled.
    pub cancelled: u64,
    /// Jobs given back.
    pub released: u64,
    /// Runs whose handlers wait.
    pub waiting: u64,
    /// Runs whose lease was lost.
    pub lost: u64,
    /// Calls to the store that went wrong.
    pub errors: u64,
    /// From when jobs fell due until their handlers started.
    pub latency: Spread,
    /// How long handlers ran.
    pub run_time: Spread,
}

/// How many numbers a [`Tally`] is.
pub const NUMBERS: usize = 10 + 2 * BUCKETS;

impl Tally {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of it, in the order in which stores keep it; new kinds of numbers come at the end.
    #[must_use]
    pub fn numbers(&self) -> [u64; NUMBERS] {
        let mut all = [0; NUMBERS];
        let mut parts = *self;
        for (number, place) in all.iter_mut().zip(parts.places()) {
            *number = *place;
        }
        all
    }

    /// That of these numbers: those that are missing are 0, and those that are not known are passed over.
    #[must_use]
    pub fn of(numbers: &[u64]) -> Self {
        let mut tally = Self::default();
        for (place, number) in tally.places().into_iter().zip(numbers) {
            *place = *number;
        }
        tally
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        for (place, number) in self.places().into_iter().zip(other.numbers()) {
            *place = place.saturating_add(number);
        }
    }

    /// What came since it was `earlier`.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        for (place, number) in self.places().into_iter().zip(earlier.numbers()) {
            *place = place.saturating_sub(number);
        }
        self
    }

    fn places(&mut self) -> impl IntoIterator<Item = &mut u64> {
        let Self { completed, failed, retried, cancelled, released, waiting, lost, errors, latency, run_time } = self;
        [completed, failed, retried, cancelled, released, waiting, lost, errors]
            .into_iter()
            .chain([&mut latency.sum_ms, &mut run_time.sum_ms])
            .chain(&mut latency.buckets)
            .chain(&mut run_time.buckets)
    }
}

/// What was done of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// The type; empty for what belongs to none: lost leases and errors of the store.
    pub job_type: String,
    /// What was done.
    pub tally: Tally,
}

/// The spans that a store adds traffic up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Kept for 48 hours.
    Minute,
    /// Kept for 30 days.
    Hour,
}

impl Step {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Hour];

    /// How long it is.
    #[must_use]
    pub fn span(self) -> Duration {
        Duration::from_secs(self.seconds().unsigned_abs())
    }

    /// How long it is, in seconds: its name in stores.
    #[must_use]
    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// How long what was added up in it is kept.
    #[must_use]
    pub fn kept(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(48 * 3_600),
            Self::Hour => Duration::from_secs(30 * 86_400),
        }
    }

    /// When the step began that a time is in.
    #[must_use]
    pub fn begin(self, at: Timestamp) -> Timestamp {
        let step = self.seconds() * 1_000_000;
        Timestamp::from_micros(at.as_micros().div_euclid(step) * step)
    }
}

/// What of the traffic is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficQuery {
    /// So far back from now; the step in which that lies is answered whole.
    pub span: Duration,
    /// In which steps.
    pub step: Step,
    /// Of one type only.
    pub job_type: Option<String>,
    /// The newest rows, at most so many.
    pub limit: u32,
}

/// What a store was told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrafficRows {
    /// The store's clock when it answered.
    pub now: Timestamp,
    /// Each with when its step began, the newest first; within one step by type.
    pub rows: Vec<(Timestamp, Traffic)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let places =
            [(0, 0), (1_000, 0), (1_001, 1), (2_000, 1), (1_000_000, 10), (3_600_000_000, 22), (3_600_000_001, 23)];
        for (micros, place) in places {
            assert_eq!(bucket(Duration::from_micros(micros)), place);
        }
    }

    #[test]
    fn a_tally_is_the_same_after_its_way_through_a_store_and_adds_up() {
        let numbers: Vec<u64> = (1..=NUMBERS as u64).collect();
        let tally = Tally::of(&numbers);
        assert_eq!(tally.numbers().as_slice(), numbers);
        assert_eq!((tally.completed, tally.errors, tally.run_time.buckets[BUCKETS - 1]), (1, 8, NUMBERS as u64));
        let mut sum = tally;
        sum.add(&tally);
        assert_eq!(sum.numbers()[3], 8);
        assert_eq!(sum.since(&tally), tally);
        assert!(tally.since(&tally).is_empty());
        assert_eq!(Tally::of(&[3]).completed, 3);
    }

    #[test]
    fn a_step_begins_at_a_whole_minute_or_hour_before_1970_too() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(Step::Minute.begin(at(119)), at(60));
        assert_eq!(Step::Hour.begin(at(7_199)), at(3_600));
        assert_eq!(Step::Hour.begin(at(-1)), at(-3_600));
    }
}
