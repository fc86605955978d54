//! Schedules.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row};

use super::enqueue::{self, json_list};
use super::fault::Outcome;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::error::{Backend, Error};
use crate::model::{
    DueSchedule, DueSchedules, Fired, Firing, NewJob, NewSchedule, Schedule, ScheduleId, ScheduleQuery, ScheduleStatus,
    distinct,
};
use crate::storage::{edits, extras};

/// Adds a schedule, unless its name is taken.
pub(super) fn add(session: &mut Session<'_>, schedule: &NewSchedule, next: Timestamp) -> Outcome<Option<ScheduleId>> {
    let job = &schedule.job;
    let added = session.run(
        sql::ADD_SCHEDULE,
        rusqlite::params![
            schedule.name,
            schedule.expression,
            schedule.timezone,
            schedule.missed.as_str(),
            schedule.allow_overlap,
            job.job_type,
            job.priority,
            job.max_attempts,
            job.signed_timeout(),
            seconds(job.retry.delay),
            job.retry.backoff,
            seconds(job.retry.delay_max),
            json_list(&distinct(&job.tags))?,
            payload(job)?,
            next.as_micros(),
            session.micros(),
            options(job),
        ],
    )?;
    session.effects.wake |= added > 0;
    Ok((added > 0).then(|| session.conn.last_insert_rowid()))
}

/// Changes a schedule, unless it changed since it was read.
pub(super) fn replace(session: &mut Session<'_>, schedule: &Schedule) -> Outcome<bool> {
    let (definition, job) = (&schedule.definition, &schedule.definition.job);
    let changed = session.run(
        sql::REPLACE_SCHEDULE,
        rusqlite::params![
            schedule.id,
            schedule.updated_at.as_micros(),
            definition.expression,
            definition.timezone,
            schedule.status.as_str(),
            definition.missed.as_str(),
            definition.allow_overlap,
            job.job_type,
            job.priority,
            job.max_attempts,
            job.signed_timeout(),
            seconds(job.retry.delay),
            job.retry.backoff,
            seconds(job.retry.delay_max),
            json_list(&distinct(&job.tags))?,
            payload(job)?,
            schedule.next_run_at.map(Timestamp::as_micros),
            session.micros(),
            options(job),
        ],
    )?;
    session.effects.wake |= changed > 0;
    Ok(changed > 0)
}

/// Removes a schedule.
pub(super) fn remove(session: &mut Session<'_>, id: ScheduleId) -> Outcome<bool> {
    Ok(session.run(sql::REMOVE_SCHEDULE, [id])? > 0)
}

/// Reads schedules.
pub(super) fn read(session: &Session<'_>, query: &ScheduleQuery) -> Outcome<Vec<Schedule>> {
    let rows = |text: &str, params: &[&dyn rusqlite::ToSql]| {
        let mut statement = session.conn.prepare_cached(text)?;
        let rows = statement.query_map(params, rows::schedule)?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    match query {
        ScheduleQuery::Id(id) => rows(&sql::SCHEDULE_BY_ID, &[id]),
        ScheduleQuery::Name(name) => rows(&sql::SCHEDULE_BY_NAME, &[name]),
        ScheduleQuery::Page { status, after, limit } => {
            rows(&sql::SCHEDULE_PAGE, &[after, &status.map(ScheduleStatus::as_str), limit])
        }
    }
}

/// A page of those that are due.
pub(super) fn due(session: &Session<'_>, after: Option<(Timestamp, ScheduleId)>, limit: u32) -> Outcome<DueSchedules> {
    let (tick, id) = after.map_or((i64::MIN, 0), |(tick, id)| (tick.as_micros(), id));
    let mut statement = session.conn.prepare_cached(&sql::DUE_SCHEDULES)?;
    let due = statement.query_map((session.micros(), tick, id, limit), one_due)?.collect::<Result<_, _>>()?;
    let next: Option<i64> = session.value(sql::NEXT_TICK, [session.micros()])?;
    Ok(DueSchedules { now: session.now, next: next.map(Timestamp::from_micros), due })
}

fn one_due(row: &Row<'_>) -> rusqlite::Result<DueSchedule> {
    let schedule = rows::schedule(row).map_err(|error| Error::Storage {
        backend: Backend::Sqlite,
        message: format!("the schedule cannot be read: {error}"),
    });
    Ok(DueSchedule { id: row.get("id")?, at: Timestamp::from_micros(row.get("next_run_at")?), schedule })
}

/// Fires a schedule that is still as it was read.
pub(super) fn fire(session: &mut Session<'_>, firing: &Firing) -> Outcome<Fired> {
    let schedule = &firing.schedule;
    let (id, seen) = (schedule.id, schedule.updated_at.as_micros());
    let mut statement = session.conn.prepare_cached(sql::HOLD_SCHEDULE)?;
    let held = (id, seen, schedule.next_run_at.map(Timestamp::as_micros));
    let Some(alive) = statement.query_row(held, |row| row.get::<_, bool>(0)).optional()? else {
        return Ok(Fired::Stale);
    };
    let origin = edits::scheduled(&schedule.definition.name);
    let mut jobs = Vec::new();
    for &tick in firing.ticks.iter().filter(|_| schedule.definition.allow_overlap || !alive) {
        let job = NewJob { run_at: Some(tick), ..schedule.definition.job.clone() };
        jobs.push(enqueue::add_new(session, &job, Some(&origin))?.id);
    }
    session.effects.wake |= !jobs.is_empty();
    let updated_at = session.micros().max(seen.saturating_add(1));
    let next = firing.next_run_at.map(Timestamp::as_micros);
    session.run(sql::FIRE, (id, next, updated_at, jobs.last(), session.micros()))?;
    Ok(Fired::Moved { jobs, updated_at: Timestamp::from_micros(updated_at) })
}

fn seconds(span: Option<Duration>) -> Option<f64> {
    span.as_ref().map(Duration::as_secs_f64)
}

fn options(job: &NewJob) -> Option<String> {
    job.extras.as_deref().map(|some| extras::to_json(some).to_string())
}

fn payload(job: &NewJob) -> Outcome<&str> {
    Ok(str::from_utf8(&job.payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?)
}
