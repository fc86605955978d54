//! What is to be done, read and not changed.

use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::{Outstanding, WorkerId};

/// What a worker would find to do.
pub(super) fn outstanding(session: &Session<'_>, worker: WorkerId, job_types: &[String]) -> Outcome<Outstanding> {
    let mut statement = session.conn.prepare_cached(sql::LOOK)?;
    let (expiry, orphans, waits, schedules, terms): (Option<i64>, bool, bool, bool, bool) = statement
        .query_row((worker, session.micros()), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
    let expiry = if orphans { Some(session.now) } else { expiry.map(Timestamp::from_micros) };
    let mut jobs = !job_types.is_empty() && session.value(sql::HAS_OPEN_LINES, [session.micros()])?;
    for job_type in job_types {
        jobs = jobs || session.value(sql::IS_CLAIMABLE, (job_type, session.micros()))?;
    }
    Ok(Outstanding { jobs, reclaim_in: expiry.map(|at| at.since(session.now)), waits, schedules, terms })
}
