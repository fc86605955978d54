//! Who may change a running job.

use std::time::Duration;

use super::{Job, JobId, Turns};
use crate::clock::Timestamp;

/// The id of one registration of a worker. A worker that lost its leases registers anew, under a new id.
pub type WorkerId = i64;

/// A registered worker: the holder of leases, renewed as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Unique in the store, never used twice.
    pub id: WorkerId,
    /// The name shown in `locked_by`; need not be unique.
    pub name: String,
}

/// The right to change one running job, made by a claim only and void once the job is settled, released or reclaimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// The worker that claimed it.
    pub worker_id: WorkerId,
    /// The claim it came from: unique among all claims of that worker.
    pub token: i64,
}

/// The most jobs in one claim in which groups take turns.
const MOST_IN_TURN: u32 = 1_000;

/// What to claim.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// The claiming worker.
    pub worker: Worker,
    /// A number this worker never used before; a claim whose reply was lost is found again by it.
    pub token: i64,
    /// The types to claim; never empty.
    pub job_types: Vec<String>,
    /// At most this many, at least 1.
    pub limit: u32,
    /// Where jobs are leased, renews the worker in the same transaction, for so long from now; `None` leaves its lease as it is.
    pub lease: Option<Duration>,
    /// Groups take turns in this claim; `None` takes jobs by priority, then due time, whatever their group.
    pub turns: Option<Turns>,
}

impl ClaimRequest {
    /// How many places there are: so many jobs are claimed, where there are as many. Each place is looked at by itself where groups take
    /// turns, and so they are fewer there.
    #[must_use]
    pub fn places(&self) -> u32 {
        if self.turns.is_some() { self.limit.min(MOST_IN_TURN) } else { self.limit }
    }
}

/// What is to be done in a store and may have been told to nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// Jobs of the types asked for may be claimed, if nobody else claims them first.
    pub jobs: bool,
    /// How long until there may be jobs to be reclaimed: zero where there are, `None` where nobody else holds any.
    pub reclaim_in: Option<Duration>,
    /// Tokens whose time is up are not marked, or jobs wait that a crash may have kept from going on.
    pub waits: bool,
    /// Schedules are due.
    pub schedules: bool,
    /// Jobs may have expired, or have been kept for long enough.
    pub terms: bool,
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The right to settle it.
    pub lease: Lease,
    /// The job as it is now: status processing, this claim counted in `attempts`.
    pub job: Job,
    /// When it fell due, on the store's clock; unknown where it comes with the answer to a claim that was asked for again.
    pub due_at: Option<Timestamp>,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claim {
    /// In the order to be run: priority, then due time, then id; or by turns.
    pub jobs: Vec<Claimed>,
    /// True when jobs of these types were left that may be claimed at once.
    pub more: bool,
    /// How long until the next job of these types falls due, if one is known.
    pub next_due: Option<Duration>,
    /// The store's clock when it answered.
    pub now: Timestamp,
}
