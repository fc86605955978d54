//! What a processor is told when it is made.

use std::collections::HashMap;
use std::time::Duration;

use super::chores::Upkeep;
use crate::error::{Error, Result};
use crate::model::{Limits, NewSchedule, Profile, Turns};
use crate::policy::{limits, schedules, turns};

/// Where a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaneKind {
    /// On a thread of its own while it runs.
    Thread,
    /// On an event loop, together with others.
    Loop,
    /// In a process, which has no other run meanwhile.
    Process,
}

impl LaneKind {
    pub(super) const ALL: [Self; 3] = [Self::Thread, Self::Loop, Self::Process];
}

/// What the engine knows of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerSpec {
    /// Where it runs, but for jobs whose handler is to be killed when their time is up: these always run in a process.
    pub lane: LaneKind,
    /// Its place in the border's table of handlers.
    pub index: u32,
    /// Whether the border decides on the retry after a timeout, so that it must be asked.
    pub decides_retry: bool,
}

/// Options of a processor.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name shown in `locked_by`.
    pub worker_name: String,
    /// The handlers by job type.
    pub handlers: HashMap<String, HandlerSpec>,
    /// The types to claim; those without a handler fail with reason `no_handler`.
    pub job_types: Vec<String>,
    /// Whether to claim jobs of every other type too.
    pub any_type: bool,
    /// Most jobs in one claim.
    pub batch_size: u32,
    /// Most handlers running at once.
    pub concurrency: u32,
    /// How often to look for jobs where no hints arrive; a third as often where they do.
    pub poll_interval: Duration,
    /// The time limit of jobs that have none of their own.
    pub default_timeout: Option<Duration>,
    /// The schedules that belong to the handlers: stored at the start, where they are missing or differ.
    pub schedules: Vec<NewSchedule>,
    /// The limits of the handlers' types and of groups, for the whole fleet from the start of this processor on.
    pub limits: Limits,
    /// How groups take turns in this processor's claims; `None` where they do not.
    pub turns: Option<Turns>,
    /// What is done for the store besides; `None` leaves it to others.
    pub upkeep: Option<Upkeep>,
    /// How long a lease lasts from each renewal; it is renewed three times as often.
    pub lease: Duration,
    /// Without a claim for so long, while there are jobs, or without an answer of the store it is not ready; `None` for three
    /// polls, or a lease where that is longer.
    pub unready_after: Option<Duration>,
}

/// The shortest lease: renewals and sweeps of a shorter one would burden the store.
pub const SHORTEST_LEASE: Duration = Duration::from_millis(100);

impl Config {
    /// What the worker says of itself.
    pub(super) fn profile(&self) -> Profile {
        Profile {
            name: self.worker_name.clone(),
            host: whoami::hostname().ok(),
            pid: Some(i64::from(std::process::id())),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            concurrency: i32::try_from(self.concurrency).ok(),
            job_types: (!self.any_type).then(|| self.job_types.clone()),
        }
    }

    pub(super) fn unready_after(&self) -> Duration {
        self.unready_after.unwrap_or_else(|| self.poll_interval.saturating_mul(3).max(self.lease))
    }

    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the option and what is allowed.
    pub fn check(&self) -> Result<()> {
        limits::check_name("worker_id", &self.worker_name)?;
        if self.job_types.is_empty() && !self.any_type {
            return Err(Error::Invalid(
                "the processor has nothing to do: register a handler, or name a job_type".into(),
            ));
        }
        self.job_types.iter().try_for_each(|name| limits::check_name("job_type", name))?;
        let bounds = [("batch_size", self.batch_size, 10_000), ("concurrency", self.concurrency, 10_000)];
        for (option, value, most) in bounds {
            if !(1..=most).contains(&value) {
                return Err(Error::Invalid(format!("{option} is {value}: it must be 1 to {most}")));
            }
        }
        self.schedules.iter().try_for_each(schedules::check_schedule)?;
        limits::check_limits(&self.limits)?;
        self.turns.as_ref().map_or(Ok(()), turns::check)?;
        if let Some(limit) = self.unready_after.filter(|limit| *limit <= self.poll_interval) {
            return Err(Error::Invalid(format!(
                "unready_after is {} s: it must be more than poll_interval, which is {} s: jobs are looked for no more often",
                limit.as_secs_f64(),
                self.poll_interval.as_secs_f64()
            )));
        }
        if self.lease < SHORTEST_LEASE {
            return Err(Error::Invalid(format!(
                "lease is {} s: it must be at least {} s",
                self.lease.as_secs_f64(),
                SHORTEST_LEASE.as_secs_f64()
            )));
        }
        Ok(())
    }
}
