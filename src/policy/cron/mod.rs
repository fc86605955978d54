//! When a cron schedule is due, with the meaning that Debian's cron gives to expressions and to changes of the clock.

mod expression;
mod field;
mod pattern;
mod zone;

#[cfg(test)]
mod tests;

use crate::clock::Timestamp;
use crate::error::Result;

use pattern::Pattern;
pub use zone::{Zone, zone};

/// The longest expression, in characters.
pub const MAX_EXPRESSION: usize = 255;

/// How far ahead a tick is looked for. A leap day that must fall on one weekday comes at most 40 years after the last.
const HORIZON: i64 = 50 * 366 * 24 * 3600;
/// The year 1, before which no calendar of ours begins.
const EARLIEST: i64 = -62_135_596_800;
const MICROS: i64 = 1_000_000;

/// A cron expression: the local times at which something is due.
///
/// Where minute or hour begins with `*` it is a rhythm, due whenever the clocks show a time that matches. Otherwise its
/// times are fixed: appointments, of which a change of the clock neither loses nor repeats one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pattern: Pattern,
    fixed: bool,
}

impl Schedule {
    /// Reads five fields (minute, hour, day of month, month, day of week) or a nickname such as `@daily`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] that names the field, shows what is wrong in it and says what is allowed there; also for an
    /// expression that can never be due.
    pub fn parse(expression: &str) -> Result<Self> {
        expression::parse(expression)
    }

    /// The first tick after `after`, by the clocks of `zone`; `None` where 50 years have none.
    ///
    /// A fixed time that the clocks of a day leave out is due at the first instant after the gap, and one that they show
    /// twice is due at the first.
    #[must_use]
    pub fn next_after(&self, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let after = after.as_micros().div_euclid(MICROS).max(EARLIEST);
        let next = if self.fixed { self.next_fixed(after, zone) } else { self.next_running(after, zone) }?;
        next.checked_mul(MICROS).map(Timestamp::from_micros)
    }

    /// The ticks after `after` up to and with `until`, the first `most` of them.
    #[must_use]
    pub fn ticks(&self, after: Timestamp, until: Timestamp, most: usize, zone: &Zone) -> Vec<Timestamp> {
        let next = |after: &Timestamp| self.next_after(*after, zone).filter(|tick| *tick <= until);
        std::iter::successors(next(&after), next).take(most).collect()
    }

    /// Each matching local time has its instant; the first of these after `after` is due.
    fn next_fixed(&self, after: i64, zone: &Zone) -> Option<i64> {
        let mut local = after + zone.offset(after)?;
        let end = local + HORIZON;
        loop {
            let found = self.pattern.first(local + 1, end)?;
            let place = zone.place(found)?;
            if place.instant > after {
                return Some(place.instant);
            }
            local = place.resume;
        }
    }

    /// Between two changes of the clock local time is real time, so each stretch is searched by itself.
    fn next_running(&self, after: i64, zone: &Zone) -> Option<i64> {
        let mut stretch = after;
        let mut offset = zone.offset(after)?;
        let mut from = after + offset + 1;
        let end = from + HORIZON;
        let mut found = self.pattern.first(from, end)?;
        loop {
            let instant = found - offset;
            let Some(change) = zone.next_change(stretch).filter(|change| change.at <= instant) else {
                return Some(instant);
            };
            (stretch, offset) = (change.at, change.offset);
            let resumed = stretch + offset;
            // Between `from` and `found` nothing matches, so there is nothing new to be found from there.
            if !(from..=found).contains(&resumed) {
                from = resumed;
                found = self.pattern.first(from, end)?;
            }
        }
    }
}
