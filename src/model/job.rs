//! A job, before and after it is stored.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;

use super::{DependsOn, Extras};
use crate::clock::Timestamp;

/// The id of a job: positive, unique in its store, growing with the order of adding.
pub type JobId = i64;

/// How a failed job is retried. All three unset: `2^attempts` minutes without jitter.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Retry {
    /// The base delay; 60 seconds if another of the three is set and this is not.
    pub delay: Option<Duration>,
    /// Whether the delay doubles with each attempt, with jitter; true if another of the three is set.
    pub backoff: Option<bool>,
    /// The upper bound of the delay.
    pub delay_max: Option<Duration>,
}

/// A job to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The type, by which a handler is found; 1 to 255 characters.
    pub job_type: String,
    /// The payload as JSON text.
    pub payload: Bytes,
    /// Higher runs first.
    pub priority: i32,
    /// When it may start; `None` is now, on the store's clock.
    pub run_at: Option<Timestamp>,
    /// How many times it may be claimed; at least 1.
    pub max_attempts: i32,
    /// How long a handler may run, in milliseconds.
    pub timeout_ms: Option<i32>,
    /// Whether the handler runs in a process of its own, which is killed when its time is up. Needs a time limit.
    pub force_kill_on_timeout: bool,
    /// Tags to find it by; a set, kept in the order given.
    pub tags: Vec<String>,
    /// At most one job has this key.
    pub idempotency_key: Option<String>,
    /// How it is retried.
    pub retry: Retry,
    /// What few jobs have; `None` where it has none of it.
    pub extras: Option<Box<Extras>>,
}

impl NewJob {
    /// A job with the default options: priority 0, three attempts, due now.
    #[must_use]
    pub fn new(job_type: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            job_type: job_type.into(),
            payload: payload.into(),
            priority: 0,
            run_at: None,
            max_attempts: 3,
            timeout_ms: None,
            force_kill_on_timeout: false,
            tags: Vec::new(),
            idempotency_key: None,
            retry: Retry::default(),
            extras: None,
        }
    }

    /// What it waits for before it may run.
    #[must_use]
    pub fn depends_on(&self) -> Option<&DependsOn> {
        self.extras.as_ref()?.depends_on.as_ref()
    }

    /// The time limit as stores take it: negative where the handler is killed at its end.
    #[must_use]
    pub fn signed_timeout(&self) -> Option<i32> {
        self.timeout_ms.map(|ms| if self.force_kill_on_timeout { -ms } else { ms })
    }
}

/// Tags as the set they are: each once, in the order given.
#[must_use]
pub fn distinct(tags: &[String]) -> Vec<&str> {
    let mut seen = HashSet::with_capacity(tags.len());
    tags.iter().map(String::as_str).filter(|tag| seen.insert(*tag)).collect()
}

/// What adding one job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The id of the new job, or of the one that has its idempotency key.
    pub id: JobId,
    /// False when an existing job was found.
    pub created: bool,
}

/// The states of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for a worker, now or from `run_at` on.
    Pending,
    /// Leased by a worker.
    Processing,
    /// Ended well.
    Completed,
    /// Ended badly, for good unless `next_attempt_at` is set.
    Failed,
    /// Taken out by a caller.
    Cancelled,
    /// Suspended by its handler.
    Waiting,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled, Self::Waiting];

    /// The name in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Waiting => "waiting",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// Why a job failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// Its handler ran longer than its timeout.
    Timeout,
    /// Its handler raised, or returned what cannot be stored.
    HandlerError,
    /// The worker that claimed it has no handler for its type.
    NoHandler,
    /// Its worker died, or the process of its handler.
    Lost,
}

impl FailureReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Timeout, Self::HandlerError, Self::NoHandler, Self::Lost];

    /// The name in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::HandlerError => "handler_error",
            Self::NoHandler => "no_handler",
            Self::Lost => "lost",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// A stored job, every field.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields carry the names of the columns; the Python record documents them")]
pub struct Job {
    pub id: JobId,
    pub job_type: String,
    pub payload: Bytes,
    pub status: Status,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub locked_at: Option<Timestamp>,
    pub locked_by: Option<String>,
    pub attempts: i32,
    pub max_attempts: i32,
    pub next_attempt_at: Option<Timestamp>,
    pub priority: i32,
    pub run_at: Timestamp,
    pub pending_reason: Option<String>,
    /// A JSON array of `{message, type, traceback, attempt, timestamp}`.
    pub error_history: Bytes,
    pub timeout_ms: Option<i32>,
    pub force_kill_on_timeout: bool,
    pub failure_reason: Option<FailureReason>,
    pub completed_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub last_retried_at: Option<Timestamp>,
    pub last_failed_at: Option<Timestamp>,
    pub last_cancelled_at: Option<Timestamp>,
    /// When somebody asked to cancel it while it ran.
    pub cancel_requested_at: Option<Timestamp>,
    /// Why it was cancelled, where that was said.
    pub cancel_reason: Option<String>,
    /// How many times a worker, or a handler's process, died under it.
    pub crashes: i32,
    pub tags: Vec<String>,
    pub idempotency_key: Option<String>,
    pub progress: Option<i32>,
    /// JSON text.
    pub output: Option<Bytes>,
    pub retry: Retry,
    pub wait_until: Option<Timestamp>,
    pub wait_token_id: Option<String>,
    /// A JSON object.
    pub step_data: Bytes,
    pub group_id: Option<String>,
    pub group_tier: Option<String>,
    pub dead_letter_job_type: Option<String>,
    pub dead_lettered_at: Option<Timestamp>,
    pub dead_letter_job_id: Option<JobId>,
    pub depends_on_job_ids: Vec<JobId>,
    pub depends_on_tags: Vec<String>,
    /// From when on its first attempt may not begin any more.
    pub expires_at: Option<Timestamp>,
    /// How long it is kept after its end, where not for as long as others.
    pub keep_result_for: Option<Duration>,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    /// The job that failed for good, whose dead letter this is.
    pub dead_letter_of: Option<JobId>,
}
