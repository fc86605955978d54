//! Changes that callers make: cancel, retry, edit.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::bodies::{self, inline};
use super::dependents;
use super::enqueue::{self, Place, displace, json_list, place};
use super::fault::Outcome;
use super::filter;
use super::prune;
use super::rows;
use super::session::Session;
use super::statements as sql;
use super::terms;
use crate::clock::Timestamp;
use crate::model::{Change, Chunk, EventKind, Filter, JobEdit, JobId, Spacing, Status, distinct};
use crate::policy::status::after_change;
use crate::storage::edits;

/// What decides whether a job may be changed, and where it stands in the queue.
struct State {
    job_type: String,
    status: Status,
    priority: i32,
    run_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    wait_until: Option<Timestamp>,
    max_attempts: i32,
    tags: Vec<String>,
    /// How long after it falls due it may begin.
    expires_in: Option<i64>,
    /// Whether it waits for others, and so stands in no queue.
    blocked: bool,
}

impl State {
    /// Its place in the queue, if it stands in it.
    fn place(&self) -> Option<Place<'_>> {
        let due_at = match self.status {
            Status::Pending if !self.blocked => self.run_at,
            Status::Failed => self.next_attempt_at?,
            Status::Waiting => self.wait_until?,
            _ => return None,
        };
        let is_retry = self.status == Status::Failed;
        Some(Place { job_type: &self.job_type, priority: self.priority, due_at, is_retry })
    }
}

/// Changes one job if its state allows it.
pub(super) fn change(session: &mut Session<'_>, id: JobId, change: &Change) -> Outcome<bool> {
    let Some(state) = state(session, id)? else { return Ok(false) };
    if state.status == Status::Processing {
        return if *change == Change::CancelRunning { ask(session, id) } else { Ok(false) };
    }
    if *change == Change::Delete {
        return delete(session, id, &state).map(|()| true);
    }
    let kind = kind(change);
    if after_change(state.status, state.next_attempt_at.is_some(), kind).is_none() {
        return Ok(false);
    }
    if let Change::Edit(edit) = change {
        return edit_job(session, id, state, edit);
    }
    if kind == EventKind::Retried {
        let now = session.now;
        return retry(session, id, &state, now);
    }
    take_out(session, id, &state, None)?;
    Ok(true)
}

/// Cancels a job that may be cancelled, for a reason.
pub(super) fn cancel(session: &mut Session<'_>, id: JobId, reason: Option<&str>) -> Outcome<()> {
    match state(session, id)? {
        Some(state) => take_out(session, id, &state, reason),
        None => Ok(()),
    }
}

fn take_out(session: &mut Session<'_>, id: JobId, state: &State, reason: Option<&str>) -> Outcome<()> {
    if let Some(place) = state.place() {
        displace(session, place, id)?;
    }
    session.run(sql::CANCEL, (id, session.micros(), reason))?;
    if state.blocked {
        session.run(sql::DROP_PREREQUISITES, [id])?;
    }
    session.effects.ended.push(id);
    session.event(id, EventKind::Cancelled, reason.map(edits::reasoned).as_deref())
}

/// Deletes a job. One that is upcoming is cancelled before, so that those that wait for it go the way that is known.
fn delete(session: &mut Session<'_>, id: JobId, state: &State) -> Outcome<()> {
    if after_change(state.status, state.next_attempt_at.is_some(), EventKind::Cancelled).is_some() {
        take_out(session, id, state, None)?;
    }
    let mut left = usize::MAX;
    dependents::follow(session, id, &mut left)?;
    prune::delete(session, id, &state.tags)
}

/// Puts an ended job back into the queue, or lets it wait again for what of it is open still.
fn retry(session: &mut Session<'_>, id: JobId, state: &State, due_at: Timestamp) -> Outcome<bool> {
    if let Some(place) = state.place() {
        displace(session, place, id)?;
    }
    session.run(sql::RETRY, (id, session.micros(), due_at.as_micros()))?;
    terms::expire_after(session, id, due_at, state.expires_in)?;
    if !dependents::tie_again(session, id)? {
        place(session, Place { job_type: &state.job_type, priority: state.priority, due_at, is_retry: false }, id)?;
    }
    session.event(id, EventKind::Retried, None)?;
    session.effects.wake = true;
    Ok(true)
}

/// Notes of a running job that somebody asks to cancel it.
fn ask(session: &mut Session<'_>, id: JobId) -> Outcome<bool> {
    let mut statement = session.conn.prepare_cached(sql::REQUEST_CANCEL)?;
    let asked: Option<Option<i64>> = statement.query_row((id, session.micros()), |row| row.get(0)).optional()?;
    let Some(worker) = asked else { return Ok(false) };
    session.run(sql::MARK_LEASE, (worker, id))?;
    session.effects.asked = true;
    Ok(true)
}

/// One step by growing id: changes the matching jobs among the next `limit` that may be changed.
pub(super) fn change_many(
    session: &mut Session<'_>,
    filter: &Filter,
    what: &Change,
    after: JobId,
    limit: u32,
) -> Outcome<Chunk> {
    let statuses = changeable(filter, what);
    if statuses.is_empty() {
        return Ok(Chunk::default());
    }
    let looked_at = filter::look(session, filter, &statuses, after, limit)?;
    let mut chunk = Chunk::default();
    for &(id, _) in looked_at.iter().filter(|(_, matches)| *matches) {
        if change(session, id, what)? {
            chunk.changed += 1;
            chunk.ids.push(id);
        }
    }
    chunk.next = looked_at.last().map(|(id, _)| *id).filter(|_| looked_at.len() >= limit as usize);
    Ok(chunk)
}

/// One step by growing id: retries the matching jobs among the next `limit`, to fall due one after another; and when the next
/// one may.
pub(super) fn retry_spaced(
    session: &mut Session<'_>,
    filter: &Filter,
    spacing: Spacing,
    after: JobId,
    limit: u32,
) -> Outcome<(Chunk, Option<Timestamp>)> {
    let statuses = changeable(filter, &Change::Retry);
    if statuses.is_empty() {
        return Ok(Default::default());
    }
    let looked_at = filter::look(session, filter, &statuses, after, limit)?;
    let mut chunk = Chunk::default();
    let mut due_at = spacing.from.map_or(session.now, |from| from.max(session.now));
    for &(id, _) in looked_at.iter().filter(|(_, matches)| *matches) {
        if let Some(state) = state(session, id)? {
            retry(session, id, &state, due_at)?;
            due_at = due_at.plus(spacing.every);
            chunk.changed += 1;
            chunk.ids.push(id);
        }
    }
    chunk.next = looked_at.last().map(|(id, _)| *id).filter(|_| looked_at.len() >= limit as usize);
    let later = Some(due_at).filter(|_| chunk.changed > 0);
    Ok((chunk, later))
}

/// The statuses asked for in which a job may be changed so.
pub(super) fn changeable(filter: &Filter, what: &Change) -> Vec<Status> {
    let open: &[Status] = match what {
        Change::Cancel | Change::CancelRunning => &[Status::Pending, Status::Waiting, Status::Failed],
        Change::Retry => &[Status::Failed, Status::Cancelled],
        Change::Edit(_) => &[Status::Pending, Status::Failed],
        Change::Delete => &[Status::Pending, Status::Completed, Status::Failed, Status::Cancelled, Status::Waiting],
    };
    open.iter().copied().filter(|one| filter.statuses.is_empty() || filter.statuses.contains(one)).collect()
}

fn kind(change: &Change) -> EventKind {
    match change {
        Change::Cancel | Change::CancelRunning | Change::Delete => EventKind::Cancelled,
        Change::Retry => EventKind::Retried,
        Change::Edit(_) => EventKind::Edited,
    }
}

fn state(session: &Session<'_>, id: JobId) -> Outcome<Option<State>> {
    let mut statement = session.conn.prepare_cached(sql::CHANGE_STATE)?;
    let read = |row: &rusqlite::Row<'_>| {
        let run_at: i64 = row.get(3)?;
        Ok(State {
            job_type: row.get(0)?,
            status: rows::status(row, 1)?,
            priority: row.get(2)?,
            run_at: Timestamp::from_micros(run_at),
            next_attempt_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_micros),
            max_attempts: row.get(6)?,
            tags: rows::tags(row, 7)?,
            expires_in: row.get::<_, Option<i64>>(9)?.map(|at| at.saturating_sub(run_at)),
            wait_until: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
            blocked: row.get(10)?,
        })
    };
    Ok(statement.query_row([id], read).optional()?)
}

fn edit_job(session: &mut Session<'_>, id: JobId, mut state: State, edit: &JobEdit) -> Outcome<bool> {
    if edit.is_empty() {
        return Ok(false);
    }
    if let Some(place) = state.place() {
        displace(session, place, id)?;
    }
    let tags = edit.tags.as_deref().map(distinct);
    state.priority = edit.priority.unwrap_or(state.priority);
    if let Some(run_at) = edit.run_at {
        let due_at = run_at.unwrap_or(session.now);
        if state.status == Status::Failed {
            state.next_attempt_at = Some(due_at);
        } else {
            state.run_at = due_at;
        }
    }
    let seconds = |span: Option<Option<Duration>>| span.flatten().as_ref().map(Duration::as_secs_f64);
    session.run(
        sql::EDIT,
        rusqlite::params![
            id,
            session.micros(),
            state.priority,
            edit.max_attempts.unwrap_or(state.max_attempts),
            state.run_at.as_micros(),
            state.next_attempt_at.map(Timestamp::as_micros),
            edit.timeout_ms.is_some(),
            edit.timeout_ms.flatten(),
            edit.retry_delay.is_some(),
            seconds(edit.retry_delay),
            edit.retry_backoff.is_some(),
            edit.retry_backoff.flatten(),
            edit.retry_delay_max.is_some(),
            seconds(edit.retry_delay_max),
            tags.as_deref().map(json_list).transpose()?,
            edit.payload.is_some(),
            edit.payload.as_deref().and_then(inline),
            edit.force_kill_on_timeout,
        ],
    )?;
    if let Some(payload) = &edit.payload {
        bodies::replace(session, id, "payload", payload)?;
    }
    if let Some(tags) = tags {
        for tag in &state.tags {
            session.run(sql::DROP_TAG, (tag, id))?;
        }
        enqueue::tag(session, id, &tags)?;
        // Somebody may wait for a tag that it had.
        let mut left = usize::MAX;
        dependents::follow(session, id, &mut left)?;
    }
    terms::expire_after(session, id, state.run_at, state.expires_in)?;
    if let Some(new) = state.place() {
        place(session, new, id)?;
    }
    session.event(id, EventKind::Edited, Some(&edits::described(edit)?))?;
    session.effects.wake = true;
    Ok(true)
}
