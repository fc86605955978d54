//! How a run of a job ended, and what was reported while it ran.

use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;

use super::{Awaited, FailureReason, JobId, Lease};

/// One run's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: FailureReason,
    /// The error's message.
    pub message: String,
    /// The error's type name, if it has one.
    pub kind: Option<String>,
    /// The traceback, bounded in size.
    pub traceback: Option<String>,
    /// The delay until the next attempt; `None` ends the job.
    pub retry_in: Option<Duration>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The handler returned. `None` keeps an output that was noted while it ran.
    Completed {
        /// The output as JSON text.
        output: Option<Bytes>,
    },
    /// The handler failed.
    Failed(Failure),
    /// The job was never started, or its worker stops: it goes back as it was and the claim is not counted.
    Released,
    /// The handler was told that somebody asked to cancel its job, and stopped; or it cancelled its job itself, for a reason.
    Cancelled {
        /// Its reason, kept with the job.
        reason: Option<String>,
    },
    /// The handler waits: the job is claimed again when the wait is over, which counts no attempt.
    Waiting(Wait),
}

impl Outcome {
    /// Whether the job is to run again after it.
    #[must_use]
    pub fn runs_again(&self) -> bool {
        match self {
            Self::Completed { .. } | Self::Cancelled { .. } => false,
            Self::Failed(failure) => failure.retry_in.is_some(),
            Self::Released | Self::Waiting(_) => true,
        }
    }
}

/// What a handler waits for, and what is kept of it with the job's steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// When it goes on at the latest, by the store's clock.
    pub until: Option<Timestamp>,
    /// What else it goes on for.
    pub on: Option<Awaited>,
    /// The name of the wait among the job's steps.
    pub name: String,
    /// What is kept under it, as JSON text.
    pub entry: Bytes,
}

/// The end of one lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The right to end it.
    pub lease: Lease,
    /// The attempt this lease counted as, for the error history and events.
    pub attempt: i32,
    /// How it ended.
    pub outcome: Outcome,
}

/// What a store did with a settlement or a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was recorded, by this call or by an earlier one with the same lease.
    Applied,
    /// The lease is void; nothing was changed.
    LeaseLost,
}

/// Something reported about a running job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The right to report.
    pub lease: Lease,
    /// What is reported.
    pub kind: NoteKind,
}

/// The kinds of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteKind {
    /// Progress in percent, 0 to 100.
    Progress(i32),
    /// The output so far, as JSON text.
    Output(Bytes),
    /// A part of the handler was done: its entry is kept with the job under this name, in the place of one before.
    Step {
        /// The name, unique within the job.
        name: String,
        /// What is kept, as JSON text.
        entry: Bytes,
    },
    /// The handler's deadline was moved: `locked_at` becomes now and an event is written.
    Prolonged {
        /// The new deadline, from now, in milliseconds.
        timeout_ms: i64,
    },
}

/// A job taken from a dead worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reclaimed {
    /// The job.
    pub job_id: JobId,
    /// True when it ended as failed with reason lost; false when it may be claimed again.
    pub ended: bool,
}
