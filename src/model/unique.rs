//! What makes a job one of a kind.

use std::time::Duration;

use super::{JobId, Status};

/// A rule by which a job is added only where no other of its kind counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The kind: a digest of what its jobs have in common; 1 to 255 characters.
    pub key: String,
    /// The states in which the job before counts; none are all. A failed job whose retry is due counts as pending.
    pub states: Vec<Status>,
    /// How long after it was added it counts; for ever where it is not set.
    pub within: Option<Duration>,
    /// Instead of both: a job before that has not begun gets the new payload, and every add puts it off to so long from now.
    pub debounce: Option<Duration>,
}

/// The job before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub id: JobId,
    /// Its state.
    pub status: Status,
    /// Whether it failed, and its retry is due.
    pub retry_due: bool,
    /// How many attempts were begun.
    pub attempts: i32,
    /// Whether the span for which it was to count is not over.
    pub in_time: bool,
}
