//! Each rule, with the instants written out.

mod changes;
mod errors;
mod matching;
mod never_panics;

use super::*;

/// An instant, out of its form in RFC 3339.
fn at(text: &str) -> Timestamp {
    Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

/// The next ticks after `after`, each as it is written in UTC to the minute.
fn ticks(expression: &str, name: &str, after: &str, count: usize) -> Vec<String> {
    let end = Timestamp::from_micros(i64::MAX);
    let ticks = Schedule::parse(expression).unwrap().ticks(at(after), end, count, &zone(name).unwrap());
    ticks.iter().map(|tick| tick.to_rfc3339().replace(":00.000000Z", "Z")).collect()
}
