//! Ending leases: completions, failures and releases, each kind one statement, together one transaction.

use std::collections::HashSet;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::claim::Asked;
use super::dependents::{Released, STEP};
use super::faults::Attempt;
use super::flow::count;
use super::joined::claimed;
use super::letters::letters;
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

/// What a settlement did.
#[derive(Default)]
struct Ends {
    applied: HashSet<Lease>,
    /// Whether somebody waits for the end of a job among them.
    told: bool,
    /// How many dead letters were added.
    letters: i64,
    released: Released,
    /// What the claim answered that went along.
    claim: Option<Vec<Row>>,
}

impl PostgresStorage {
    /// Settles, and claims along with that where jobs that others wait for are completed; what the claim's statement answered then.
    pub(super) async fn settle_leases(
        &self,
        settlements: &[Settlement],
        along: Option<&Asked<'_>>,
    ) -> Result<(Vec<Settled>, Option<Vec<Row>>)> {
        if settlements.is_empty() {
            return Ok((Vec::new(), None));
        }
        let session = self.session().await?;
        let awaited = Keys::of(settlements.iter().filter_map(|settlement| waiting(settlement)?.1.on.as_ref()));
        let is_tied = self.tied.ends(settlements.iter().map(|settlement| settlement.lease.job_id));
        let Ends { mut applied, told, letters, mut released, claim } =
            self.settle_tried(&session, settlements, &awaited, is_tied, along).await?;
        let mut ended: Vec<_> = applied.iter().map(|lease| lease.job_id).collect();
        let missing = settlements.iter().map(|settlement| settlement.lease).filter(|lease| !applied.contains(lease));
        let missing = Leases::of(missing.clone());
        if !missing.jobs.is_empty() {
            let params: Params<'_> = &[&missing.workers, &missing.jobs, &missing.tokens];
            read_leases(&session.query(&self.statements.settled_before, params).await?, &mut applied)?;
            let left: Vec<_> =
                settlements.iter().filter(|one| is_completion(one) && !applied.contains(&one.lease)).collect();
            if !is_tied && !left.is_empty() {
                // Others began to wait for them after they were claimed, if their leases are not lost.
                let left: Vec<_> = left.into_iter().cloned().collect();
                let more = self.settle_tried(&session, &left, &Keys::default(), true, None).await?;
                ended.extend(more.applied.iter().map(|lease| lease.job_id));
                applied.extend(more.applied);
                released = more.released;
            }
        }
        drop(session);
        self.claims.ended(settlements.iter().map(|settlement| settlement.lease));
        self.hub.ended(ended.iter().copied());
        if released.any() {
            self.bounds.reset();
        }
        if released.more_than(claimed(claim.as_deref())) {
            self.announce();
        }
        if told {
            self.go_on_after(ended, released).await;
        } else if released.goes_on() {
            self.follow_after(ended, released).await;
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
        } else {
            self.announce_letters(letters);
        }
        let answer = |lease| if applied.contains(lease) { Settled::Applied } else { Settled::LeaseLost };
        Ok((settlements.iter().map(|settlement| answer(&settlement.lease)).collect(), claim))
    }

    async fn settle_tried(
        &self,
        session: &Session,
        settlements: &[Settlement],
        awaited: &Keys,
        is_tied: bool,
        along: Option<&Asked<'_>>,
    ) -> Result<Ends> {
        let mut tries = Tries::default();
        loop {
            match self.settle_once(session, settlements, awaited, is_tied, along).await {
                Err(fault) if tries.again(&fault).await => {}
                result => return Ok(result?),
            }
        }
    }

    /// Completes jobs that others wait for only if `is_tied`, and releases those in the same transaction.
    async fn settle_once(
        &self,
        session: &Session,
        settlements: &[Settlement],
        awaited: &Keys,
        is_tied: bool,
        along: Option<&Asked<'_>>,
    ) -> Attempt<Ends> {
        // Each kind of end is a statement: without this the order of the kinds would decide between two ends of one lease.
        let mut ended = HashSet::with_capacity(settlements.len());
        let mut sorted: Vec<_> = settlements.iter().filter(|settlement| ended.insert(settlement.lease)).collect();
        sorted.sort_by_key(|settlement| settlement.lease.job_id);
        let completed = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Completed { .. }));
        let failed = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Failed(_)));
        let released = sorted.iter().filter(|s| matches!(s.outcome, Outcome::Released));
        let stopped: Vec<_> = sorted.iter().filter_map(|s| stopped(s)).collect();

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
        let reasons_to_stop: Vec<_> = stopped.iter().map(|(_, reason)| reason.map(storable)).collect();
        let reasons_to_stop: Vec<_> = reasons_to_stop.iter().map(Option::as_deref).collect();
        let stopped = Leases::of(stopped.iter().map(|(lease, _)| *lease));

        let reasons: Vec<_> = failures.iter().map(|failure| failure.reason.as_str()).collect();
        let messages: Vec<_> = failures.iter().map(|failure| storable(&failure.message)).collect();
        let messages: Vec<_> = messages.iter().map(AsRef::<str>::as_ref).collect();
        let kinds: Vec<_> = failures.iter().map(|failure| failure.kind.as_deref().map(storable)).collect();
        let kinds: Vec<_> = kinds.iter().map(Option::as_deref).collect();
        let traces: Vec<_> = failures.iter().map(|failure| failure.traceback.as_deref().map(storable)).collect();
        let traces: Vec<_> = traces.iter().map(Option::as_deref).collect();
        let delays: Vec<_> = failures.iter().map(|failure| failure.retry_in.map(|span| span.as_secs_f64())).collect();
        let most = i32::try_from(MAX_ERRORS).unwrap_or(i32::MAX);

        let complete: Params<'_> = &[&done.workers, &done.jobs, &done.tokens, &outputs, &is_tied];
        let fail: Params<'_> =
            &[&lost.workers, &lost.jobs, &lost.tokens, &attempts, &reasons, &messages, &kinds, &traces, &delays, &most];
        let release: Params<'_> = &[&back.workers, &back.jobs, &back.tokens];
        let stop: Params<'_> = &[&stopped.workers, &stopped.jobs, &stopped.tokens, &reasons_to_stop];
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
        let release_dependents: Params<'_> = &[&done.jobs, &STEP];
        let releases = is_tied && !done.jobs.is_empty();
        if releases {
            present.push((&self.statements.release_dependents, release_dependents));
        }
        let ids: Vec<_> = sorted.iter().map(|settlement| settlement.lease.job_id).collect();
        let none: [&str; 0] = [];
        let (free, admit): (Params<'_>, Params<'_>) = (&[&ids], &[&ids, &&none[..]]);
        let is_limited = self.is_limited();
        if is_limited {
            present.extend([(&self.statements.free, free), (&self.statements.admit, admit)]);
        }
        let along = along.filter(|_| releases && !is_limited);
        let claim = along.map(Asked::params);
        if let (Some(asked), Some(params)) = (along, &claim) {
            present.push((self.claim_statement(asked.types), params));
        }
        let mut all = Ends { applied: HashSet::with_capacity(settlements.len()), ..Ends::default() };
        let mut results = session.transaction(&present).await?;
        all.claim = claim.and_then(|_| results.pop());
        if is_limited {
            let freed = results.split_off(results.len().saturating_sub(2));
            if let Some(freed) = freed.first()
                && count(freed)? > 0
            {
                // Other workers may have passed over jobs of the same limits.
                self.announce();
            }
        }
        for rows in results.iter().take(ends) {
            all.told |= read_leases(rows, &mut all.applied)?;
            all.letters += letters(rows)?;
        }
        if let Some(rows) = results.last().filter(|_| releases) {
            all.released = Released::read(rows)?;
        }
        Ok(all)
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

fn is_completion(settlement: &Settlement) -> bool {
    matches!(settlement.outcome, Outcome::Completed { .. })
}

fn output(outcome: &Outcome) -> Option<Json<'_>> {
    match outcome {
        Outcome::Completed { output } => output.as_deref().map(Json),
        Outcome::Failed(_) | Outcome::Released | Outcome::Cancelled { .. } | Outcome::Waiting(_) => None,
    }
}

fn failure(outcome: &Outcome) -> Option<&Failure> {
    match outcome {
        Outcome::Failed(failure) => Some(failure),
        Outcome::Completed { .. } | Outcome::Released | Outcome::Cancelled { .. } | Outcome::Waiting(_) => None,
    }
}

fn stopped(settlement: &Settlement) -> Option<(Lease, Option<&str>)> {
    match &settlement.outcome {
        Outcome::Cancelled { reason } => Some((settlement.lease, reason.as_deref())),
        _ => None,
    }
}

fn waiting(settlement: &Settlement) -> Option<(Lease, &Wait)> {
    match &settlement.outcome {
        Outcome::Waiting(wait) => Some((settlement.lease, wait)),
        _ => None,
    }
}
