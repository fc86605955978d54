//! Adding jobs.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::bodies::{self, inline};
use super::dependents;
use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use super::terms;
use super::unique;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{Added, EventKind, JobId, NewJob, distinct};
use crate::policy::unique::rule_of;
use crate::storage::extras;

/// Adds all of `jobs`, or finds the holders of their keys.
pub(super) fn add(session: &mut Session<'_>, jobs: &[NewJob]) -> Outcome<Vec<Added>> {
    let mut added = Vec::with_capacity(jobs.len());
    for job in jobs {
        added.push(match rule_of(job) {
            Some(rule) => unique::add(session, job, rule)?,
            None => add_new(session, job, None)?,
        });
    }
    dependents::tie_added(session, jobs, &added)?;
    session.effects.wake |= added.iter().any(|one| one.created);
    Ok(added)
}

/// Adds a job, or finds the holder of its key, whatever rule it has. `origin` is told with the event.
pub(super) fn add_new(session: &Session<'_>, job: &NewJob, origin: Option<&str>) -> Outcome<Added> {
    let added = store(session, job)?;
    if added.created {
        // One that waits for others is not in the queue until it is released.
        if job.depends_on().is_none() {
            let due_at = job.run_at.unwrap_or(session.now);
            let at = Place { job_type: &job.job_type, priority: job.priority, due_at, is_retry: false };
            let has_group = job.extras.as_ref().is_some_and(|extras| extras.group.is_some());
            put(session, at, added.id, has_group)?;
        }
        session.event(added.id, EventKind::Added, origin)?;
    }
    Ok(added)
}

/// Stores a job that is not in the queue yet, and makes it findable; or finds the holder of its key.
pub(super) fn store(session: &Session<'_>, job: &NewJob) -> Outcome<Added> {
    let run_at = job.run_at.unwrap_or(session.now);
    let tags = distinct(&job.tags);
    let created = session.run(
        sql::ADD_JOB,
        (
            &job.job_type,
            job.priority,
            job.max_attempts,
            session.micros(),
            run_at.as_micros(),
            job.signed_timeout(),
            &job.idempotency_key,
            job.retry.delay.as_ref().map(Duration::as_secs_f64),
            job.retry.backoff,
            job.retry.delay_max.as_ref().map(Duration::as_secs_f64),
            json_list(&tags)?,
            inline(&job.payload),
        ),
    )? > 0;
    if !created {
        return Ok(Added { id: holder(session, job)?, created });
    }
    let id = session.conn.last_insert_rowid();
    bodies::put(session, id, "payload", &job.payload)?;
    tag(session, id, &tags)?;
    if let Some(extras) = job.extras.as_deref() {
        let group = extras.group.as_ref();
        let expires_at = extras.expires_in.map(|span| run_at.plus(span).as_micros());
        let (id_of, tier) = (group.map(|group| &group.id), group.and_then(|group| group.tier.as_ref()));
        let kept = extras::kept(extras).map(|kept| kept.to_string());
        session.run(sql::ADD_EXTRAS, (id, id_of, tier, &extras.dead_letter_job_type, expires_at, kept))?;
        terms::begin(session, id, expires_at, extras.keep_result_for)?;
    }
    Ok(Added { id, created })
}

fn holder(session: &Session<'_>, job: &NewJob) -> Outcome<JobId> {
    let mut statement = session.conn.prepare_cached(sql::HOLDER)?;
    let id = statement.query_row([&job.idempotency_key], |row| row.get(0)).optional()?;
    Ok(id.ok_or_else(|| Error::Internal("a job was not added, and no other holds its key".into()))?)
}

/// Where a job stands in the queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub job_type: &'a str,
    pub priority: i32,
    pub due_at: Timestamp,
    pub is_retry: bool,
}

/// Puts a job into the queue: among the claimable, or among those of later.
pub(super) fn place(session: &Session<'_>, place: Place<'_>, id: JobId) -> Outcome<()> {
    put(session, place, id, true)
}

/// The same; a job that has no group need not be asked for it.
fn put(session: &Session<'_>, place: Place<'_>, id: JobId, may_have_group: bool) -> Outcome<()> {
    let table = match place.due_at <= session.now {
        true if may_have_group => sql::ADD_READY_GROUPED,
        true => sql::ADD_READY,
        false => sql::ADD_SCHEDULED,
    };
    session.run(table, (place.job_type, place.priority, place.due_at.as_micros(), id, place.is_retry))?;
    Ok(())
}

/// Takes a job out of the queue, wherever it stands.
pub(super) fn displace(session: &Session<'_>, place: Place<'_>, id: JobId) -> Outcome<()> {
    let due_at = place.due_at.as_micros();
    if session.run(sql::DROP_READY, (place.job_type, place.priority, due_at, id))? == 0
        && session.run(sql::DROP_SCHEDULED, (place.job_type, due_at, id))? == 0
    {
        session.run(sql::DROP_LINE, [id])?;
    }
    Ok(())
}

/// Makes a job findable by its tags.
pub(super) fn tag(session: &Session<'_>, id: JobId, tags: &[&str]) -> Outcome<()> {
    tags.iter().try_for_each(|tag| session.run(sql::ADD_TAG, (tag, id)).map(drop))
}

/// A list as JSON text.
pub(super) fn json_list(values: &[&str]) -> Outcome<String> {
    if values.is_empty() {
        return Ok("[]".into());
    }
    Ok(serde_json::to_string(values).map_err(|error| Error::Internal(format!("a list of tags as JSON: {error}")))?)
}
