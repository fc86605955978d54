//! The history of a job.

use bytes::Bytes;

use super::JobId;
use crate::clock::Timestamp;

/// One change of a job, written in the transaction that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Growing with time.
    pub id: i64,
    /// The job.
    pub job_id: JobId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub created_at: Timestamp,
    /// Details as JSON text.
    pub metadata: Option<Bytes>,
}

/// What can happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum EventKind {
    Added,
    Processing,
    Completed,
    Failed,
    Cancelled,
    Retried,
    Edited,
    Prolonged,
    Waiting,
    /// Taken from a dead worker, or given back by a stopping one (metadata `{"released": true}`).
    Reclaimed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Added,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Retried,
        Self::Edited,
        Self::Prolonged,
        Self::Waiting,
        Self::Reclaimed,
    ];

    /// The name in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Retried => "retried",
            Self::Edited => "edited",
            Self::Prolonged => "prolonged",
            Self::Waiting => "waiting",
            Self::Reclaimed => "reclaimed",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
