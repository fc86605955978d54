//! What a store must do, in a few lines and without a store.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use dataqueue::clock::Timestamp;
use dataqueue::model::{Awaited, EventKind, FailureReason, Job, JobId, Lease, Settled, Status, WorkerId};
use dataqueue::policy::limits::{MAX_CRASHES, MAX_ERRORS};
use dataqueue::policy::status::{after, is_final};

use super::steps::{Alter, End, Report};

/// A time of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    Is(Timestamp),
    /// The store's clock decided; it is read from the store.
    Fresh,
}

/// A job as it must be.
#[derive(Debug, Clone)]
pub struct Known {
    pub job_type: String,
    pub status: Status,
    pub priority: i32,
    pub attempts: i32,
    pub max_attempts: i32,
    pub run_at: Time,
    pub retry_at: Option<Time>,
    pub tags: Vec<String>,
    pub key: Option<String>,
    pub progress: Option<i32>,
    pub output: Option<String>,
    pub reason: Option<FailureReason>,
    pub errors: usize,
    pub crashes: i32,
    pub kinds: Vec<EventKind>,
    /// The lease that is held, or that was settled last and not claimed over since.
    pub lease: Option<Lease>,
    pub was_retry: bool,
    /// Until when it waits, or waited before it went on.
    pub wait: Option<Time>,
    /// What else it waits for.
    pub awaits: Option<Awaited>,
    pub steps: BTreeMap<String, u8>,
    /// Somebody asked to cancel it while it ran.
    pub asked: bool,
}

/// The jobs that there must be.
#[derive(Debug, Default)]
pub struct Model {
    pub jobs: BTreeMap<JobId, Known>,
    /// The tokens that were made, and whether each was completed.
    pub tokens: BTreeMap<String, bool>,
}

impl Known {
    /// When it may be claimed, if it may be.
    fn due(&self) -> Option<Timestamp> {
        let due = match self.status {
            Status::Pending => Some(self.run_at),
            Status::Failed => self.retry_at,
            Status::Waiting => self.wait,
            _ => None,
        };
        due.map(|due| match due {
            Time::Is(time) => time,
            Time::Fresh => panic!("a time that was not read"),
        })
    }

    fn becomes(&mut self, kind: EventKind) -> bool {
        let Some(status) = after(self.status, self.retry_at.is_some(), kind) else { return false };
        self.status = status;
        self.kinds.push(kind);
        true
    }

    /// Whether the change is allowed; it is made if so. `due` is the time of an edit that has one.
    pub fn alter(&mut self, alter: &Alter, time: Option<Time>) -> bool {
        match alter {
            Alter::Stop if self.status == Status::Processing => !std::mem::replace(&mut self.asked, true),
            Alter::Cancel if self.status == Status::Processing => false,
            Alter::Cancel | Alter::Stop => {
                let changed = self.becomes(EventKind::Cancelled);
                self.retry_at = self.retry_at.filter(|_| !changed);
                self.wait = self.wait.filter(|_| !changed);
                self.awaits = self.awaits.take().filter(|_| !changed);
                changed
            }
            Alter::Retry => {
                let changed = self.becomes(EventKind::Retried);
                if changed {
                    (self.run_at, self.retry_at, self.reason, self.crashes) = (Time::Fresh, None, None, 0);
                    self.asked = false;
                    self.max_attempts = self.max_attempts.max(self.attempts + 1);
                }
                changed
            }
            Alter::Edit { priority, max_attempts, tags, .. } => {
                let empty = priority.is_none() && max_attempts.is_none() && time.is_none() && tags.is_none();
                if empty || !self.becomes(EventKind::Edited) {
                    return false;
                }
                self.priority = priority.map_or(self.priority, i32::from);
                self.tags = tags.map_or_else(|| self.tags.clone(), tags_of);
                self.max_attempts =
                    max_attempts.map_or(self.max_attempts, |most| i32::from(most).max(self.attempts + 1));
                match (time, self.status) {
                    (Some(time), Status::Failed) => self.retry_at = Some(time),
                    (Some(time), _) => self.run_at = time,
                    (None, _) => {}
                }
                true
            }
        }
    }

    fn fail(&mut self, reason: FailureReason, retry_at: Option<Time>) {
        (self.reason, self.errors) = (Some(reason), (self.errors + 1).min(MAX_ERRORS));
        if self.asked && retry_at.is_some() {
            return self.stop();
        }
        assert!(self.becomes(EventKind::Failed));
        (self.wait, self.retry_at) = (None, retry_at);
    }

    /// A run ends as cancelled.
    fn stop(&mut self) {
        assert!(self.becomes(EventKind::Cancelled));
        (self.wait, self.awaits) = (None, None);
    }

    /// Compares with the job as it is stored, and reads the times that the store decided.
    pub fn agrees(&mut self, job: &Job) {
        read(&mut self.run_at, job.run_at);
        if let (Some(known), Some(stored)) = (self.retry_at.as_mut(), job.next_attempt_at) {
            read(known, stored);
        }
        if let (Some(known), Some(stored)) = (self.wait.as_mut(), job.wait_until) {
            read(known, stored);
        }
        let times = (Time::Is(job.run_at), job.next_attempt_at.map(Time::Is));
        assert_eq!((self.run_at, self.retry_at), times, "{self:#?}\n{job:#?}");
        assert_eq!(self.wait, job.wait_until.map(Time::Is), "{self:#?}\n{job:#?}");
        assert_eq!(self.awaits.as_ref().map(Awaited::key), job.wait_token_id, "{self:#?}\n{job:#?}");
        assert_eq!(serde_json::json!(self.steps), crate::bench::json(&job.step_data), "{self:#?}\n{job:#?}");
        let output = job.output.as_ref().map(|text| String::from_utf8(text.to_vec()).unwrap());
        let errors = crate::bench::json(&job.error_history).as_array().unwrap().len();
        let running = self.status == Status::Processing;
        assert_eq!(
            (&self.job_type, self.status, self.priority, self.attempts, self.max_attempts, &self.tags, &self.key),
            (&job.job_type, job.status, job.priority, job.attempts, job.max_attempts, &job.tags, &job.idempotency_key),
            "{self:#?}\n{job:#?}"
        );
        assert_eq!(
            (self.progress, &self.output, self.reason, self.errors, running, self.asked),
            (
                job.progress,
                &output,
                job.failure_reason,
                errors,
                job.locked_by.is_some(),
                job.cancel_requested_at.is_some()
            ),
            "{self:#?}\n{job:#?}"
        );
    }
}

/// Takes over a time that the store decided.
fn read(known: &mut Time, stored: Timestamp) {
    if *known == Time::Fresh {
        *known = Time::Is(stored);
    }
}

/// The tags that the bits of a number stand for.
pub fn tags_of(bits: u8) -> Vec<String> {
    ["x", "y", "z"].iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, tag)| (*tag).to_owned()).collect()
}

impl Model {
    /// The jobs that a claim must give, in order, and whether more are left. What is due before `now` may be claimed.
    pub fn claim(&mut self, types: &[String], limit: usize, now: Timestamp, lease: Lease) -> (Vec<JobId>, bool) {
        let mut ready: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, job)| types.contains(&job.job_type))
            .filter_map(|(id, job)| Some((Reverse(job.priority), job.due().filter(|due| *due <= now)?, *id)))
            .collect();
        ready.sort_unstable();
        let chosen: Vec<_> = ready.iter().take(limit).map(|(_, _, id)| *id).collect();
        for id in &chosen {
            let job = self.jobs.get_mut(id).unwrap();
            job.was_retry = job.status == Status::Failed;
            job.attempts += i32::from(job.status != Status::Waiting);
            assert!(job.becomes(EventKind::Processing));
            (job.retry_at, job.awaits) = (None, None);
            job.lease = Some(Lease { job_id: *id, ..lease });
        }
        (chosen, ready.len() > limit)
    }

    /// Whether a job of these types falls due later.
    pub fn foresees(&self, types: &[String], now: Timestamp) -> bool {
        self.jobs.values().any(|job| types.contains(&job.job_type) && job.due().is_some_and(|due| due > now))
    }

    /// The job whose lease this is: held if it runs, settled before if not.
    fn holder(&mut self, lease: Lease) -> Option<&mut Known> {
        self.jobs.get_mut(&lease.job_id).filter(|job| job.lease == Some(lease))
    }

    /// The attempt that a lease still stands for, and whether it was the last.
    pub fn attempt(&mut self, lease: Lease) -> (i32, bool) {
        self.holder(lease).map_or((1, false), |job| (job.attempts, job.attempts >= job.max_attempts))
    }

    /// Ends a lease.
    pub fn settle(&mut self, lease: Lease, end: End, retry_at: Option<Time>) -> Settled {
        let Some(job) = self.holder(lease) else { return Settled::LeaseLost };
        if job.status != Status::Processing {
            return Settled::Applied;
        }
        match end {
            End::Complete(output) => {
                assert!(job.becomes(EventKind::Completed));
                job.wait = None;
                job.output = output.map(|number| number.to_string()).or_else(|| job.output.take());
            }
            End::Wait(_) | End::Await(..) => unreachable!("a wait is told apart"),
            End::Fail(_) => job.fail(FailureReason::HandlerError, retry_at),
            End::Stop => job.stop(),
            End::Release if job.asked => job.stop(),
            End::Release => {
                assert!(job.becomes(EventKind::Reclaimed));
                if job.wait.is_some() {
                    job.status = Status::Waiting;
                    return Settled::Applied;
                }
                job.attempts -= 1;
                if job.was_retry {
                    (job.status, job.retry_at) = (Status::Failed, Some(Time::Fresh));
                }
            }
        }
        Settled::Applied
    }

    /// A lease ends because its job waits.
    pub fn wait(&mut self, lease: Lease, until: Option<Timestamp>, awaits: Option<Awaited>) -> Settled {
        let Some(job) = self.holder(lease) else { return Settled::LeaseLost };
        if job.status == Status::Processing {
            job.steps.insert("__wait_0".to_owned(), 0);
            if job.asked {
                job.stop();
                return Settled::Applied;
            }
            assert!(job.becomes(EventKind::Waiting));
            (job.wait, job.awaits) = (until.map(Time::Is), awaits);
        }
        Settled::Applied
    }

    /// Lets jobs go on that wait for what is over, or does not exist.
    pub fn resume(&mut self) {
        let is_over = |awaited: &Awaited| match awaited {
            Awaited::Token(id) => self.tokens.get(id).copied().unwrap_or(true),
            Awaited::Job(id) => self.jobs.get(id).is_none_or(|job| is_final(job.status, job.retry_at.is_some())),
        };
        let waiters = self.jobs.iter().filter(|(_, job)| job.awaits.as_ref().is_some_and(is_over));
        for id in waiters.map(|(id, _)| *id).collect::<Vec<_>>() {
            let job = self.jobs.get_mut(&id).unwrap();
            (job.wait, job.awaits) = (Some(Time::Fresh), None);
        }
    }

    /// Takes a report.
    pub fn note(&mut self, lease: Lease, report: Report) -> Settled {
        let Some(job) = self.holder(lease).filter(|job| job.status == Status::Processing) else {
            return Settled::LeaseLost;
        };
        match report {
            Report::Progress(percent) => job.progress = Some(i32::from(percent)),
            Report::Output(number) => job.output = Some(number.to_string()),
            Report::Prolonged => job.kinds.push(EventKind::Prolonged),
            Report::Step(name, result) => {
                job.steps.insert(name.to_string(), result);
            }
        }
        Settled::Applied
    }

    /// A worker died: its jobs are taken back. Each with whether it ended.
    pub fn lose(&mut self, worker: WorkerId) -> Vec<(JobId, bool)> {
        let mut taken = Vec::new();
        for (id, job) in &mut self.jobs {
            if job.status != Status::Processing || job.lease.is_none_or(|lease| lease.worker_id != worker) {
                continue;
            }
            (job.crashes, job.lease, job.wait) = (job.crashes + 1, None, None);
            let ends = job.asked || job.attempts >= job.max_attempts || job.crashes >= MAX_CRASHES;
            if job.asked {
                job.stop();
            } else if ends {
                job.fail(FailureReason::Lost, None);
            } else {
                assert!(job.becomes(EventKind::Reclaimed));
            }
            taken.push((*id, ends));
        }
        taken
    }

    /// Deletes what ended with one of these statuses.
    pub fn prune(&mut self, statuses: &[Status]) {
        self.jobs.retain(|_, job| !statuses.contains(&job.status) || !is_final(job.status, job.retry_at.is_some()));
    }
}
