//! Ending leases, and what is reported while they last.

use std::collections::HashSet;

use rusqlite::OptionalExtension;

use super::bodies::{self, inline};
use super::enqueue::{Place, place};
use super::errors;
use super::fault::Outcome as Done;
use super::letters;
use super::session::Session;
use super::statements as sql;
use super::waits;
use crate::clock::Timestamp;
use crate::model::{EventKind, Failure, JobId, Lease, Note, Outcome, Settled, Settlement};
use crate::storage::reports::{Report, merged, stopped_metadata, wait_step, with_steps};

/// Ends each lease that is still valid. A job that was deleted under its lease is nobody's any more.
pub(super) fn settle(session: &mut Session<'_>, settlements: &[Settlement]) -> Done<Vec<Settled>> {
    settlements.iter().map(|settlement| settle_one(session, settlement)).collect()
}

fn settle_one(session: &mut Session<'_>, settlement: &Settlement) -> Done<Settled> {
    let lease = settlement.lease;
    let Some((is_retry, is_asked)) = end_lease(session, lease)? else {
        let was_settled = session.value(sql::WAS_SETTLED, (lease.job_id, lease.worker_id, lease.token))?;
        return Ok(if was_settled { Settled::Applied } else { Settled::LeaseLost });
    };
    session.effects.freed.push(lease.job_id);
    match &settlement.outcome {
        Outcome::Cancelled { reason } => stop(session, lease.job_id, reason.as_deref())?,
        outcome if is_asked && outcome.runs_again() => break_off(session, settlement)?,
        Outcome::Completed { output } => complete(session, lease, output.as_deref())?,
        Outcome::Failed(failure) => fail(session, lease, settlement.attempt, failure)?,
        Outcome::Released => release(session, lease, is_retry)?,
        Outcome::Waiting(wait) => waits::begin(session, lease.job_id, wait)?,
    }
    Ok(Settled::Applied)
}

/// Whether the run was a retry, and whether somebody asked to cancel it; `None` where the lease is not valid.
fn end_lease(session: &Session<'_>, lease: Lease) -> Done<Option<(bool, bool)>> {
    let key = (lease.worker_id, lease.job_id, lease.token);
    let ended: Option<(bool, bool, bool)> = session.with(sql::END_LEASE, |ended| {
        Ok(ended.query_row(key, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
    })?;
    Ok(ended.filter(|(_, exists, _)| *exists).map(|(is_retry, _, is_asked)| (is_retry, is_asked)))
}

/// Ends as cancelled what would run again, and keeps what the run had to tell.
fn break_off(session: &mut Session<'_>, settlement: &Settlement) -> Done<()> {
    let id = settlement.lease.job_id;
    match &settlement.outcome {
        Outcome::Failed(failure) => drop(mark_failed(session, id, settlement.attempt, failure, None)?),
        Outcome::Waiting(wait) => record(session, id, &Report { steps: wait_step(wait), ..Report::default() })?,
        _ => {}
    }
    stop(session, id, None)
}

/// Ends a run as cancelled.
fn stop(session: &mut Session<'_>, id: JobId, reason: Option<&str>) -> Done<()> {
    session.run(sql::STOP, (id, session.micros(), reason))?;
    session.event(id, EventKind::Cancelled, Some(&stopped_metadata(reason)))?;
    session.effects.ended.push(id);
    Ok(())
}

fn complete(session: &mut Session<'_>, lease: Lease, output: Option<&[u8]>) -> Done<()> {
    let id = lease.job_id;
    session.run(sql::COMPLETE, (id, session.micros(), output.is_some(), output.and_then(inline)))?;
    if let Some(output) = output {
        bodies::replace(session, id, "output", output)?;
    }
    session.event(id, EventKind::Completed, None)?;
    session.effects.ended.push(id);
    Ok(())
}

fn fail(session: &mut Session<'_>, lease: Lease, attempt: i32, failure: &Failure) -> Done<()> {
    let id = lease.job_id;
    let retry_at = failure.retry_in.map(|delay| session.now.plus(delay));
    let (job_type, priority) = mark_failed(session, id, attempt, failure, retry_at)?;
    let metadata = errors::metadata(&failure.message, failure.reason, attempt, retry_at.is_some());
    session.event(id, EventKind::Failed, Some(&metadata))?;
    if let Some(due_at) = retry_at {
        place(session, Place { job_type: &job_type, priority, due_at, is_retry: true }, id)?;
        session.effects.wake = true;
    } else {
        session.effects.ended.push(id);
        letters::bury(session, id, failure)?;
    }
    Ok(())
}

/// Writes down a failure; answers the job's type and priority.
fn mark_failed(
    session: &Session<'_>,
    id: JobId,
    attempt: i32,
    failure: &Failure,
    retry_at: Option<Timestamp>,
) -> Done<(String, i32)> {
    let history = errors::appended(session, id, &errors::entry(failure, attempt, session.now))?;
    let mut statement = session.conn.prepare_cached(sql::FAIL)?;
    let place = statement.query_row(
        (id, session.micros(), failure.reason.as_str(), retry_at.map(Timestamp::as_micros), inline(&history)),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    bodies::replace(session, id, "error_history", &history)?;
    Ok(place)
}

fn release(session: &mut Session<'_>, lease: Lease, is_retry: bool) -> Done<()> {
    let id = lease.job_id;
    let mut statement = session.conn.prepare_cached(sql::RELEASE)?;
    let (job_type, priority, due_at): (String, i32, i64) =
        statement.query_row((id, session.micros(), is_retry), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let due_at = Timestamp::from_micros(due_at);
    place(session, Place { job_type: &job_type, priority, due_at, is_retry }, id)?;
    session.event(id, EventKind::Reclaimed, Some(r#"{"released":true}"#))?;
    session.effects.wake = true;
    Ok(())
}

/// Records the newest reports of each run whose lease is valid.
pub(super) fn note(session: &mut Session<'_>, notes: &[Note]) -> Done<Vec<Settled>> {
    let mut applied = HashSet::new();
    for (lease, report) in merged(notes) {
        if session.value::<bool>(sql::HAS_LEASE, (lease.worker_id, lease.job_id, lease.token))? {
            record(session, lease.job_id, &report)?;
            applied.insert(lease);
        }
    }
    let answer = |lease| if applied.contains(lease) { Settled::Applied } else { Settled::LeaseLost };
    Ok(notes.iter().map(|note| answer(&note.lease)).collect())
}

fn record(session: &Session<'_>, id: JobId, report: &Report<'_>) -> Done<()> {
    if let Some(percent) = report.progress {
        session.run(sql::NOTE_PROGRESS, (id, percent, session.micros()))?;
    }
    if let Some(output) = report.output {
        session.run(sql::NOTE_OUTPUT, (id, inline(output), session.micros()))?;
        bodies::replace(session, id, "output", output)?;
    }
    if !report.steps.is_empty() {
        let before: Vec<u8> = session.value::<String>(sql::STEP_DATA, [id])?.into_bytes();
        let steps = with_steps(&before, &report.steps)?;
        session.run(sql::NOTE_STEPS, (id, inline(&steps), session.micros()))?;
        bodies::replace(session, id, "step_data", &steps)?;
    }
    if let Some(timeout_ms) = report.prolonged_ms {
        session.run(sql::NOTE_PROLONGED, (id, session.micros()))?;
        session.event(id, EventKind::Prolonged, Some(&format!(r#"{{"timeout_ms":{timeout_ms}}}"#)))?;
    }
    Ok(())
}
