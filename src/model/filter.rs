//! Which jobs to read or change.

use super::{JobId, Status};
use crate::clock::Timestamp;

/// Conditions a job must all meet. The default matches every job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// One of these types; empty matches all.
    pub job_types: Vec<String>,
    /// One of these statuses; empty matches all.
    pub statuses: Vec<Status>,
    /// This priority.
    pub priority: Option<i32>,
    /// When it is due.
    pub run_at: RunAtFilter,
    /// By tags.
    pub tags: Option<TagFilter>,
    /// One of these ids; `None` matches all.
    pub ids: Option<Vec<JobId>>,
}

/// Bounds on `run_at`; those set must all hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunAtFilter {
    /// Later than.
    pub gt: Option<Timestamp>,
    /// At or later than.
    pub gte: Option<Timestamp>,
    /// Earlier than.
    pub lt: Option<Timestamp>,
    /// At or earlier than.
    pub lte: Option<Timestamp>,
    /// Exactly.
    pub eq: Option<Timestamp>,
}

/// A condition on a job's set of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    /// The tags asked for; order and repetition do not matter.
    pub values: Vec<String>,
    /// How they are compared.
    pub mode: TagMode,
}

/// How tags are compared, as sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagMode {
    /// The job has these tags and no others.
    Exact,
    /// The job has all of these tags.
    All,
    /// The job has at least one of these tags.
    Any,
    /// The job has none of these tags; untagged jobs match.
    None,
}

impl TagMode {
    /// The mode of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "exact" => Self::Exact,
            "all" => Self::All,
            "any" => Self::Any,
            "none" => Self::None,
            _ => return None,
        })
    }
}

/// A page of a list, newest (highest id) first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many.
    pub limit: u32,
    /// Skip this many.
    pub offset: u32,
    /// Only ids below this one.
    pub before: Option<JobId>,
}
