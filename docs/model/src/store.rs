//! The store: each request is one atomic step. Fields called ghosts are not stored anywhere; they only tell right from wrong.

use std::collections::BTreeMap;

use crate::flaw::Flaw;

/// The crash that ends a job.
pub const MAX_CRASHES: u8 = 2;
/// How many ticks a lease lasts.
pub const LASTS: u8 = 2;

/// One claim of one registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease {
    pub worker: u8,
    pub token: u8,
}

/// Where a job is. One that failed and is tried again is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Completed,
    Failed,
    Released,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Job {
    pub status: Status,
    pub attempts: u8,
    pub max_attempts: u8,
    pub crashes: u8,
    /// The lease that is held.
    pub held: Option<Lease>,
    /// The lease of the last claim, until a sweep voids it: a repeated settlement is known by it.
    pub last: Option<Lease>,
    /// Ghost: the newest lease, while it is valid.
    pub owner: Option<Lease>,
    /// Ghost: the lease whose settlement was applied, until the next claim.
    pub applied: Option<Lease>,
    /// Ghost: the claims that were not given back.
    pub claims: u8,
    /// Ghost: the sweeps that took it.
    pub deaths: u8,
}

impl Job {
    fn new(max_attempts: u8) -> Self {
        Self {
            status: Status::Pending,
            attempts: 0,
            max_attempts,
            crashes: 0,
            held: None,
            last: None,
            owner: None,
            applied: None,
            claims: 0,
            deaths: 0,
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Failed)
    }
}

/// A registered worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// The ticks until its lease has run out.
    pub left: u8,
    /// The token of its last claim.
    pub token: Option<u8>,
}

/// What must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// A lease that is not the newest changed a job.
    StaleChange,
    /// A job was leased while another lease was valid.
    LeasedTwice,
    /// One claim leased two jobs.
    ClaimedTwice,
    /// A job was taken from a worker whose lease had not run out.
    TakenFromLiving,
    /// A worker was renewed that had lost a job.
    RenewedAfterLoss,
    /// A settlement was applied, and its repeat refused.
    AppliedButRefused,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Store {
    pub jobs: Vec<Job>,
    pub workers: BTreeMap<u8, Row>,
    pub wrong: Option<Wrong>,
}

impl Store {
    pub fn new(jobs: usize, max_attempts: u8) -> Self {
        Self { jobs: vec![Job::new(max_attempts); jobs], workers: BTreeMap::new(), wrong: None }
    }

    pub fn blame(&mut self, wrong: Wrong) {
        self.wrong = self.wrong.or(Some(wrong));
    }

    pub fn register(&mut self, worker: u8) {
        self.workers.insert(worker, Row { left: LASTS, token: None });
    }

    /// Whether the worker is still registered.
    pub fn renew(&mut self, worker: u8, flaw: Option<Flaw>) -> bool {
        if flaw == Some(Flaw::RenewalRevives) && !self.workers.contains_key(&worker) {
            self.register(worker);
        }
        match self.workers.get_mut(&worker) {
            Some(row) => {
                row.left = LASTS;
                true
            }
            None => false,
        }
    }

    /// Leases the first job that may be claimed. Answers whether the worker is registered, and the job that the claim leased.
    pub fn claim(&mut self, lease: Lease, flaw: Option<Flaw>) -> Option<Option<usize>> {
        let row = self.workers.get_mut(&lease.worker)?;
        if row.token == Some(lease.token) && flaw != Some(Flaw::RepeatedClaim) {
            return Some(self.leased(lease));
        }
        let greedy = flaw == Some(Flaw::GreedyClaim);
        let may = |job: &Job| job.status == Status::Pending || greedy && job.status == Status::Processing;
        let Some(at) = self.jobs.iter().position(may) else { return Some(None) };
        if self.jobs.iter().any(|job| job.owner == Some(lease)) {
            self.wrong = self.wrong.or(Some(Wrong::ClaimedTwice));
        }
        row.token = Some(lease.token);
        let job = &mut self.jobs[at];
        if job.owner.is_some() {
            self.wrong = self.wrong.or(Some(Wrong::LeasedTwice));
        }
        job.status = Status::Processing;
        job.attempts += 1;
        (job.held, job.last, job.owner, job.applied) = (Some(lease), Some(lease), Some(lease), None);
        job.claims += 1;
        Some(Some(at))
    }

    /// The job that an earlier claim leased and that still is.
    pub fn leased(&self, lease: Lease) -> Option<usize> {
        self.jobs.iter().position(|job| job.held == Some(lease))
    }

    /// Whether the settlement was applied, now or before.
    pub fn settle(&mut self, at: usize, lease: Lease, outcome: Outcome, flaw: Option<Flaw>) -> bool {
        let job = &mut self.jobs[at];
        let unfenced = flaw == Some(Flaw::UnfencedSettle) && job.status == Status::Processing;
        if job.held != Some(lease) && !unfenced {
            let before = job.last == Some(lease) && job.status != Status::Processing;
            if !before && job.applied == Some(lease) {
                self.blame(Wrong::AppliedButRefused);
            }
            return before;
        }
        if job.owner != Some(lease) {
            self.wrong = self.wrong.or(Some(Wrong::StaleChange));
        }
        job.status = match outcome {
            Outcome::Completed => Status::Completed,
            Outcome::Failed if job.attempts >= job.max_attempts => Status::Failed,
            Outcome::Failed | Outcome::Released => Status::Pending,
        };
        if outcome == Outcome::Released {
            job.claims -= 1;
            job.attempts -= u8::from(flaw != Some(Flaw::CountedRelease));
        }
        if flaw == Some(Flaw::ForgetfulSettle) {
            job.last = None;
        }
        (job.held, job.owner, job.applied) = (None, None, Some(lease));
        true
    }

    /// Whether a sweep finds this job.
    pub fn is_orphan(&self, at: usize, flaw: Option<Flaw>) -> bool {
        let Some(lease) = self.jobs[at].held else { return false };
        let row = self.workers.get(&lease.worker);
        row.is_none_or(|row| row.left == 0 || flaw == Some(Flaw::HastySweep))
    }

    /// Takes a job from its worker, whose registration goes first.
    pub fn sweep(&mut self, at: usize, flaw: Option<Flaw>) {
        let Some(lease) = self.jobs[at].held else { return };
        if self.workers.get(&lease.worker).is_some_and(|row| row.left > 0) {
            self.blame(Wrong::TakenFromLiving);
        }
        if flaw != Some(Flaw::SweepSparesWorker) {
            self.workers.remove(&lease.worker);
        }
        let job = &mut self.jobs[at];
        job.deaths += 1;
        if flaw == Some(Flaw::UncountedSweep) {
            job.attempts -= 1;
        } else {
            job.crashes += 1;
        }
        let used_up = job.attempts >= job.max_attempts && flaw != Some(Flaw::EndlessSweep);
        job.status = if used_up || job.crashes >= MAX_CRASHES { Status::Failed } else { Status::Pending };
        (job.held, job.last, job.owner) = (None, None, None);
    }

    /// Forgets what nothing can come back to: states that differ in no more than that are one.
    pub fn forget(&mut self, is_worker_named: impl Fn(u8) -> bool, is_lease_named: impl Fn(Lease) -> bool) {
        for job in &mut self.jobs {
            job.last = job.last.filter(|lease| is_lease_named(*lease));
            job.applied = job.applied.filter(|lease| is_lease_named(*lease));
        }
        let jobs = &self.jobs;
        let holds = |worker: u8| jobs.iter().any(|job| job.held.is_some_and(|lease| lease.worker == worker));
        self.workers.retain(|worker, row| {
            row.token = row.token.filter(|token| is_lease_named(Lease { worker: *worker, token: *token }));
            is_worker_named(*worker) || holds(*worker)
        });
    }

    /// Time passes.
    pub fn tick(&mut self) {
        for row in self.workers.values_mut() {
            row.left = row.left.saturating_sub(1);
        }
    }
}
