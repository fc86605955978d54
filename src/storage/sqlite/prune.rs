//! Deleting what is old.

use std::time::Duration;

use super::fault::Outcome;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::model::{Chunk, JobId, Prune, Status};
use crate::policy::status::is_final;

/// A job as the sweep sees it.
struct Candidate {
    id: JobId,
    status: Status,
    retry_due: bool,
    updated_at: i64,
    created_at: i64,
    tags: Vec<String>,
    /// Whether it is kept for a span of its own.
    has_term: bool,
}

/// One step by growing id: deletes the old jobs among the next `limit`.
pub(super) fn prune_jobs(session: &mut Session<'_>, prune: &Prune, after: JobId, limit: u32) -> Outcome<Chunk> {
    let is_old =
        |job: &Candidate| prune.statuses.contains(&job.status) && is_final(job.status, job.retry_due) && !job.has_term;
    step(session, prune.older_than, after, limit, |session, job| {
        let is_old = is_old(job);
        if is_old {
            delete(session, job.id, &job.tags)?;
        }
        Ok(is_old)
    })
}

/// One step by growing id: empties the payloads of the old completed jobs among the next `limit`.
pub(super) fn prune_payloads(
    session: &mut Session<'_>,
    older_than: Duration,
    after: JobId,
    limit: u32,
) -> Outcome<Chunk> {
    step(session, older_than, after, limit, |session, job| {
        if job.status != Status::Completed || session.run(sql::DROP_PAYLOAD, [job.id])? == 0 {
            return Ok(false);
        }
        session.run(sql::DROP_BODY, (job.id, "payload"))?;
        Ok(true)
    })
}

/// Does something to those of the next `limit` jobs that were left alone for long enough; it tells what it changed.
fn step(
    session: &mut Session<'_>,
    older_than: Duration,
    after: JobId,
    limit: u32,
    mut change: impl FnMut(&mut Session<'_>, &Candidate) -> Outcome<bool>,
) -> Outcome<Chunk> {
    let cutoff = session.now.minus(older_than).as_micros();
    let mut statement = session.conn.prepare_cached(sql::PRUNABLE)?;
    let candidates = statement
        .query_map((after, limit), |row| {
            Ok(Candidate {
                id: row.get(0)?,
                status: rows::status(row, 1)?,
                retry_due: row.get::<_, Option<i64>>(2)?.is_some(),
                updated_at: row.get(3)?,
                created_at: row.get(4)?,
                tags: rows::tags(row, 5)?,
                has_term: row.get(6)?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut chunk = Chunk::default();
    for job in &candidates {
        // Ids grow with time: what follows is younger still.
        if job.created_at > cutoff {
            return Ok(chunk);
        }
        if job.updated_at <= cutoff && change(session, job)? {
            chunk.changed += 1;
        }
    }
    chunk.next = candidates.last().map(|job| job.id).filter(|_| candidates.len() >= limit as usize);
    Ok(chunk)
}

/// Deletes a job with all that belongs to it.
pub(super) fn delete(session: &mut Session<'_>, id: JobId, tags: &[String]) -> Outcome<()> {
    session.run(sql::DROP_EVENTS, [id])?;
    session.run(sql::DROP_BODIES, [id])?;
    session.run(sql::DROP_TOKENS, [id])?;
    for tag in tags {
        session.run(sql::DROP_TAG, (tag, id))?;
    }
    session.run(sql::DROP_JOB, [id])?;
    session.effects.ended.push(id);
    Ok(())
}

/// One step by growing id: deletes the old events among the next `limit`.
pub(super) fn prune_events(session: &mut Session<'_>, older_than: Duration, after: i64, limit: u32) -> Outcome<Chunk> {
    let cutoff = session.now.minus(older_than).as_micros();
    let mut statement = session.conn.prepare_cached(sql::PRUNABLE_EVENTS)?;
    let (last, old): (Option<i64>, i64) =
        statement.query_row((after, limit, cutoff), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(last) = last else { return Ok(Chunk::default()) };
    let changed = session.run(sql::PRUNE_EVENTS, (after, last, cutoff))?;
    Ok(Chunk { changed: changed as u64, ids: Vec::new(), next: Some(last).filter(|_| old >= i64::from(limit)) })
}
