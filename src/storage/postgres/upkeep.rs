//! Workers, the jobs of dead ones, and old rows.

use std::time::Duration;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::dependents::Released;
use super::faults::Fault;
use super::letters::letters;
use super::rows::{Reader, damaged};
use super::session::{Params, Session, Tries};
use super::statements::Statement;
use crate::error::{Error, Result};
use crate::model::{Chunk, JobId, Lease, Profile, Prune, Reclaimed, Renewed, Worker};
use crate::policy::leases::time_to_renew;
use crate::policy::limits::{MAX_CRASHES, MAX_ERRORS};

/// Longer than any job is old, in seconds: four thousand years.
const LONGEST: f64 = 4_000.0 * 366.0 * 86_400.0;

impl PostgresStorage {
    pub(super) async fn register_worker(&self, profile: &Profile, lease: Duration) -> Result<Worker> {
        let Profile { name, host, pid, version, concurrency, job_types } = profile;
        let params: Params<'_> = &[name, &millis(lease), host, pid, version, concurrency, job_types];
        let rows = self.session().await?.query(&self.statements.register, params).await?;
        let row = rows.first().ok_or_else(|| damaged("a worker without an id"))?;
        Ok(Worker { id: Reader::new(row, 0).take()?, name: name.clone() })
    }

    pub(super) async fn renew_worker(&self, worker: &Worker, lease: Duration) -> Result<Renewed> {
        // Whoever waited longer would lose the lease by it, on a connection that may be dead.
        let session = self.session().await?.with_haste(time_to_renew(lease));
        let rows = session.query(&self.statements.renew, &[&worker.id, &millis(lease)]).await?;
        let Some(row) = rows.first() else { return Err(Error::WorkerLost { worker: worker.id }) };
        let mut reader = Reader::new(row, 1);
        let (jobs, tokens) = (reader.take::<Vec<JobId>>()?, reader.take::<Vec<i64>>()?);
        let lease = |(job_id, token)| Lease { job_id, worker_id: worker.id, token };
        Ok(Renewed { cancelled: jobs.into_iter().zip(tokens).map(lease).collect(), draining: reader.take()? })
    }

    pub(super) async fn unregister_worker(&self, worker: &Worker) -> Result<()> {
        let over = self.claims.over(worker.id);
        self.session().await?.query(&self.statements.unregister, &[&worker.id, &over]).await?;
        self.claims.forget(worker.id);
        Ok(())
    }

    pub(super) async fn reclaim_orphans(&self, limit: u32) -> Result<Vec<Reclaimed>> {
        let session = self.session().await?;
        // A worker's row goes first and for good; its leases are then swept in bounded steps, by anyone.
        session.query(&self.statements.bury, &[]).await?;
        let most = most_errors();
        let mut reclaimed = Vec::new();
        // Claims whose jobs are over are swept too, and no answer for a caller.
        while reclaimed.len() < limit as usize {
            let rest = i64::from(limit) - reclaimed.len() as i64;
            let params: Params<'_> = &[&rest, &MAX_CRASHES, &most];
            let (more, looked_at, _) = self.reclaim_with(&session, &self.statements.reclaim, params).await?;
            reclaimed.extend(more);
            if looked_at == 0 {
                break;
            }
        }
        Ok(reclaimed)
    }

    pub(super) async fn reclaim_old(&self, max_processing: Duration, after: i64, limit: u32) -> Result<Chunk> {
        let session = self.session().await?;
        let (most, seconds) = (most_errors(), seconds(max_processing));
        let params: Params<'_> = &[&i64::from(limit), &MAX_CRASHES, &most, &after, &seconds];
        let (reclaimed, looked_at, last) = self.reclaim_with(&session, &self.statements.reclaim_stuck, params).await?;
        let ids = reclaimed.iter().filter(|job| job.ended).map(|job| job.job_id).collect();
        Ok(Chunk { changed: reclaimed.len() as u64, ids, next: last.filter(|_| looked_at == i64::from(limit)) })
    }

    /// What was reclaimed, how many claims or jobs were looked at, and the highest of these jobs.
    async fn reclaim_with(
        &self,
        session: &Session,
        statement: &Statement,
        params: Params<'_>,
    ) -> Result<(Vec<Reclaimed>, i64, Option<i64>)> {
        let mut tries = Tries::default();
        let rows = loop {
            match session.query(statement, params).await {
                Err(fault) if tries.again(&fault).await => {}
                result => break result?,
            }
        };
        let row = rows.first().ok_or_else(|| damaged("a sweep without an answer"))?;
        let mut reader = Reader::new(row, 0);
        let ids = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        let ended = reader.take::<Option<Vec<bool>>>()?.unwrap_or_default();
        let last = reader.take::<Option<i64>>()?;
        let looked_at = reader.take::<i64>()?;
        let told = reader.take::<i64>()? > 0;
        let reclaimed: Vec<_> = ids.into_iter().zip(ended).map(|(job_id, ended)| Reclaimed { job_id, ended }).collect();
        self.hub.ended(reclaimed.iter().filter(|job| job.ended).map(|job| job.job_id));
        if reclaimed.iter().any(|job| !job.ended) {
            self.bounds.reset();
            self.announce();
        } else {
            self.announce_letters(letters(&rows)?);
        }
        let ids: Vec<_> = reclaimed.iter().map(|job| job.job_id).collect();
        self.free_reclaimed(&ids).await?;
        if told {
            let ended = reclaimed.iter().filter(|job| job.ended).map(|job| job.job_id).collect();
            self.go_on_after(ended, Released::default()).await;
        }
        Ok((reclaimed, looked_at, last))
    }

    pub(super) async fn prune_old_jobs(&self, prune: &Prune, after: JobId, limit: u32) -> Result<Chunk> {
        let statuses: Vec<_> = prune.statuses.iter().map(|status| status.as_str()).collect();
        let seconds = seconds(prune.older_than);
        let params: Params<'_> = &[&after, &i64::from(limit), &statuses, &seconds];
        read_step(&self.tried(&self.statements.prune_jobs, params).await?)
    }

    pub(super) async fn empty_payloads(&self, older_than: Duration, after: JobId, limit: u32) -> Result<Chunk> {
        let params: Params<'_> = &[&after, &i64::from(limit), &seconds(older_than)];
        read_step(&self.tried(&self.statements.prune_payloads, params).await?)
    }

    /// Events are deleted where they lie, not in the order of their ids, so `after` only counts the steps.
    pub(super) async fn delete_events(&self, older_than: Duration, after: i64, limit: u32) -> Result<Chunk> {
        let seconds = seconds(older_than);
        let rows = self.tried(&self.statements.prune_events, &[&seconds, &i64::from(limit)]).await?;
        let row = rows.first().ok_or_else(|| damaged("a clean-up without an answer"))?;
        let events = Reader::new(row, 0).take::<i64>()?.unsigned_abs();
        let rows = self.tried(&self.statements.prune_event_batches, &[&seconds, &batches(limit)]).await?;
        let row = rows.first().ok_or_else(|| damaged("a clean-up without an answer"))?;
        let mut reader = Reader::new(row, 0);
        let (gone, told) = (reader.take::<i64>()?, reader.take::<i64>()?.unsigned_abs());
        let is_more = limit > 0 && (events == u64::from(limit) || gone == batches(limit));
        Ok(Chunk { changed: events + told, ids: Vec::new(), next: is_more.then(|| after.saturating_add(1)) })
    }

    /// Runs one statement, again if it lost a race.
    pub(super) async fn tried(&self, statement: &Statement, params: Params<'_>) -> Result<Vec<Row>> {
        let session = self.session().await?;
        let mut tries = Tries::default();
        loop {
            match session.query(statement, params).await {
                Err(fault) if tries.again(&fault).await => {}
                result => return result.map_err(Fault::into),
            }
        }
    }
}

/// Seconds for the server, which cannot count back further than its calendar goes.
pub(super) fn seconds(span: Duration) -> f64 {
    span.as_secs_f64().min(LONGEST)
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// How many batches of events are deleted in a step of so many events: each tells of hundreds of jobs.
fn batches(limit: u32) -> i64 {
    i64::from(limit.div_ceil(100))
}

fn most_errors() -> i32 {
    i32::try_from(MAX_ERRORS).unwrap_or(i32::MAX)
}

fn read_step(rows: &[Row]) -> Result<Chunk> {
    let row = rows.first().ok_or_else(|| damaged("a clean-up without an answer"))?;
    let mut reader = Reader::new(row, 0);
    Ok(Chunk { changed: reader.take::<i64>()?.unsigned_abs(), ids: Vec::new(), next: reader.take()? })
}
