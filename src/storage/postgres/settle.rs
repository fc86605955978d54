//! Ending leases: completions, failures and releases, each kind one statement, together one transaction.

use std::collections::HashSet;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::faults::Attempt;
use super::rows::{At, Json, Reader};
use super::session::{Params, Session, Tries};
use super::statements::Statement;
use super::tokens::Keys;
use crate::error::Result;
use crate::model::{Awaited, Failure, Lease, Outcome, Settled, Settlement, Wait};
use crate::policy::limits::{MAX_ERRORS, storable};
use crate::storage::reports::{wait_metadata, wait_step, with_steps};

/// Leases as the columns that each statement begins with.
pub(super) struct Leases {
    pub(super) workers: Vec<i64>,
    pub(super) jobs: Vec<i64>,
    pub(super) tokens: Vec<i64>,
}

impl Leases {
    pub(super) fn of(leases: impl Iterator<Item = Lease> + Clone) -> Self {
        Self {
            workers: leases.clone().map(|lease| lease.worker_id).collect(),
            jobs: leases.clone().map(|lease| lease.job_id).collect(),
            tokens: leases.map(|lease| lease.token).collect(),
        }
    }
}

impl PostgresStorage {
    pub(super) async fn settle_leases(&self, settlements: &[Settlement]) -> Result<Vec<Settled>> {
        if settlements.is_empty() {
            return Ok(Vec::new());
        }
        let session = self.session().await?;
        let mut tries = Tries::default();
        let awaited = Keys::of(settlements.iter().filter_map(|settlement| waiting(settlement)?.1.on.as_ref()));
        let (mut applied, told) = loop {
            match self.settle_once(&session, settlements, &awaited).await {
                Err(fault) if tries.again(&fault).await => {}
                result => break result?,
            }
        };
        let ended: Vec<_> = applied.iter().map(|lease| lease.job_id).collect();
        let missing = settlements.iter().map(|settlement| settlement.lease).filter(|lease| !applied.contains(lease));
        let missing = Leases::of(missing.clone());
        if !missing.jobs.is_empty() {
            let params: Params<'_> = &[&missing.workers, &missing.jobs, &missing.tokens];
            read_leases(&session.query(&self.statements.settled_before, params).await?, &mut applied)?;
        }
        drop(session);
        self.claims.ended(settlements.iter().map(|settlement| settlement.lease));
        self.hub.ended(ended.iter().copied());
        if told {
            self.resume_after(&Keys::jobs(ended)).await;
        }
        if awaited.has_jobs() {
            // One that ended while this was written found nobody waiting: seen now, after both were committed.
            self.resume_after(&awaited).await;
        }
        if settlements.iter().any(|settlement| matches!(settlement.outcome, Outcome::Released)) {
            self.bounds.reset();
        }
        if settlements.iter().any(|settlement| settlement.outcome.runs_again()) {
            self.announce();
        }
        let answer = |lease| if applied.contains(lease) { Settled::Applied } else { Settled::LeaseLost };
        Ok(settlements.iter().map(|settlement| answer(&settlement.lease)).collect())
    }

    /// What was applied, and whether somebody waits for the end of a job among it.
    async fn settle_once(
        &self,
        session: &Session,
        settlements: &[Settlement],
        awaited: &Keys,
    ) -> Attempt<(HashSet<Lease>, bool)> {
        // Each kind of end is a statement: without this the order of the kinds would decide between two ends of one lease.
        let mut ended = HashSet::with_capacity(settlements.len());
        let mut sorted: Vec<_> = settlements.iter().filter(|settlement| ended.insert(settlement.lease)).collect();
        sorted.sort_by_key(|settlement| settlement.lease.job_id);
        let completed = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Completed { .. }));
        let failed = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Failed(_)));
        let released = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Released));
        let stopped = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Cancelled));

        let waits: Vec<_> = sorted.iter().filter_map(|s| waiting(s)).collect();
        let until: Vec<_> = waits.iter().map(|(_, wait)| wait.until.map(At)).collect();
        let keys: Vec<_> = waits.iter().map(|(_, wait)| wait.on.as_ref().map(Awaited::key)).collect();
        let steps = waits.iter().map(|(_, wait)| with_steps(b"{}", &wait_step(wait))).collect::<Result<Vec<_>>>()?;
        let steps: Vec<_> = steps.iter().map(|step| Json(step)).collect();
        let told: Vec<_> = waits.iter().map(|(_, wait)| wait_metadata(wait)).collect();
        let told: Vec<_> = told.iter().map(|text| Json(text.as_bytes())).collect();
        let idle = Leases::of(waits.iter().map(|(lease, _)| *lease));

        let outputs: Vec<_> = completed.clone().map(|s| output(&s.outcome)).collect();
        let done = Leases::of(completed.map(|s| s.lease));
        let attempts: Vec<_> = failed.clone().map(|s| s.attempt).collect();
        let failures: Vec<_> = failed.clone().filter_map(|s| failure(&s.outcome)).collect();
        let lost = Leases::of(failed.map(|s| s.lease));
        let back = Leases::of(released.map(|s| s.lease));
        let stopped = Leases::of(stopped.map(|s| s.lease));

        let reasons: Vec<_> = failures.iter().map(|failure| failure.reason.as_str()).collect();
        let messages: Vec<_> = failures.iter().map(|failure| storable(&failure.message)).collect();
        let messages: Vec<_> = messages.iter().map(AsRef::<str>::as_ref).collect();
        let kinds: Vec<_> = failures.iter().map(|failure| failure.kind.as_deref().map(storable)).collect();
        let kinds: Vec<_> = kinds.iter().map(Option::as_deref).collect();
        let traces: Vec<_> = failures.iter().map(|failure| failure.traceback.as_deref().map(storable)).collect();
        let traces: Vec<_> = traces.iter().map(Option::as_deref).collect();
        let delays: Vec<_> = failures.iter().map(|failure| failure.retry_in.map(|span| span.as_secs_f64())).collect();
        let most = i32::try_from(MAX_ERRORS).unwrap_or(i32::MAX);

        let complete: Params<'_> = &[&done.workers, &done.jobs, &done.tokens, &outputs];
        let fail: Params<'_> =
            &[&lost.workers, &lost.jobs, &lost.tokens, &attempts, &reasons, &messages, &kinds, &traces, &delays, &most];
        let release: Params<'_> = &[&back.workers, &back.jobs, &back.tokens];
        let stop: Params<'_> = &[&stopped.workers, &stopped.jobs, &stopped.tokens];
        let wait: Params<'_> = &[&idle.workers, &idle.jobs, &idle.tokens, &until, &steps, &told, &keys];
        let all: [(&Leases, &Statement, Params<'_>); 5] = [
            (&done, &self.statements.complete, complete),
            (&lost, &self.statements.fail, fail),
            (&back, &self.statements.release, release),
            (&stopped, &self.statements.stop, stop),
            (&idle, &self.statements.wait, wait),
        ];
        let mut present: Vec<_> = all
            .into_iter()
            .filter(|(leases, ..)| !leases.jobs.is_empty())
            .map(|(_, statement, params)| (statement, params))
            .collect();
        let ends = present.len();
        let (tokens, jobs, most) = awaited.parameters();
        let resume: Params<'_> = &[tokens, jobs, most];
        if !awaited.is_empty() {
            present.push((&self.statements.resume, resume));
        }
        let mut applied = HashSet::with_capacity(settlements.len());
        let mut told = false;
        for rows in session.transaction(&present).await?.iter().take(ends) {
            told |= read_leases(rows, &mut applied)?;
        }
        Ok((applied, told))
    }
}

/// Reads the leases of three arrays, and whether somebody waits for the end of one of these jobs.
pub(super) fn read_leases(rows: &[Row], into: &mut HashSet<Lease>) -> Result<bool> {
    let mut told = false;
    for row in rows {
        let mut reader = Reader::new(row, 0);
        let workers = reader.take::<Option<Vec<i64>>>()?.unwrap_or_default();
        let jobs = reader.take::<Option<Vec<i64>>>()?.unwrap_or_default();
        let tokens = reader.take::<Option<Vec<i64>>>()?.unwrap_or_default();
        let leases = workers.into_iter().zip(jobs).zip(tokens);
        into.extend(leases.map(|((worker_id, job_id), token)| Lease { job_id, worker_id, token }));
        told |= row.len() > 3 && reader.take::<i64>()? > 0;
    }
    Ok(told)
}

fn output(outcome: &Outcome) -> Option<Json<'_>> {
    match outcome {
        Outcome::Completed { output } => output.as_deref().map(Json),
        Outcome::Failed(_) | Outcome::Released | Outcome::Cancelled | Outcome::Waiting(_) => None,
    }
}

fn failure(outcome: &Outcome) -> Option<&Failure> {
    match outcome {
        Outcome::Failed(failure) => Some(failure),
        Outcome::Completed { .. } | Outcome::Released | Outcome::Cancelled | Outcome::Waiting(_) => None,
    }
}

fn waiting(settlement: &Settlement) -> Option<(Lease, &Wait)> {
    match &settlement.outcome {
        Outcome::Waiting(wait) => Some((settlement.lease, wait)),
        _ => None,
    }
}
