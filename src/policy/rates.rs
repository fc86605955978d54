//! How many jobs may start within a span of time.

use std::time::Duration;

use crate::clock::Timestamp;

/// How many parts a span is counted in: what started in a part counts as if it had started at the part's end, so that a rate is never
/// exceeded, and a window has few entries.
const PARTS: i64 = 64;

/// What started within the last span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    most: i64,
    per: i64,
    spent: Vec<(i64, i64)>,
}

impl Window {
    /// A window of `most` starts within `per`, and what is known of starts: when, in microseconds, and how many.
    #[must_use]
    pub fn new(most: i64, per: Duration, spent: Vec<(i64, i64)>) -> Self {
        Self { most, per: i64::try_from(per.as_micros()).unwrap_or(i64::MAX).max(1), spent }
    }

    /// The same where the span may have been a longer one until now: what was counted by its parts is over after two of this one.
    #[must_use]
    pub fn shortened(mut self, now: Timestamp) -> Self {
        let latest = now.as_micros().saturating_add(self.per);
        self.spent.iter_mut().for_each(|(at, _)| *at = latest.min(*at));
        self
    }

    /// How many may start now.
    #[must_use]
    pub fn room(&self, now: Timestamp) -> i64 {
        (self.most - self.used(now)).max(0)
    }

    /// How many started within the span that ends now.
    #[must_use]
    pub fn used(&self, now: Timestamp) -> i64 {
        self.current(now).map(|(_, count)| count).sum()
    }

    /// When room comes back next, if any is taken.
    #[must_use]
    pub fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let oldest = self.current(now).map(|(at, _)| at).min()?;
        Some(Timestamp::from_micros(oldest.saturating_add(self.per)))
    }

    /// Notes that so many start now; what is too old to count is forgotten.
    pub fn spend(&mut self, now: Timestamp, count: i64) {
        let part = (self.per / PARTS).max(1);
        let at = now.as_micros().div_euclid(part).saturating_add(1).saturating_mul(part);
        let mut spent: Vec<_> = self.current(now).collect();
        match spent.iter_mut().find(|(when, _)| *when == at) {
            Some((_, known)) => *known += count,
            None => spent.push((at, count)),
        }
        self.spent = spent;
    }

    /// What counts still.
    #[must_use]
    pub fn spent(&self) -> &[(i64, i64)] {
        &self.spent
    }

    fn current(&self, now: Timestamp) -> impl Iterator<Item = (i64, i64)> {
        let floor = now.as_micros().saturating_sub(self.per);
        self.spent.iter().copied().filter(move |(at, _)| *at > floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + millis * 1_000)
    }

    #[test]
    fn no_span_of_that_length_has_more_starts_than_are_allowed() {
        let mut window = Window::new(10, Duration::from_secs(1), Vec::new());
        let mut starts = Vec::new();
        for millis in 0..5_000 {
            if millis % 7 == 0 {
                let count = window.room(at(millis)).min(3);
                window.spend(at(millis), count);
                starts.push((millis, count));
            }
        }
        for from in 0..4_000 {
            let within: i64 =
                starts.iter().filter(|(at, _)| (from..from + 1_000).contains(at)).map(|(_, count)| count).sum();
            assert!(within <= 10, "{within} from {from}");
        }
        let all: i64 = starts.iter().map(|(_, count)| count).sum();
        assert!(all >= 48, "{all} of 50");
        assert!(window.spent().len() <= 66);
    }

    #[test]
    fn a_span_that_was_shortened_is_over_soon() {
        let mut long = Window::new(1, Duration::from_secs(86_400), Vec::new());
        long.spend(at(0), 1);
        let short = Window::new(1, Duration::from_secs(1), long.spent().to_vec()).shortened(at(500));
        assert_eq!((short.room(at(1_000)), short.next_at(at(1_000))), (0, Some(at(2_500))));
        assert_eq!(short.room(at(2_500)), 1);
    }

    #[test]
    fn room_comes_back_when_the_oldest_start_is_old_enough() {
        let mut window = Window::new(2, Duration::from_secs(10), Vec::new());
        assert_eq!((window.room(at(0)), window.next_at(at(0))), (2, None));
        window.spend(at(0), 2);
        assert_eq!(window.room(at(9_999)), 0);
        let next = window.next_at(at(1)).unwrap();
        assert!(next >= at(10_000) && next <= at(10_160));
        assert_eq!(window.room(next), 2);
    }
}
