//! Charts of what the fleet did: which steps, and what is added up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::model::{Step, Tally, Traffic, TrafficQuery, TrafficRows};

/// The longest span that is charted by minutes.
const BY_MINUTES: Duration = Duration::from_secs(3 * 3_600);
/// The most rows that one chart is made of.
const MOST_ROWS: u32 = 50_000;
/// The most types that a chart tells of.
const MOST_TYPES: usize = 50;
/// What all further types are told as.
const OTHER: &str = "other";

/// What was done in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// How long each point is.
    pub step: Step,
    /// What was done in each step, of all types, with when it began: every step, the oldest first. The last is not over.
    pub points: Vec<(Timestamp, Tally)>,
    /// What was done of each type in all steps, the busiest first; the rest of them as `other`.
    pub types: Vec<(String, Tally)>,
}

/// What to ask a store for, for a chart of a span.
#[must_use]
pub fn query(span: Duration, job_type: Option<String>) -> TrafficQuery {
    let step = if span <= BY_MINUTES { Step::Minute } else { Step::Hour };
    TrafficQuery { span, step, job_type, limit: MOST_ROWS }
}

/// The chart of what a store answered.
#[must_use]
pub fn chart(query: &TrafficQuery, found: TrafficRows) -> Chart {
    let step = query.step;
    let (first, last) = (step.begin(found.now.minus(query.span)), step.begin(found.now));
    let mut points = BTreeMap::new();
    let mut at = first;
    while at <= last {
        points.insert(at, Tally::default());
        at = at.plus(step.span());
    }
    let mut types: HashMap<String, Tally> = HashMap::new();
    for (at, Traffic { job_type, tally }) in found.rows {
        if let Some(point) = points.get_mut(&at) {
            point.add(&tally);
            types.entry(job_type).or_default().add(&tally);
        }
    }
    types.remove("");
    let mut types: Vec<_> = types.into_iter().collect();
    types.sort_by(|(one, a), (other, b)| (Reverse(runs(a)), one).cmp(&(Reverse(runs(b)), other)));
    let rest = types.split_off(types.len().min(MOST_TYPES));
    if !rest.is_empty() {
        let place = types.iter().position(|(name, _)| name == OTHER).unwrap_or(types.len());
        if place == types.len() {
            types.push((OTHER.to_owned(), Tally::default()));
        }
        if let Some((_, others)) = types.get_mut(place) {
            for (_, tally) in &rest {
                others.add(tally);
            }
        }
    }
    Chart { step, points: points.into_iter().collect(), types }
}

fn runs(tally: &Tally) -> u64 {
    tally.completed.saturating_add(tally.failed).saturating_add(tally.cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn row(seconds: i64, job_type: &str, completed: u64) -> (Timestamp, Traffic) {
        let tally = Tally { completed, ..Tally::default() };
        (at(seconds), Traffic { job_type: job_type.to_owned(), tally })
    }

    #[test]
    fn every_step_is_a_point_and_types_add_up() {
        let query = query(Duration::from_secs(180), None);
        assert_eq!(query.step, Step::Minute);
        let rows = vec![row(600, "b", 1), row(480, "a", 3), row(480, "b", 4), row(480, "", 7), row(60, "a", 9)];
        let chart = chart(&query, TrafficRows { now: at(630), rows });
        let points: Vec<_> = chart.points.iter().map(|(at, tally)| (at.as_micros(), tally.completed)).collect();
        assert_eq!(points, [(420_000_000, 0), (480_000_000, 14), (540_000_000, 0), (600_000_000, 1)]);
        let types: Vec<_> = chart.types.iter().map(|(name, tally)| (name.as_str(), tally.completed)).collect();
        assert_eq!(types, [("b", 5), ("a", 3)]);
    }

    #[test]
    fn types_beyond_fifty_are_told_as_other_with_one_of_that_name() {
        let query = query(Duration::from_secs(86_400), None);
        assert_eq!(query.step, Step::Hour);
        let mut rows: Vec<_> = (0..60).map(|number| row(7_200, &format!("type {number:02}"), 5)).collect();
        rows.push(row(7_200, OTHER, 8));
        let chart = chart(&query, TrafficRows { now: at(7_300), rows });
        assert_eq!(chart.types.len(), 50);
        assert_eq!(chart.types.iter().map(|(_, tally)| tally.completed).sum::<u64>(), 308);
        assert_eq!(chart.types[0], (OTHER.to_owned(), Tally { completed: 8 + 11 * 5, ..Tally::default() }));
    }
}
