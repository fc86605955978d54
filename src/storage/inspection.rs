//! What all drivers tell alike of a store.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{Count, Fleet, Overview, Scope, Status, TypeDepth};

/// How many types an overview looks at, and how many it tells of.
pub(super) const TYPES: u32 = 1_000;
pub(super) const SHOWN_TYPES: u32 = 50;
/// How many jobs of one worker are counted, and how many of them are named.
pub(super) const MOST_RUNNING: u32 = 500;
pub(super) const SHOWN_JOBS: usize = 100;

/// What of a type may be claimed.
#[derive(Debug, Clone)]
pub(super) struct Depth {
    pub job_type: String,
    pub oldest_due_at: Option<Timestamp>,
    pub ready: Count,
    pub scheduled: Count,
}

/// What a driver reads for an overview.
#[derive(Debug, Clone, Default)]
pub(super) struct Glance {
    pub now: Timestamp,
    pub counts: Vec<(Status, Count)>,
    pub depths: Vec<Depth>,
    /// How many types were looked at.
    pub types: u64,
    pub oldest_due_at: Option<Timestamp>,
    pub next_due_at: Option<Timestamp>,
    pub fleet: Fleet,
    pub paused: Vec<Scope>,
}

impl Glance {
    pub(super) fn overview(self) -> Overview {
        let paused: BTreeSet<_> = self.paused.iter().collect();
        let everything = paused.contains(&Scope::All);
        let more_types = self.types > self.depths.len() as u64;
        let told = |depth: Depth| TypeDepth {
            is_handled: self.fleet.handles(&depth.job_type),
            is_paused: everything || paused.contains(&Scope::Type(depth.job_type.clone())),
            job_type: depth.job_type,
            ready: depth.ready,
            scheduled: depth.scheduled,
            oldest_due_at: depth.oldest_due_at,
        };
        let types = self.depths.into_iter().map(told).collect();
        Overview {
            now: self.now,
            counts: self.counts,
            types,
            more_types,
            oldest_due_at: self.oldest_due_at,
            next_due_at: self.next_due_at,
            workers: self.fleet.workers,
            paused: self.paused,
        }
    }
}

/// Keeps, of all types, those whose oldest job has been due for longest; answers how many there were.
pub(super) fn longest_due<T>(types: &mut Vec<T>, key: impl Fn(&T) -> (Option<Timestamp>, &str)) -> u64 {
    let all = types.len() as u64;
    types.sort_by(|a, b| {
        let ((oldest_a, name_a), (oldest_b, name_b)) = (key(a), key(b));
        (oldest_a.is_none(), oldest_a, name_a).cmp(&(oldest_b.is_none(), oldest_b, name_b))
    });
    types.truncate(SHOWN_TYPES as usize);
    all
}

/// The error for a page of tokens behind one that is not there.
pub(super) fn missing_token(id: &str) -> Error {
    Error::Invalid(format!("cursor is {id:?}, and there is no such token any more: begin again without a cursor"))
}
