//! What was done through one queue of this process, as its listeners are told.

use bytes::Bytes;

use super::{FailureReason, JobId};
use crate::clock::Timestamp;

/// One thing that was done and is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The job.
    pub job_id: JobId,
    /// Its type; `None` where the job was deleted before that could be read.
    pub job_type: Option<String>,
    /// What was done.
    pub what: What,
}

/// What was done with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It was added.
    Added,
    /// It was claimed, and this is the attempt that is to run.
    Processing {
        /// The attempt, from 1.
        attempt: i32,
    },
    /// Its handler returned.
    Completed {
        /// The attempt.
        attempt: i32,
        /// What is recorded as output with the end, as JSON text.
        output: Option<Bytes>,
    },
    /// A run failed.
    Failed {
        /// The attempt.
        attempt: i32,
        /// Why.
        reason: FailureReason,
        /// The error's message.
        message: String,
        /// The name of its type, if it has one.
        error_type: Option<String>,
        /// Whether it is tried again.
        will_retry: bool,
    },
    /// It was cancelled.
    Cancelled {
        /// Why, where that was said.
        reason: Option<String>,
    },
    /// It was put back into the queue.
    Retried,
    /// Its handler waits.
    Waiting {
        /// When it goes on at the latest.
        until: Option<Timestamp>,
        /// The token that it waits for, or `job:` and the id of the job whose end it waits for.
        on: Option<String>,
    },
    /// Its handler reported progress, in percent.
    Progress(i32),
    /// Its handler set its output, as JSON text.
    Output(Bytes),
}

impl What {
    /// The names that listeners know them by, in the order of [`bits`].
    pub const NAMES: [&'static str; 9] = [
        "job:added",
        "job:processing",
        "job:completed",
        "job:failed",
        "job:cancelled",
        "job:retried",
        "job:waiting",
        "job:progress",
        "job:output",
    ];

    /// The place of its name among [`What::NAMES`].
    #[must_use]
    pub fn number(&self) -> usize {
        self.bit().trailing_zeros() as usize
    }

    /// Its bit among [`bits`].
    #[must_use]
    pub fn bit(&self) -> u32 {
        match self {
            Self::Added => bits::ADDED,
            Self::Processing { .. } => bits::PROCESSING,
            Self::Completed { .. } => bits::COMPLETED,
            Self::Failed { .. } => bits::FAILED,
            Self::Cancelled { .. } => bits::CANCELLED,
            Self::Retried => bits::RETRIED,
            Self::Waiting { .. } => bits::WAITING,
            Self::Progress(_) => bits::PROGRESS,
            Self::Output(_) => bits::OUTPUT,
        }
    }
}

/// A bit for each of [`What::NAMES`], in their order.
#[allow(missing_docs, reason = "each is what its name says")]
pub mod bits {
    pub const ADDED: u32 = 1;
    pub const PROCESSING: u32 = 1 << 1;
    pub const COMPLETED: u32 = 1 << 2;
    pub const FAILED: u32 = 1 << 3;
    pub const CANCELLED: u32 = 1 << 4;
    pub const RETRIED: u32 = 1 << 5;
    pub const WAITING: u32 = 1 << 6;
    pub const PROGRESS: u32 = 1 << 7;
    pub const OUTPUT: u32 = 1 << 8;
}
