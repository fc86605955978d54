//! A job on its way from one store to another.

use bytes::Bytes;

use super::{FailureReason, JobId, NewJob};
use crate::clock::Timestamp;

/// A job of another store, not finished there, with its past.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Its options. The idempotency key, which it must have, keeps it from being added twice.
    pub job: NewJob,
    /// Its id in the other store.
    pub source_id: JobId,
    /// When it was added there.
    pub created_at: Timestamp,
    /// The attempts begun there, fewer than it may have.
    pub attempts: i32,
    /// When its retry is due, if it has failed; a pending job has none.
    pub next_attempt_at: Option<Timestamp>,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it last failed.
    pub last_failed_at: Option<Timestamp>,
    /// When it was last retried by a caller.
    pub last_retried_at: Option<Timestamp>,
    /// Why it last failed.
    pub failure_reason: Option<FailureReason>,
    /// A JSON array, as [`super::Job::error_history`].
    pub error_history: Bytes,
    /// A JSON object, as [`super::Job::step_data`].
    pub step_data: Bytes,
}
