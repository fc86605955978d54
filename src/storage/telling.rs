//! What listeners are told of each kind of call that an observed store has answered.

use std::collections::HashMap;

use serde_json::Value;

use super::observed::Observed;
use crate::error::{Error, Result};
use crate::model::bits::{CANCELLED, COMPLETED, FAILED, OUTPUT, PROCESSING, PROGRESS, RETRIED, WAITING};
use crate::model::{
    Added, Awaited, Change, Claim, FailureReason, Happening, Job, JobId, Note, NoteKind, Outcome, Settled, Settlement,
    Status, What,
};

pub(super) const NOTES: u32 = PROGRESS | OUTPUT;
/// What the store decides itself, of a run after which its job was to go on.
const UNSURE: u32 = FAILED | CANCELLED | WAITING;
pub(super) const ENDS: u32 = COMPLETED | UNSURE;

impl Observed {
    pub(super) fn remember(&self, claim: &Claim) {
        if self.hooks.wants(ENDS | NOTES) {
            self.hooks.claimed(claim.jobs.iter().map(|one| (one.lease, one.job.job_type.clone())));
        }
        if self.hooks.wants(PROCESSING) {
            self.hooks.tell(claim.jobs.iter().map(|one| {
                let what = What::Processing { attempt: one.job.attempts };
                Happening { job_id: one.job.id, job_type: Some(one.job.job_type.clone()), what }
            }));
        }
    }

    pub(super) fn forget_lost<T>(&self, answer: &Result<T>) {
        if let Err(Error::WorkerLost { worker }) = answer {
            self.hooks.forget(*worker);
        }
    }

    /// These jobs as they are, by id. What cannot be read is told with what is known.
    async fn read(&self, ids: &[JobId]) -> HashMap<JobId, Job> {
        if ids.is_empty() {
            return HashMap::new();
        }
        let jobs = self.store.get(ids).await.unwrap_or_default();
        jobs.into_iter().map(|job| (job.id, job)).collect()
    }

    pub(super) fn tell_added(&self, types: Option<Vec<String>>, answer: &Result<Vec<Added>>) {
        let (Some(types), Ok(added)) = (types, answer) else { return };
        let new = added.iter().zip(types).filter(|(one, _)| one.created);
        self.hooks.tell(new.map(|(one, job_type)| Happening {
            job_id: one.id,
            job_type: Some(job_type),
            what: What::Added,
        }));
    }

    pub(super) async fn tell_ends(&self, settlements: &[Settlement], settled: &[Settled]) {
        let mut ends = Vec::with_capacity(settlements.len());
        for (settlement, how) in settlements.iter().zip(settled) {
            let job_type = self.hooks.let_go(&settlement.lease);
            if *how == Settled::Applied {
                ends.push((settlement, job_type));
            }
        }
        // Whoever asked to cancel a job while it ran may have done so without this worker's knowing.
        let unsure = |settlement: &Settlement| settlement.outcome.runs_again() && self.hooks.wants(UNSURE);
        let asked = ends.iter().filter(|(settlement, job_type)| job_type.is_none() || unsure(settlement));
        let ids: Vec<_> = asked.map(|(settlement, _)| settlement.lease.job_id).collect();
        let jobs = self.read(&ids).await;
        self.hooks.tell(ends.into_iter().filter_map(|(settlement, job_type)| {
            let job_id = settlement.lease.job_id;
            let job = jobs.get(&job_id);
            let cancelled = settlement.outcome.runs_again()
                && job.is_some_and(|job| job.status == Status::Cancelled && job.cancel_requested_at.is_some());
            let what = if cancelled { What::Cancelled { reason: None } } else { end(settlement)? };
            Some(Happening { job_id, job_type: job_type.or_else(|| job.map(|job| job.job_type.clone())), what })
        }));
    }

    pub(super) async fn tell_notes(&self, notes: &[Note], settled: &[Settled]) {
        let told = notes.iter().zip(settled).filter(|(note, how)| {
            **how == Settled::Applied && matches!(note.kind, NoteKind::Progress(_) | NoteKind::Output(_))
        });
        let told: Vec<_> = told.map(|(note, _)| (note, self.hooks.type_of(&note.lease))).collect();
        let unknown: Vec<_> = told.iter().filter(|(_, job_type)| job_type.is_none()).collect();
        let jobs = self.read(&unknown.iter().map(|(note, _)| note.lease.job_id).collect::<Vec<_>>()).await;
        self.hooks.tell(told.into_iter().filter_map(|(note, job_type)| {
            let job_id = note.lease.job_id;
            let what = match &note.kind {
                NoteKind::Progress(percent) => What::Progress(*percent),
                NoteKind::Output(output) => What::Output(output.clone()),
                NoteKind::Step { .. } | NoteKind::Prolonged { .. } => return None,
            };
            let job_type = job_type.or_else(|| jobs.get(&job_id).map(|job| job.job_type.clone()));
            Some(Happening { job_id, job_type, what })
        }));
    }

    /// These jobs ended without their workers.
    pub(super) async fn tell_lost(&self, ids: Vec<JobId>) {
        let jobs = self.read(&ids).await;
        self.hooks.tell(ids.iter().filter_map(|id| jobs.get(id)).map(|job| {
            let what = if job.status == Status::Cancelled {
                What::Cancelled { reason: job.cancel_reason.clone() }
            } else {
                let (reason, will_retry) = (FailureReason::Lost, false);
                let message = last_error(job).unwrap_or_else(|| "the worker that ran this job died".to_owned());
                What::Failed { attempt: job.attempts, reason, message, error_type: None, will_retry }
            };
            Happening { job_id: job.id, job_type: Some(job.job_type.clone()), what }
        }));
    }

    pub(super) async fn tell_changed(&self, change: &Change, ids: &[JobId]) {
        let jobs = self.read(ids).await;
        self.hooks.tell(ids.iter().filter_map(|id| {
            let job = jobs.get(id);
            let what = match change {
                Change::Cancel => What::Cancelled { reason: None },
                // It may only have been asked for.
                Change::CancelRunning if job.is_some_and(|job| job.status == Status::Cancelled) => {
                    What::Cancelled { reason: None }
                }
                Change::Retry => What::Retried,
                Change::CancelRunning | Change::Edit(_) | Change::Delete => return None,
            };
            Some(Happening { job_id: *id, job_type: job.map(|job| job.job_type.clone()), what })
        }));
    }

    pub(super) async fn tell_cancelled(&self, ids: &[JobId], reason: &str) {
        let jobs = self.read(ids).await;
        self.hooks.tell(ids.iter().map(|id| Happening {
            job_id: *id,
            job_type: jobs.get(id).map(|job| job.job_type.clone()),
            what: What::Cancelled { reason: Some(reason.to_owned()) },
        }));
    }

    pub(super) fn wants_change(&self, change: &Change) -> bool {
        match change {
            Change::Cancel | Change::CancelRunning => self.hooks.wants(CANCELLED),
            Change::Retry => self.hooks.wants(RETRIED),
            Change::Edit(_) | Change::Delete => false,
        }
    }
}

/// What the end of a run is to listeners; nothing where its job goes back as it was.
fn end(settlement: &Settlement) -> Option<What> {
    let attempt = settlement.attempt;
    Some(match &settlement.outcome {
        Outcome::Completed { output } => What::Completed { attempt, output: output.clone() },
        Outcome::Failed(failure) => What::Failed {
            attempt,
            reason: failure.reason,
            message: failure.message.clone(),
            error_type: failure.kind.clone(),
            will_retry: failure.retry_in.is_some(),
        },
        Outcome::Cancelled { reason } => What::Cancelled { reason: reason.clone() },
        Outcome::Waiting(wait) => What::Waiting { until: wait.until, on: wait.on.as_ref().map(Awaited::key) },
        Outcome::Released => return None,
    })
}

fn last_error(job: &Job) -> Option<String> {
    let history: Vec<Value> = serde_json::from_slice(&job.error_history).ok()?;
    history.last()?.get("message")?.as_str().map(str::to_owned)
}
