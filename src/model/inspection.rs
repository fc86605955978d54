//! What somebody who looks at a store is told of it.

use std::collections::BTreeSet;

use super::{Job, JobId, Lease, RunAtFilter, Scope, Status, TokenStatus, WorkerId};
use crate::clock::Timestamp;
use crate::model::Filter;

/// How well a number is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountKind {
    /// It was counted.
    Exact,
    /// Counting stopped there.
    AtLeast,
    /// From the store's statistics.
    Estimate,
}

impl CountKind {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at_least",
            Self::Estimate => "estimate",
        }
    }
}

/// A number of rows that was counted at no more than a bounded cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub value: u64,
    /// How well it is known.
    pub kind: CountKind,
}

impl Count {
    /// So many, exactly.
    #[must_use]
    pub fn exact(value: u64) -> Self {
        Self { value, kind: CountKind::Exact }
    }

    /// What counting found that looks at no more than one row beyond `most`.
    #[must_use]
    pub fn up_to(most: u32, found: u64) -> Self {
        Self::of(most, found, found)
    }

    /// As [`Count::up_to`], where of the rows that were looked at only `matched` counted.
    #[must_use]
    pub fn of(most: u32, looked_at: u64, matched: u64) -> Self {
        let most = u64::from(most);
        let kind = if looked_at > most { CountKind::AtLeast } else { CountKind::Exact };
        Self { value: matched.min(most), kind }
    }
}

/// What of a type may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeDepth {
    /// The type.
    pub job_type: String,
    /// How many of its jobs may be claimed now.
    pub ready: Count,
    /// How many fall due later.
    pub scheduled: Count,
    /// When the first of those that may be claimed now fell due; of each of the hundred highest priorities one is looked at.
    pub oldest_due_at: Option<Timestamp>,
    /// Whether some living worker claims the type.
    pub is_handled: bool,
    /// Whether it is paused, or everything is.
    pub is_paused: bool,
}

/// A store at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The store's clock.
    pub now: Timestamp,
    /// How many jobs there are of each status.
    pub counts: Vec<(Status, Count)>,
    /// The types of jobs that may be claimed, now or later: those first whose oldest job has been due for longest.
    pub types: Vec<TypeDepth>,
    /// Whether there are more types than these.
    pub more_types: bool,
    /// When the oldest job fell due that may be claimed.
    pub oldest_due_at: Option<Timestamp>,
    /// When the next job falls due.
    pub next_due_at: Option<Timestamp>,
    /// How many workers live.
    pub workers: u64,
    /// What is paused.
    pub paused: Vec<Scope>,
}

/// What a worker says of itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The name shown in `locked_by`; need not be unique.
    pub name: String,
    /// The machine that it runs on.
    pub host: Option<String>,
    /// The number of its process there.
    pub pid: Option<i64>,
    /// The version of its library.
    pub version: Option<String>,
    /// How many jobs it runs at a time.
    pub concurrency: Option<i32>,
    /// The types of jobs that it claims; `None` where it claims every type.
    pub job_types: Option<Vec<String>>,
}

impl Profile {
    /// One that says no more than its name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// What a worker learns when it renews its leases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renewed {
    /// The leases of jobs that somebody asked to cancel.
    pub cancelled: Vec<Lease>,
    /// Whether somebody asked it to drain.
    pub draining: bool,
}

/// A registered worker, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Its registration.
    pub id: WorkerId,
    /// What it said of itself; of one of an earlier version its name alone.
    pub profile: Profile,
    /// When it registered; `None` of one of an earlier version.
    pub started_at: Option<Timestamp>,
    /// When it renewed its leases last.
    pub renewed_at: Timestamp,
    /// Until when they last.
    pub lease_expires_at: Timestamp,
    /// Whether that is not over.
    pub is_alive: bool,
    /// Whether somebody asked it to drain.
    pub is_draining: bool,
    /// How many jobs it runs, or has at hand.
    pub running: Count,
    /// Some of them, the oldest claim first.
    pub job_ids: Vec<JobId>,
}

/// How many jobs may start within a span of time, and how many did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateState {
    /// So many may start.
    pub most: u32,
    /// Within any span of so many seconds.
    pub per: f64,
    /// So many did within the span that ends now.
    pub spent: u64,
}

/// A group, as the last claims saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRecord {
    /// Its id.
    pub id: String,
    /// How many of its jobs run that are counted.
    pub running: u64,
    /// How many may; `None` is without limit.
    pub most: Option<u32>,
    /// How many of its jobs a claim met that may not run yet.
    pub in_line: Count,
    /// Whether it is paused.
    pub is_paused: bool,
    /// When its line goes on, if its rate keeps it waiting.
    pub opens_at: Option<Timestamp>,
    /// Its rate.
    pub rate: Option<RateState>,
}

/// The limits of a type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeLimit {
    /// The type.
    pub job_type: String,
    /// How many of its jobs run that are counted.
    pub running: u64,
    /// How many may; `None` is without limit.
    pub max_running: Option<u32>,
    /// Its rate, which types that name the same key share.
    pub rate: Option<RateState>,
    /// Until when none starts, because a handler met somebody else's limit.
    pub held_until: Option<Timestamp>,
    /// Whether it is paused.
    pub is_paused: bool,
}

/// Which tokens to read: newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenQuery {
    /// Only those of this status.
    pub status: Option<TokenStatus>,
    /// Only those behind this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Which jobs to look for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// Conditions that indexes serve.
    pub filter: Filter,
    /// A part of a key, a text or a number in the payload; letters of ASCII are the same in either case.
    pub text: Option<String>,
    /// A part of the message of one of the errors that are kept, in the same way.
    pub error: Option<String>,
    /// This group.
    pub group: Option<String>,
    /// When it was added.
    pub created_at: RunAtFilter,
    /// Whether its failure left a dead letter.
    pub dead_lettered: Option<bool>,
    /// Only ids below this one.
    pub before: Option<JobId>,
    /// At most so many jobs.
    pub limit: u32,
    /// Looks at so many at most.
    pub looks: u32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Searched {
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// Where to go on, as the next search's `before`; `None` at the end.
    pub next: Option<JobId>,
    /// How many jobs were looked at.
    pub looked_at: u64,
    /// When the oldest of them was added.
    pub oldest_looked_at: Option<Timestamp>,
}

/// What the living workers claim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fleet {
    /// How many they are.
    pub workers: u64,
    /// Whether one claims every type, or does not say what it claims.
    pub any: bool,
    /// The types that they claim.
    pub types: BTreeSet<String>,
}

impl Fleet {
    /// Whether some worker claims the type.
    #[must_use]
    pub fn handles(&self, job_type: &str) -> bool {
        self.any || self.types.contains(job_type)
    }
}
