//! Tokens: what a handler can wait for until somebody outside completes it.

use std::time::Duration;

use bytes::Bytes;

use super::JobId;
use crate::clock::Timestamp;

/// A token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its id: unique, and not to be guessed.
    pub id: String,
    /// The job whose handler creates it, the only one that may wait for it; `None` for a token of nobody's.
    pub job_id: Option<JobId>,
    /// How long it can be completed; without limit if `None`.
    pub timeout: Option<Duration>,
    /// Tags to know it by.
    pub tags: Vec<String>,
}

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Token {
    pub id: String,
    pub job_id: Option<JobId>,
    pub status: TokenStatus,
    /// What it was completed with, as JSON text.
    pub output: Option<Bytes>,
    pub timeout_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    pub tags: Vec<String>,
}

/// How far a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenStatus {
    /// It can be completed.
    Waiting,
    /// It was completed.
    Completed,
    /// Its time was up before it was completed.
    TimedOut,
}

impl TokenStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Completed, Self::TimedOut];

    /// The name in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::TimedOut => "timed_out",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Completed, Self::TimedOut].into_iter().find(|status| status.as_str() == name)
    }
}

/// What a waiting job waits for, beside the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The completion of a token.
    Token(String),
    /// The end of another job.
    Job(JobId),
}

/// How the name of an awaited job begins in `wait_token_id`; no token's id does.
const JOB: &str = "job:";

impl Awaited {
    /// As it is kept in `wait_token_id`.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Token(id) => id.clone(),
            Self::Job(id) => format!("{JOB}{id}"),
        }
    }

    /// What is kept as `key`.
    #[must_use]
    pub fn of(key: &str) -> Self {
        match key.strip_prefix(JOB).map(str::parse) {
            Some(Ok(id)) => Self::Job(id),
            _ => Self::Token(key.to_owned()),
        }
    }
}
