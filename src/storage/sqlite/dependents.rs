//! Jobs that wait for others: bound to them when they are added, released or cancelled when what they wait for ends.

use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::enqueue::{Place, json_list, place};
use super::fault::Outcome;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::{Added, EventKind, JobId, NewJob, Status};
use crate::policy::status::is_final;
use crate::storage::dependencies::{self, Tie};

/// How many waits one request ends at most, and how many jobs that others wait for a sweep looks at: what is left the next sweeps find.
const MOST: usize = 10_000;
const LOOKED_AT: usize = 500;

/// What the end of a job means for those that wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It has not ended.
    Open,
    /// It completed, or there is none of that id.
    Clear,
    Failed,
    Cancelled,
}

/// Lets jobs wait that were just added, and are not in the queue.
pub(super) fn tie_added(session: &mut Session<'_>, jobs: &[NewJob], added: &[Added]) -> Outcome<()> {
    if jobs.iter().all(|job| job.depends_on().is_none()) {
        return Ok(());
    }
    let ties = dependencies::ties(jobs, added)?;
    let mut missing = Vec::new();
    let mut bad = Vec::new();
    for id in dependencies::prerequisites(&ties) {
        match ending(session, id)? {
            None => missing.push(id),
            Some(Ending::Failed | Ending::Cancelled) => bad.push(id),
            Some(Ending::Open | Ending::Clear) => {}
        }
    }
    if !missing.is_empty() {
        return Err(dependencies::unknown(&missing).into());
    }
    for tie in &ties {
        bind(session, tie, false)?;
    }
    let mut left = MOST;
    bad.into_iter().try_for_each(|id| follow(session, id, &mut left))
}

/// Lets a job that goes back into the queue wait for what is open still of that for which it was added to wait; false if it was not.
pub(super) fn tie_again(session: &mut Session<'_>, id: JobId) -> Outcome<bool> {
    let (job_ids, tags): (String, String) =
        session.with(sql::PREREQUISITES, |read| Ok(read.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?))?;
    let tie = Tie { id, job_ids: list(&job_ids, Value::as_i64), tags: texts(&tags) };
    if tie.job_ids.is_empty() && tie.tags.is_empty() {
        return Ok(false);
    }
    bind(session, &tie, true)?;
    Ok(true)
}

fn bind(session: &mut Session<'_>, tie: &Tie, again: bool) -> Outcome<()> {
    let tags: Vec<_> = tie.tags.iter().map(String::as_str).collect();
    let job_ids = json!(tie.job_ids).to_string();
    session.run(sql::BLOCK, (tie.id, job_ids, json_list(&tags)?, tie.pending_reason()))?;
    for &prerequisite in &tie.job_ids {
        let ending = ending(session, prerequisite)?.unwrap_or(Ending::Clear);
        if ending == Ending::Open || !again && ending != Ending::Clear {
            session.run(sql::ADD_DEPENDENCY, (prerequisite, tie.id, false))?;
        }
    }
    look(session, tie.id)
}

/// Releases and cancels the jobs that wait for those that ended in this request.
pub(super) fn follow_ends(session: &mut Session<'_>) -> Outcome<()> {
    if session.effects.ended.is_empty() || !session.value::<bool>(sql::HAS_DEPENDENTS, [])? {
        return Ok(());
    }
    let (mut at, mut left) = (0, MOST);
    // Those that are cancelled by it are among them then.
    while let Some(&id) = session.effects.ended.get(at) {
        follow(session, id, &mut left)?;
        at += 1;
    }
    Ok(())
}

/// Releases and cancels what waits for a job, as far as it is over, and looks again after tags that it had.
pub(super) fn follow(session: &mut Session<'_>, id: JobId, left: &mut usize) -> Outcome<()> {
    let mut statement = session.conn.prepare_cached(sql::DEPENDENTS)?;
    let dependents = statement
        .query_map((id, i64::try_from(*left).unwrap_or(i64::MAX)), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(JobId, bool)>, _>>()?;
    *left -= dependents.len().min(*left);
    if dependents.is_empty() {
        return Ok(());
    }
    let ending = ending(session, id)?.unwrap_or(Ending::Clear);
    for (job, by_tag) in dependents {
        if by_tag {
            look(session, job)?;
            continue;
        }
        match ending {
            Ending::Open => {}
            Ending::Clear => {
                session.run(sql::DROP_DEPENDENCY, (id, job, false))?;
                look(session, job)?;
            }
            Ending::Failed | Ending::Cancelled => cancel(session, job, id, ending == Ending::Failed)?,
        }
    }
    Ok(())
}

fn cancel(session: &mut Session<'_>, id: JobId, prerequisite: JobId, has_failed: bool) -> Outcome<()> {
    session.run(sql::DROP_PREREQUISITES, [id])?;
    let reason = dependencies::cancel_reason(prerequisite, has_failed);
    if session.run(sql::CANCEL_BLOCKED, (id, session.micros(), &reason))? > 0 {
        let told = json!({ "reason": reason }).to_string();
        session.event(id, EventKind::Cancelled, Some(&told))?;
        session.effects.ended.push(id);
    }
    Ok(())
}

/// Releases a job that waits, unless there is a job still for which it does.
fn look(session: &mut Session<'_>, id: JobId) -> Outcome<()> {
    if session.value::<bool>(sql::WAITS_FOR_JOBS, [id])? {
        return Ok(());
    }
    session.run(sql::DROP_PREREQUISITES, [id])?;
    let tags: String = session.with(sql::PREREQUISITES, |read| Ok(read.query_row([id], |row| row.get(1))?))?;
    if let Some(first) = texts(&tags).first() {
        let mut statement = session.conn.prepare_cached(sql::WITNESS)?;
        let witness: Option<JobId> = statement.query_row((first, &tags, id), |row| row.get(0)).optional()?;
        if let Some(witness) = witness {
            session.run(sql::ADD_DEPENDENCY, (witness, id, true))?;
            return Ok(());
        }
    }
    let mut statement = session.conn.prepare_cached(sql::UNBLOCK)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let released: Option<(String, i32, i64)> = statement.query_row((id, session.micros()), read).optional()?;
    if let Some((job_type, priority, run_at)) = released {
        let due_at = Timestamp::from_micros(run_at);
        place(session, Place { job_type: &job_type, priority, due_at, is_retry: false }, id)?;
        session.effects.wake = true;
    }
    Ok(())
}

/// One step of a sweep for what was left: answers where the next one goes on.
pub(super) fn tidy(session: &mut Session<'_>, after: JobId) -> Outcome<JobId> {
    let looked_at = session.ids(sql::LOST_DEPENDENTS, (after, i64::try_from(LOOKED_AT).unwrap_or(i64::MAX)))?;
    let mut left = MOST;
    for &id in &looked_at {
        if ending(session, id)?.is_none_or(|ending| ending != Ending::Open) {
            follow(session, id, &mut left)?;
        }
    }
    Ok(looked_at.last().copied().filter(|_| looked_at.len() >= LOOKED_AT).unwrap_or_default())
}

/// `None` where there is no such job.
fn ending(session: &Session<'_>, id: JobId) -> Outcome<Option<Ending>> {
    let found: Option<(Status, Option<i64>)> = session.with(sql::ENDING, |read| {
        Ok(read.query_row([id], |row| Ok((rows::status(row, 0)?, row.get(1)?))).optional()?)
    })?;
    Ok(found.map(|(status, retry_at)| match status {
        _ if !is_final(status, retry_at.is_some()) => Ending::Open,
        Status::Failed => Ending::Failed,
        Status::Cancelled => Ending::Cancelled,
        _ => Ending::Clear,
    }))
}

/// A list of JSON text, as far as its values are what is asked for.
fn list<T>(text: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    let values: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    values.iter().filter_map(read).collect()
}

fn texts(text: &str) -> Vec<String> {
    list(text, |value| value.as_str().map(str::to_owned))
}
