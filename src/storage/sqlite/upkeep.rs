//! Workers' registrations, and taking jobs from the dead.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::bodies::{self, inline};
use super::enqueue::{Place, json_list, place};
use super::errors;
use super::fault::Outcome;
use super::letters;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{
    Chunk, EventKind, Failure, FailureReason, JobId, Lease, Profile, Reclaimed, Renewed, Worker, WorkerId,
};
use crate::policy::limits::MAX_CRASHES;
use crate::storage::reports::STOPPED;

/// Registers a worker.
pub(super) fn register(session: &mut Session<'_>, profile: &Profile, lease: Duration) -> Outcome<Worker> {
    let Profile { name, host, pid, version, concurrency, job_types } = profile;
    let listed = |types: &Vec<String>| json_list(&types.iter().map(String::as_str).collect::<Vec<_>>());
    let types = job_types.as_ref().map(listed).transpose()?;
    let expires_at = session.now.plus(lease).as_micros();
    session.run(sql::REGISTER, (name, session.micros(), expires_at, host, pid, version, concurrency, types))?;
    Ok(Worker { id: session.conn.last_insert_rowid(), name: name.clone() })
}

/// Renews a worker that nobody has reclaimed from.
/// Answers the leases of jobs that somebody asked to cancel, and whether it is to drain.
pub(super) fn renew(session: &mut Session<'_>, worker: WorkerId, lease: Duration) -> Outcome<Renewed> {
    let renewal = (worker, session.micros(), session.now.plus(lease).as_micros());
    let renewed: Option<bool> =
        session.with(sql::RENEW, |renew| Ok(renew.query_row(renewal, |row| row.get(0)).optional()?))?;
    let Some(draining) = renewed else { return Err(Error::WorkerLost { worker }.into()) };
    let mut statement = session.conn.prepare_cached(sql::CANCELLING)?;
    let lease = |row: &rusqlite::Row<'_>| Ok(Lease { job_id: row.get(0)?, worker_id: worker, token: row.get(1)? });
    let cancelled = statement.query_map([worker], lease)?.collect::<Result<_, _>>()?;
    Ok(Renewed { cancelled, draining })
}

/// Removes a worker.
pub(super) fn unregister(session: &mut Session<'_>, worker: WorkerId) -> Outcome<()> {
    session.run(sql::UNREGISTER, [worker])?;
    Ok(())
}

/// Takes up to `limit` jobs from workers that died or left.
pub(super) fn reclaim(session: &mut Session<'_>, limit: u32) -> Outcome<Vec<Reclaimed>> {
    let mut reclaimed = Vec::new();
    // A registration goes before the jobs: a worker must not renew after it lost the first of them.
    for worker in session.ids(sql::EXPIRED_WORKERS, [session.micros()])? {
        session.run(sql::UNREGISTER, [worker])?;
    }
    for worker in session.ids(sql::ORPHANED_LEASES, [])? {
        let room = i64::from(limit) - i64::try_from(reclaimed.len()).unwrap_or(i64::MAX);
        if room <= 0 {
            break;
        }
        for job_id in session.ids(sql::WORKER_LEASES, (worker, room))? {
            reclaimed.extend(take(session, worker, job_id)?);
        }
    }
    Ok(reclaimed)
}

/// One step through the running jobs: takes those whose worker has been silent for long.
pub(super) fn reclaim_stuck(
    session: &mut Session<'_>,
    max_processing: Duration,
    after: JobId,
    limit: u32,
) -> Outcome<Chunk> {
    let silent_for = i64::try_from(max_processing.as_micros()).unwrap_or(i64::MAX);
    let mut statement = session.conn.prepare_cached(sql::RUNNING)?;
    let running = statement
        .query_map((after, limit, session.micros(), silent_for), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(JobId, WorkerId, bool)>, _>>()?;
    let mut chunk = Chunk::default();
    for &(job_id, worker, _) in running.iter().filter(|(_, _, stuck)| *stuck) {
        session.run(sql::UNREGISTER, [worker])?;
        if let Some(taken) = take(session, worker, job_id)? {
            chunk.changed += 1;
            chunk.ids.extend(taken.ended.then_some(job_id));
        }
    }
    let is_last = running.len() < limit as usize;
    chunk.next = running.last().map(|(id, _, _)| *id).filter(|_| !is_last);
    Ok(chunk)
}

/// Takes a job from a worker that is gone.
fn take(session: &mut Session<'_>, worker: WorkerId, job_id: JobId) -> Outcome<Option<Reclaimed>> {
    session.run(sql::DROP_LEASE, (worker, job_id))?;
    session.effects.freed.push(job_id);
    let mut statement = session.conn.prepare_cached(sql::CRASHED)?;
    let crashed: Option<(i32, i32, i32, Option<String>, bool)> = statement
        .query_row([job_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    let Some((crashes, attempts, max_attempts, name, is_asked)) = crashed else { return Ok(None) };
    let ended = is_asked || crashes >= MAX_CRASHES || attempts >= max_attempts;
    if is_asked {
        session.run(sql::STOP_CRASHED, (job_id, session.micros()))?;
        session.event(job_id, EventKind::Cancelled, Some(STOPPED))?;
        session.effects.ended.push(job_id);
    } else if ended {
        lose(session, job_id, attempts, &name.unwrap_or_default())?;
    } else {
        requeue(session, job_id)?;
    }
    Ok(Some(Reclaimed { job_id, ended }))
}

fn requeue(session: &mut Session<'_>, id: JobId) -> Outcome<()> {
    let mut statement = session.conn.prepare_cached(sql::RECLAIM_JOB)?;
    let (job_type, priority, run_at): (String, i32, i64) =
        statement.query_row((id, session.micros()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let due_at = Timestamp::from_micros(run_at);
    place(session, Place { job_type: &job_type, priority, due_at, is_retry: false }, id)?;
    session.event(id, EventKind::Reclaimed, None)?;
    session.effects.wake = true;
    Ok(())
}

fn lose(session: &mut Session<'_>, id: JobId, attempt: i32, worker: &str) -> Outcome<()> {
    let failure = Failure {
        reason: FailureReason::Lost,
        message: format!("worker {worker} died or was cut off while it ran the job"),
        kind: None,
        traceback: None,
        retry_in: None,
    };
    let history = errors::appended(session, id, &errors::entry(&failure, attempt, session.now))?;
    session.run(sql::LOSE_JOB, (id, session.micros(), inline(&history)))?;
    bodies::replace(session, id, "error_history", &history)?;
    let metadata = errors::metadata(&failure.message, failure.reason, attempt, false);
    session.event(id, EventKind::Failed, Some(&metadata))?;
    session.effects.ended.push(id);
    letters::bury(session, id, &failure)
}
