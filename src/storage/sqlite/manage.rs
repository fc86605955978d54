//! Changes that callers make: cancel, retry, edit.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::bodies::{self, inline};
use super::enqueue::{self, Place, displace, json_list, place};
use super::fault::Outcome;
use super::filter;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::{Change, Chunk, EventKind, Filter, JobEdit, JobId, Status, distinct};
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
}

impl State {
    /// Its place in the queue, if it stands in it.
    fn place(&self) -> Option<Place<'_>> {
        let due_at = match self.status {
            Status::Pending => self.run_at,
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
    let kind = kind(change);
    if after_change(state.status, state.next_attempt_at.is_some(), kind).is_none() {
        return Ok(false);
    }
    if let Change::Edit(edit) = change {
        return edit_job(session, id, state, edit);
    }
    if let Some(place) = state.place() {
        displace(session, place, id)?;
    }
    if kind == EventKind::Cancelled {
        session.run(sql::CANCEL, (id, session.micros()))?;
        session.effects.ended.push(id);
    } else {
        session.run(sql::RETRY, (id, session.micros()))?;
        let due_now =
            Place { job_type: &state.job_type, priority: state.priority, due_at: session.now, is_retry: false };
        place(session, due_now, id)?;
        session.effects.wake = true;
    }
    session.event(id, kind, None)?;
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
        chunk.changed += u64::from(change(session, id, what)?);
    }
    chunk.next = looked_at.last().map(|(id, _)| *id).filter(|_| looked_at.len() >= limit as usize);
    Ok(chunk)
}

/// The statuses asked for in which a job may be changed so.
pub(super) fn changeable(filter: &Filter, what: &Change) -> Vec<Status> {
    let open: &[Status] = match what {
        Change::Cancel | Change::CancelRunning => &[Status::Pending, Status::Waiting, Status::Failed],
        Change::Retry => &[Status::Failed, Status::Cancelled],
        Change::Edit(_) => &[Status::Pending, Status::Failed],
    };
    open.iter().copied().filter(|one| filter.statuses.is_empty() || filter.statuses.contains(one)).collect()
}

fn kind(change: &Change) -> EventKind {
    match change {
        Change::Cancel | Change::CancelRunning => EventKind::Cancelled,
        Change::Retry => EventKind::Retried,
        Change::Edit(_) => EventKind::Edited,
    }
}

fn state(session: &Session<'_>, id: JobId) -> Outcome<Option<State>> {
    let mut statement = session.conn.prepare_cached(sql::CHANGE_STATE)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(State {
            job_type: row.get(0)?,
            status: rows::status(row, 1)?,
            priority: row.get(2)?,
            run_at: Timestamp::from_micros(row.get(3)?),
            next_attempt_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_micros),
            max_attempts: row.get(6)?,
            tags: rows::tags(row, 7)?,
            wait_until: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
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
    }
    if let Some(new) = state.place() {
        place(session, new, id)?;
    }
    session.event(id, EventKind::Edited, Some(&edits::described(edit)?))?;
    session.effects.wake = true;
    Ok(true)
}
