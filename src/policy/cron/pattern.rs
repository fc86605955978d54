//! Which local times match, whatever the zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// The values of each field as bits. Local times are seconds as a clock set to them in UTC would count them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub minutes: u64,
    pub hours: u64,
    pub days: u64,
    pub months: u64,
    /// Sunday is 0.
    pub weekdays: u64,
    /// Whether a day that matches one of the two day fields is enough.
    pub either_day: bool,
}

impl Pattern {
    /// The first match from `from` to `end`.
    pub fn first(&self, from: i64, end: i64) -> Option<i64> {
        let from = civil(from.checked_add(59)?.div_euclid(60).checked_mul(60)?)?;
        let found = self.later_that_day(from).or_else(|| self.on_a_later_day(from.date(), end))?;
        let found = Offset::UTC.to_timestamp(found).ok()?.as_second();
        (found <= end).then_some(found)
    }

    /// Whether there is a day that matches in any year.
    pub fn has_days(&self) -> bool {
        const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        self.either_day
            || (1..).zip(LENGTHS).any(|(month, length)| has(self.months, month) && self.days & days_to(length) != 0)
    }

    fn later_that_day(&self, from: DateTime) -> Option<DateTime> {
        let date = from.date();
        if !has(self.months, date.month()) || !has(self.days_in(date.first_of_month()), date.day()) {
            return None;
        }
        let (hour, minute) = (from.hour(), from.minute());
        if has(self.hours, hour)
            && let Some(minute) = first_bit(since(self.minutes, minute))
        {
            return Some(date.at(hour, minute, 0, 0));
        }
        self.start(date, first_bit(since(self.hours, hour + 1))?)
    }

    fn on_a_later_day(&self, after: Date, end: i64) -> Option<DateTime> {
        let last = civil(end).map_or(Date::MAX, DateTime::date);
        let mut month = after.first_of_month();
        let mut day = after.day() + 1;
        while month <= last {
            if has(self.months, month.month())
                && let Some(day) = first_bit(since(self.days_in(month), day))
            {
                let date = Date::new(month.year(), month.month(), day).ok()?;
                return self.start(date, first_bit(self.hours)?);
            }
            month = next_month(month)?;
            day = 1;
        }
        None
    }

    fn start(&self, date: Date, hour: i8) -> Option<DateTime> {
        Some(date.at(hour, first_bit(self.minutes)?, 0, 0))
    }

    /// The days that match in the month that begins with `first`.
    fn days_in(&self, first: Date) -> u64 {
        /// A bit at the beginning of each of five weeks: times a week's bits, it repeats them over a month.
        const WEEKS: u64 = 0b1_0000001_0000001_0000001_0000001;
        const WEEK: u64 = 0b111_1111;
        let begin = first.weekday().to_sunday_zero_offset();
        let week = ((self.weekdays >> begin) | (self.weekdays << (7 - begin))) & WEEK;
        let by_week = (week * WEEKS) << 1;
        let both = if self.either_day { self.days | by_week } else { self.days & by_week };
        both & days_to(first.days_in_month().unsigned_abs())
    }
}

/// The local time that a clock shows after so many seconds.
fn civil(local: i64) -> Option<DateTime> {
    Some(Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?))
}

fn next_month(month: Date) -> Option<Date> {
    match month.month() {
        12 => Date::new(month.year().checked_add(1)?, 1, 1),
        earlier => Date::new(month.year(), earlier + 1, 1),
    }
    .ok()
}

fn has(bits: u64, value: i8) -> bool {
    (bits >> value) & 1 == 1
}

fn since(bits: u64, value: i8) -> u64 {
    (bits >> value) << value
}

fn days_to(length: u8) -> u64 {
    (2 << length) - 2
}

fn first_bit(bits: u64) -> Option<i8> {
    (bits != 0).then(|| bits.trailing_zeros() as i8)
}
