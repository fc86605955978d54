//! A cron schedule, before and after it is stored, and what firing it is.

use super::{JobEdit, JobId, NewJob};
use crate::clock::Timestamp;
use crate::error::Result;

/// The id of a schedule: positive, unique in its store.
pub type ScheduleId = i64;

/// What is done about ticks that nobody was there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missed {
    /// One job for all of them.
    Coalesce,
    /// No job for a tick that is more than a minute late.
    Skip,
    /// A job for each.
    All,
}

impl Missed {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Coalesce, Self::Skip, Self::All];

    /// The name in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Coalesce => "coalesce",
            Self::Skip => "skip",
            Self::All => "all",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|missed| missed.as_str() == name)
    }
}

/// Whether a schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScheduleStatus {
    /// At each of its ticks.
    Active,
    /// Not until it is resumed.
    Paused,
}

impl ScheduleStatus {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Paused];

    /// The name in the store and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// What a schedule is: when it is due, and which job it adds then.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSchedule {
    /// At most one schedule has this name; 1 to 255 characters.
    pub name: String,
    /// The cron expression.
    pub expression: String,
    /// The time zone whose clocks it goes by.
    pub timezone: String,
    /// Whether a tick adds a job while the job before is pending, running or waiting.
    pub allow_overlap: bool,
    /// What is done about missed ticks.
    pub missed: Missed,
    /// The job of each tick; it has no `run_at` and no key.
    pub job: NewJob,
}

/// A stored schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// What it is.
    pub definition: NewSchedule,
    /// Whether it fires.
    pub status: ScheduleStatus,
    /// Its next tick.
    pub next_run_at: Option<Timestamp>,
    /// When it last added a job.
    pub last_enqueued_at: Option<Timestamp>,
    /// The last job that it added.
    pub last_job_id: Option<JobId>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Grows with each change of the row, firing among them: a change tells by it that it saw the latest.
    pub updated_at: Timestamp,
}

/// New values for fields of a schedule; `None` keeps a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScheduleEdit {
    /// The cron expression.
    pub expression: Option<String>,
    /// The time zone.
    pub timezone: Option<String>,
    /// Whether jobs may overlap.
    pub allow_overlap: Option<bool>,
    /// What is done about missed ticks.
    pub missed: Option<Missed>,
    /// The type of its jobs.
    pub job_type: Option<String>,
    /// The options of its jobs; `run_at` is not among them.
    pub job: JobEdit,
}

/// Which schedules to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleQuery {
    /// The one of this id.
    Id(ScheduleId),
    /// The one of this name.
    Name(String),
    /// A page, by growing id.
    Page {
        /// Only these, if given.
        status: Option<ScheduleStatus>,
        /// Only ids above this one.
        after: ScheduleId,
        /// At most so many.
        limit: u32,
    },
}

/// A schedule that is due.
#[derive(Debug)]
pub struct DueSchedule {
    /// Its id.
    pub id: ScheduleId,
    /// The tick that it is due for.
    pub at: Timestamp,
    /// The schedule, or why its row cannot be read.
    pub schedule: Result<Schedule>,
}

/// A page of schedules that are due, in the order of their ticks and ids.
#[derive(Debug)]
pub struct DueSchedules {
    /// The store's clock.
    pub now: Timestamp,
    /// The next tick after now, of any schedule.
    pub next: Option<Timestamp>,
    /// The schedules.
    pub due: Vec<DueSchedule>,
}

/// What firing a schedule once is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// The schedule as it was read.
    pub schedule: Schedule,
    /// The ticks to add a job for; several only where jobs may overlap.
    pub ticks: Vec<Timestamp>,
    /// Its next tick after this.
    pub next_run_at: Option<Timestamp>,
}

/// What firing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fired {
    /// The schedule went on to its next tick.
    Moved {
        /// The jobs that were added; none where the job before was still alive.
        jobs: Vec<JobId>,
        /// The schedule's new `updated_at`.
        updated_at: Timestamp,
    },
    /// Nothing: the schedule is no longer as it was read.
    Stale,
}
