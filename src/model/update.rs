//! Changes that callers make to jobs.

use std::time::Duration;

use bytes::Bytes;

use super::{JobId, Status};
use crate::clock::Timestamp;

/// A change to jobs.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Pending, waiting, or failed with a retry due: becomes cancelled.
    Cancel,
    /// As `Cancel`; of a running one it is noted, once, that somebody asks for it, and its worker is told.
    CancelRunning,
    /// Failed or cancelled: becomes pending and due now; a spent job gets one more attempt.
    Retry,
    /// Pending, or failed with a retry due: fields are replaced in place.
    Edit(JobEdit),
    /// Any but a running one: is deleted with its events and all else that belongs to it. Jobs that wait for it are cancelled, as if it
    /// had been.
    Delete,
}

/// New values for fields of a job. `None` keeps a field, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobEdit {
    /// The payload as JSON text.
    pub payload: Option<Bytes>,
    /// The priority.
    pub priority: Option<i32>,
    /// How many times it may be claimed; not below the attempts already made plus one.
    pub max_attempts: Option<i32>,
    /// When it may start; `Some(None)` is now. For a failed job with a retry due this moves the retry.
    pub run_at: Option<Option<Timestamp>>,
    /// The handler's time limit in milliseconds.
    pub timeout_ms: Option<Option<i32>>,
    /// Whether the handler is killed when its time is up; false where there is no time limit.
    pub force_kill_on_timeout: Option<bool>,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// The base retry delay.
    pub retry_delay: Option<Option<Duration>>,
    /// Whether the retry delay doubles.
    pub retry_backoff: Option<Option<bool>>,
    /// The upper bound of the retry delay.
    pub retry_delay_max: Option<Option<Duration>>,
}

impl JobEdit {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// When jobs that are retried together fall due: one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spacing {
    /// The first of them, unless that is over; then, and where it is not set, now.
    pub from: Option<Timestamp>,
    /// How long after the one before it each of the others does.
    pub every: Duration,
}

/// What one bounded step of a long change did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// How many rows were changed.
    pub changed: u64,
    /// Of a change of jobs, those that were changed; of taking stuck ones, those that ended by it; otherwise none.
    pub ids: Vec<JobId>,
    /// Where the next step goes on, as its `after`; `None` when the change is done.
    pub next: Option<i64>,
}

/// What a look after jobs' terms did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Termed {
    /// The jobs that were cancelled, since they had not begun by the time at which they expire.
    pub expired: Vec<JobId>,
    /// How many were deleted that had been kept for as long as they were to be.
    pub deleted: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// Which old jobs to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// Only jobs not updated for this long.
    pub older_than: Duration,
    /// Only these final statuses; a failed job whose retry is due is never deleted.
    pub statuses: Vec<Status>,
}
