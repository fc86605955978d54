//! Points in time as the store counts them, and the only place that reads the wall clock.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This time plus `span`, saturating at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This time minus `span`, saturating at the beginning of time.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The time in RFC 3339 form with microseconds, in UTC: the form of `error_history` entries.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let (days, micros) = (self.0.div_euclid(86_400_000_000), self.0.rem_euclid(86_400_000_000));
        let (year, month, day) = civil_from_days(days);
        let seconds = micros / 1_000_000;
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            micros % 1_000_000
        )
    }
}

/// The proleptic Gregorian date of a day counted from 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A source of the current time, for stores that run inside this process.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that its owner moves, so that days can pass within a test. Clones are one clock.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    start: Timestamp,
    /// Since when it also goes by itself; `None` if it does not.
    ticking: Option<Instant>,
    moved: watch::Sender<Duration>,
}

impl VirtualClock {
    /// A clock that shows `start`. One that ticks goes on from there as the machine's does; any other stands still.
    #[must_use]
    pub fn new(start: Timestamp, ticks: bool) -> Self {
        let ticking = ticks.then(Instant::now);
        Self(Arc::new(Hands { start, ticking, moved: watch::Sender::new(Duration::ZERO) }))
    }

    /// Whether it goes by itself.
    #[must_use]
    pub fn ticks(&self) -> bool {
        self.0.ticking.is_some()
    }

    /// Moves it forward; the time that it shows then.
    pub fn advance(&self, span: Duration) -> Timestamp {
        self.0.moved.send_modify(|moved| *moved = moved.saturating_add(span));
        self.now()
    }

    /// Changes whenever it is moved.
    #[must_use]
    pub fn moves(&self) -> watch::Receiver<Duration> {
        self.0.moved.subscribe()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let ticked = self.0.ticking.map(|since| since.elapsed()).unwrap_or_default();
        self.0.start.plus(*self.0.moved.borrow()).plus(ticked)
    }
}

impl PartialEq for VirtualClock {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for VirtualClock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_are_written_in_rfc_3339() {
        assert_eq!(Timestamp::from_micros(0).to_rfc3339(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::from_micros(951_782_400_000_001).to_rfc3339(), "2000-02-29T00:00:00.000001Z");
        assert_eq!(Timestamp::from_micros(-1).to_rfc3339(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_virtual_clock_stands_still_until_it_is_moved_and_its_clones_are_moved_with_it() {
        let (start, day) = (Timestamp::from_micros(1_000), Duration::from_secs(86_400));
        let clock = VirtualClock::new(start, false);
        let clone = clock.clone();
        assert_eq!(clone.now(), start);
        assert_eq!(clock.advance(day), start.plus(day));
        assert_eq!(clone.now(), start.plus(day));
        assert_eq!(clock.advance(Duration::MAX), Timestamp::from_micros(i64::MAX));
    }

    #[test]
    fn a_ticking_clock_goes_on_from_where_it_was_moved_to() {
        let clock = VirtualClock::new(Timestamp::default(), true);
        let moved = clock.advance(Duration::from_secs(3_600));
        assert!(clock.ticks() && moved >= Timestamp::default().plus(Duration::from_secs(3_600)));
        while clock.now() == moved {
            std::thread::yield_now();
        }
        assert!(clock.now() > moved);
    }
}
