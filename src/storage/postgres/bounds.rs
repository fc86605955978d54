//! Where claims begin. A claim deletes what it takes, but the index keeps the entries until they are vacuumed, and a report that
//! holds an old snapshot open keeps them from that: a claim that begins at the start walks over all of them.
//!
//! So a claim begins behind the last job taken, of each type and priority. Whatever comes to stand before that point is found by a
//! claim of the whole, which takes place when this storage put something there, when a look found something, and now and then;
//! where the walk is long, as often as costs about a twentieth of the time.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::rows::At;
use crate::clock::Timestamp;
use crate::lock::Mutex;
use crate::model::JobId;

/// A claim of the whole that found so many jobs is one of a backlog, whose order need not be looked at anew each time.
const DEEP: usize = 100;
/// A claim of the whole that the server worked on for so long walked a long way.
const LONG: Duration = Duration::from_millis(10);
/// How long claims begin behind the last job at least, where they do, and at most.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(30);
/// How much longer than a claim of the whole that is.
const SHARE: u32 = 20;
/// More types and priorities than this are not kept in mind.
const MOST: usize = 256;

/// What the index is ordered by, within a type and a rank.
type Place = (Timestamp, JobId);

/// The parts of the index that a claim looks at, one range after another for each type: from behind a place to the end of the
/// ranks below the next one.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    pub(super) types: Vec<String>,
    pub(super) ranks: Vec<i32>,
    pub(super) due: Vec<At>,
    pub(super) ids: Vec<JobId>,
    pub(super) stops: Vec<i64>,
    /// None if that is all of the index; else how long parts of it are looked at still.
    pub(super) rest: Option<Duration>,
    changes: u64,
}

impl Ranges {
    fn push(&mut self, job_type: &str, rank: i32, place: Place, stop: i64) {
        self.types.push(job_type.to_owned());
        self.ranks.push(rank);
        self.due.push(At(place.0));
        self.ids.push(place.1);
        self.stops.push(stop);
    }
}

/// A job that was taken.
pub(super) struct Taken<'a> {
    pub(super) job_type: &'a str,
    pub(super) priority: i32,
    pub(super) due_at: Timestamp,
    pub(super) id: JobId,
}

#[derive(Debug, Default)]
struct State {
    /// The last place taken, of each type and rank.
    last: HashMap<String, BTreeMap<i32, Place>>,
    until: Option<Instant>,
    changes: u64,
}

/// The last places that this storage's claims took.
#[derive(Debug, Default)]
pub(super) struct Bounds(Mutex<State>);

impl Bounds {
    /// Something may stand before the last place now: the next claim looks at the whole.
    pub(super) fn reset(&self) {
        let mut state = self.0.lock();
        state.until = None;
        state.changes += 1;
    }

    /// All of the index.
    pub(super) fn whole(types: &[String]) -> Ranges {
        let mut ranges = Ranges::default();
        for job_type in types {
            ranges.push(job_type, i32::MIN, (Timestamp::from_micros(i64::MIN), 0), i64::MAX);
        }
        ranges
    }

    /// Where a claim of these types is to look.
    pub(super) fn ranges(&self, types: &[String]) -> Ranges {
        let state = self.0.lock();
        let rest = state.until.and_then(|until| until.checked_duration_since(Instant::now()));
        let mut ranges = Ranges { rest, changes: state.changes, ..Ranges::default() };
        let start = (Timestamp::from_micros(i64::MIN), 0);
        for job_type in types {
            let last = state.last.get(job_type).filter(|_| rest.is_some());
            let (mut rank, mut place) = (i32::MIN, start);
            for (&next, &taken) in last.into_iter().flatten() {
                ranges.push(job_type, rank, place, i64::from(next));
                (rank, place) = (next, taken);
            }
            ranges.push(job_type, rank, place, i64::MAX);
        }
        ranges
    }

    /// A claim took these jobs, of at most `limit`; the server worked on it for so long.
    pub(super) fn taken<'a>(
        &self,
        ranges: &Ranges,
        jobs: impl ExactSizeIterator<Item = Taken<'a>>,
        limit: usize,
        worked: Duration,
    ) {
        let mut state = self.0.lock();
        if state.changes != ranges.changes {
            return;
        }
        let count = jobs.len();
        if ranges.rest.is_none() {
            if count >= limit {
                // What was not come to may stand before an older place.
                state.last.clear();
            }
            let is_worth_it = count >= DEEP || worked >= LONG;
            let span = worked.saturating_mul(SHARE).clamp(SHORTEST, LONGEST);
            state.until = Instant::now().checked_add(span).filter(|_| is_worth_it);
        }
        for job in jobs {
            let place = (job.due_at, job.id);
            let last = state.last.entry(job.job_type.to_owned()).or_default().entry(!job.priority).or_insert(place);
            *last = place.max(*last);
        }
        if state.last.values().map(BTreeMap::len).sum::<usize>() > MOST {
            state.last.clear();
            state.until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a";

    fn types() -> Vec<String> {
        vec![A.to_owned()]
    }

    fn take(bounds: &Bounds, ranges: &Ranges, jobs: &[(i32, i64)], limit: usize, worked: Duration) {
        let jobs =
            jobs.iter().map(|&(priority, id)| Taken { job_type: A, priority, due_at: Timestamp::from_micros(id), id });
        bounds.taken(ranges, jobs, limit, worked);
    }

    #[test]
    fn small_and_short_claims_look_at_the_whole() {
        let bounds = Bounds::default();
        take(&bounds, &bounds.ranges(&types()), &[(0, 1)], 1, Duration::from_millis(1));
        let ranges = bounds.ranges(&types());
        assert!(ranges.rest.is_none());
        assert_eq!((ranges.ranks, ranges.ids, ranges.stops), (vec![i32::MIN], vec![0], vec![i64::MAX]));
    }

    #[test]
    fn claims_after_a_long_one_begin_behind_the_last_place_of_each_rank() {
        let bounds = Bounds::default();
        take(&bounds, &bounds.ranges(&types()), &[(5, 3), (0, 2), (0, 1)], 3, LONG);
        let ranges = bounds.ranges(&types());
        assert!(ranges.rest.is_some());
        assert_eq!(ranges.ranks, [i32::MIN, !5, !0]);
        assert_eq!(ranges.ids, [0, 3, 2]);
        assert_eq!(ranges.stops, [i64::from(!5), i64::from(!0), i64::MAX]);
    }

    #[test]
    fn a_change_makes_the_next_claim_one_of_the_whole_also_while_a_claim_is_under_way() {
        let bounds = Bounds::default();
        let ranges = bounds.ranges(&types());
        bounds.reset();
        take(&bounds, &ranges, &[(0, 1)], 1, LONG);
        assert!(bounds.ranges(&types()).rest.is_none());
    }

    #[test]
    fn a_claim_of_the_whole_that_did_not_come_to_its_end_forgets_what_lies_behind() {
        let bounds = Bounds::default();
        take(&bounds, &bounds.ranges(&types()), &[(0, 9)], 1, LONG);
        bounds.0.lock().until = None;
        take(&bounds, &bounds.ranges(&types()), &[(5, 3)], 1, LONG);
        assert_eq!(bounds.ranges(&types()).ranks, [i32::MIN, !5]);
    }
}
