//! Reading jobs and events.

use super::fault::Outcome;
use super::filter;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::model::{Event, Filter, Job, JobId, Page};

/// The jobs of these ids that exist, in that order.
pub(super) fn get(session: &Session<'_>, ids: &[JobId]) -> Outcome<Vec<Job>> {
    let mut statement = session.conn.prepare_cached(&sql::GET_JOB)?;
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        let mut found = statement.query([id])?;
        if let Some(row) = found.next()? {
            jobs.push(rows::job(row)?);
        }
    }
    Ok(jobs)
}

/// A page of jobs, newest first.
pub(super) fn find(session: &Session<'_>, filter: &Filter, page: Page) -> Outcome<Vec<Job>> {
    get(session, &filter::page(session, filter, page)?)
}

/// The events of a job, oldest first.
pub(super) fn events(session: &Session<'_>, id: JobId) -> Outcome<Vec<Event>> {
    let mut statement = session.conn.prepare_cached(sql::EVENTS)?;
    let rows = statement.query_map([id], rows::event)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
