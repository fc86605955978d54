//! Jobs that expire, and jobs that are kept for a span of their own.

use std::time::Duration;

use super::fault::Outcome;
use super::manage;
use super::prune;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::{JobId, Status, Termed};
use crate::policy::status::is_final;

/// A job whose term may be over; without a status where there is no such job.
struct Due {
    id: JobId,
    status: Option<Status>,
    /// Whether it failed, and its retry is due.
    runs_again: bool,
    attempts: i32,
    expires_at: Option<Timestamp>,
    kept_for: Option<Duration>,
    tags: Vec<String>,
    ended_at: Option<Timestamp>,
}

impl Due {
    fn may_expire(&self) -> bool {
        self.status == Some(Status::Pending) && self.attempts == 0
    }

    /// Until when it is kept at least, if for a span of its own, and whether it has ended.
    fn kept_until(&self, now: Timestamp) -> (Option<Timestamp>, bool) {
        let has_ended = self.status.is_some_and(|status| is_final(status, self.runs_again));
        let since = self.ended_at.filter(|_| has_ended).unwrap_or(now);
        (self.kept_for.map(|span| since.plus(span)), has_ended)
    }
}

/// Notes when something is to be done about a new job.
pub(super) fn begin(
    session: &Session<'_>,
    id: JobId,
    expires_at: Option<i64>,
    kept_for: Option<Duration>,
) -> Outcome<()> {
    let kept_until = kept_for.map(|span| session.now.plus(span).as_micros());
    match expires_at.into_iter().chain(kept_until).min() {
        Some(due_at) => session.run(sql::ADD_TERM, (id, due_at)).map(drop),
        None => Ok(()),
    }
}

/// Sees to it that a job expires so many microseconds after it falls due.
pub(super) fn expire_after(session: &Session<'_>, id: JobId, due_at: Timestamp, span: Option<i64>) -> Outcome<()> {
    match span {
        Some(span) => session.run(sql::ADD_TERM, (id, due_at.as_micros().saturating_add(span))).map(drop),
        None => Ok(()),
    }
}

/// Cancels jobs that expired, and deletes those that were kept for long enough.
pub(super) fn end(session: &mut Session<'_>, reason: &str, limit: u32) -> Outcome<Termed> {
    let due = look(session, limit)?;
    let mut termed = Termed { more: due.len() >= limit as usize, ..Termed::default() };
    for mut job in due {
        session.run(sql::DROP_TERM, [job.id])?;
        if job.may_expire() && job.expires_at.is_some_and(|at| at <= session.now) {
            manage::cancel(session, job.id, Some(reason))?;
            (job.status, job.ended_at) = (Some(Status::Cancelled), Some(session.now));
            termed.expired.push(job.id);
        }
        let (kept_until, has_ended) = job.kept_until(session.now);
        if has_ended && kept_until.is_some_and(|until| until <= session.now) {
            prune::delete(session, job.id, &job.tags)?;
            termed.deleted += 1;
            continue;
        }
        let expires_at = job.expires_at.filter(|_| job.may_expire());
        if let Some(next) = expires_at.into_iter().chain(kept_until).min() {
            session.run(sql::ADD_TERM, (job.id, next.as_micros()))?;
        }
    }
    Ok(termed)
}

fn look(session: &Session<'_>, limit: u32) -> Outcome<Vec<Due>> {
    let mut statement = session.conn.prepare_cached(sql::DUE_TERMS)?;
    let read = |row: &rusqlite::Row<'_>| {
        let time = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros));
        let exists = row.get_ref(1)? != rusqlite::types::ValueRef::Null;
        Ok(Due {
            id: row.get(0)?,
            status: if exists { Some(rows::status(row, 1)?) } else { None },
            runs_again: time(2)?.is_some(),
            attempts: row.get::<_, Option<i32>>(3)?.unwrap_or_default(),
            expires_at: time(4)?,
            kept_for: row.get::<_, Option<f64>>(5)?.and_then(|span| Duration::try_from_secs_f64(span).ok()),
            tags: if exists { rows::tags(row, 6)? } else { Vec::new() },
            ended_at: time(7)?,
        })
    };
    Ok(statement.query_map((session.micros(), limit), read)?.collect::<Result<_, _>>()?)
}
