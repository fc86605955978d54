//! Adding jobs.

use std::collections::{HashMap, HashSet};

use super::PostgresStorage;
use super::faults::{Attempt, unavailable};
use super::listen::QUIET;
use super::rows::{At, Json, Reader, tags_text};
use super::session::{Params, Session, Tries};
use crate::error::{Error, Result};
use crate::model::{Added, JobId, NewJob};
use crate::policy::unique::{is_debounced, rule_of};
use crate::storage::extras;
use crate::storage::parts::parts;

/// The most rows and payload bytes that one statement carries: what is sent is held in memory once more.
const ROWS: usize = 5_000;
const BYTES: usize = 8 << 20;
/// How often the holder of a key may vanish between the insert and the look for it.
const ROUNDS: u32 = 20;

impl PostgresStorage {
    pub(super) async fn add_jobs(&self, jobs: &[NewJob]) -> Result<Vec<Added>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut tries = Tries::default();
        loop {
            let session = self.session().await?;
            match self.add_all(&session, jobs).await {
                Err(fault) if tries.again(&fault).await => {}
                Err(fault) => return Err(fault.into()),
                Ok((added, is_told)) => {
                    drop(session);
                    if jobs.iter().any(|job| job.run_at.is_some()) {
                        self.bounds.reset();
                    }
                    if is_told {
                        self.hub.bump();
                    } else if added.iter().any(|added| added.created) || jobs.iter().any(is_debounced) {
                        self.announce();
                    }
                    return Ok(added);
                }
            }
        }
    }

    /// Adds all, and answers whether other processes were told of it.
    async fn add_all(&self, session: &Session, jobs: &[NewJob]) -> Attempt<(Vec<Added>, bool)> {
        if let [job @ NewJob { run_at: None, extras: None, .. }] = jobs {
            let (added, is_told) = self.add_one(session, job).await?;
            return Ok((vec![added], is_told));
        }
        let is_tied = jobs.iter().any(|job| job.depends_on().is_some());
        if jobs.iter().any(|job| rule_of(job).is_some()) {
            let adding = async {
                let added = self.add_kinds(session, jobs).await?;
                if is_tied {
                    self.tie_added(session, jobs, &added).await?;
                }
                Ok(added)
            };
            return Ok((within(session, adding).await?, false));
        }
        let chunks = chunks(jobs);
        // One statement is all or nothing by itself; where keys may have to be looked up after it, it is not the only one.
        if chunks.len() == 1 && !is_tied && jobs.iter().all(|job| job.idempotency_key.is_none()) {
            return Ok((self.add_chunk(session, jobs).await?, false));
        }
        let adding = async {
            let mut added = Vec::with_capacity(jobs.len());
            for chunk in chunks {
                added.extend(self.add_chunk(session, chunk).await?);
            }
            if is_tied {
                self.tie_added(session, jobs, &added).await?;
            }
            Ok(added)
        };
        Ok((within(session, adding).await?, false))
    }

    /// Adds one job that is due now, by a statement that takes the server half the time, and tells other processes by it unless they
    /// were told a moment ago: they wake without another statement.
    async fn add_one(&self, session: &Session, job: &NewJob) -> Attempt<(Added, bool)> {
        let NewJob { job_type, priority, max_attempts, idempotency_key, retry, .. } = job;
        let (payload, timeout, tags) = (Json(&job.payload), job.signed_timeout(), tags_text(&job.tags));
        let [delay, most] = [retry.delay, retry.delay_max].map(|span| span.map(|span| span.as_secs_f64()));
        let backoff = &retry.backoff;
        for _ in 0..ROUNDS {
            let hint = self.hub.may_tell(QUIET).then_some(&self.own_payload);
            let key = idempotency_key;
            let params: Params<'_> =
                &[job_type, &payload, priority, max_attempts, &timeout, &tags, key, &delay, backoff, &most, &hint];
            let rows = session.query(&self.statements.add_one, params).await?;
            if let Some(row) = rows.first() {
                return Ok((Added { id: Reader::new(row, 0).take()?, created: true }, hint.is_some()));
            }
            let rows = session.query(&self.statements.holders, &[&[key]]).await?;
            if let Some(row) = rows.first() {
                return Ok((Added { id: Reader::new(row, 1).take()?, created: false }, false));
            }
        }
        Err(unsettled().into())
    }

    pub(super) async fn add_chunk(&self, session: &Session, jobs: &[NewJob]) -> Attempt<Vec<Added>> {
        let mut added = vec![None; jobs.len()];
        let mut open: Vec<usize> = (0..jobs.len()).collect();
        for _ in 0..ROUNDS {
            let batch: Vec<_> = open.iter().filter_map(|&at| jobs.get(at)).collect();
            let (ids, created) = self.insert(session, &batch).await?;
            for (&at, &id) in open.iter().zip(&ids) {
                if let Some(slot) = added.get_mut(at)
                    && created.as_ref().is_none_or(|created| created.contains(&id))
                {
                    *slot = Some(Added { id, created: true });
                }
            }
            if created.is_none() {
                break;
            }
            open.retain(|&at| added.get(at).is_some_and(Option::is_none));
            let keys: Vec<_> = open.iter().filter_map(|&at| jobs.get(at)?.idempotency_key.as_deref()).collect();
            let rows = session.query(&self.statements.holders, &[&keys]).await?;
            let mut holders = HashMap::new();
            for row in &rows {
                let mut reader = Reader::new(row, 0);
                holders.insert(reader.take::<String>()?, reader.take::<JobId>()?);
            }
            open.retain(|&at| {
                let key = jobs.get(at).and_then(|job| job.idempotency_key.as_deref());
                let holder = key.and_then(|key| holders.get(key));
                if let (Some(slot), Some(&id)) = (added.get_mut(at), holder) {
                    *slot = Some(Added { id, created: false });
                }
                holder.is_none()
            });
            if open.is_empty() {
                break;
            }
        }
        added.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| unsettled().into())
    }

    /// The ids reserved, and those among them that were inserted if these are not all.
    async fn insert(&self, session: &Session, jobs: &[&NewJob]) -> Attempt<(Vec<JobId>, Option<HashSet<JobId>>)> {
        let keys = some_of(jobs.iter().map(|job| job.idempotency_key.as_deref()));
        let types: Vec<_> = jobs.iter().map(|job| job.job_type.as_str()).collect();
        let payloads: Vec<_> = jobs.iter().map(|job| Json(&job.payload)).collect();
        let priorities: Vec<_> = jobs.iter().map(|job| job.priority).collect();
        let run_at = some_of(jobs.iter().map(|job| job.run_at.map(At)));
        let max_attempts: Vec<_> = jobs.iter().map(|job| job.max_attempts).collect();
        let timeouts = some_of(jobs.iter().map(|job| job.signed_timeout()));
        let tags = some_of(jobs.iter().map(|job| tags_text(&job.tags)));
        let delays = some_of(jobs.iter().map(|job| job.retry.delay.map(|span| span.as_secs_f64())));
        let backoffs = some_of(jobs.iter().map(|job| job.retry.backoff));
        let most = some_of(jobs.iter().map(|job| job.retry.delay_max.map(|span| span.as_secs_f64())));
        let extras: Vec<_> =
            jobs.iter().map(|job| job.extras.as_deref().map(|some| extras::to_json(some).to_string())).collect();
        let extras = some_of(extras.iter().map(|text| text.as_ref().map(|text| Json(text.as_bytes()))));
        let rows = if keys.is_some() || extras.is_some() {
            let params: Params<'_> = &[
                &types,
                &payloads,
                &priorities,
                &run_at,
                &max_attempts,
                &timeouts,
                &tags,
                &keys,
                &delays,
                &backoffs,
                &most,
                &extras,
            ];
            session.query(&self.statements.add_keyed, params).await?
        } else {
            let params: Params<'_> =
                &[&types, &payloads, &priorities, &run_at, &max_attempts, &timeouts, &tags, &delays, &backoffs, &most];
            session.query(&self.statements.add, params).await?
        };
        let row = rows.first().ok_or_else(|| super::rows::damaged("no ids came back"))?;
        let mut reader = Reader::new(row, 0);
        let ids: Vec<JobId> = reader.take()?;
        if keys.is_none() {
            return Ok((ids, None));
        }
        let created = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        let all = created.len() == ids.len();
        Ok((ids, (!all).then(|| created.into_iter().collect())))
    }
}

/// Adds in a transaction.
async fn within(session: &Session, adding: impl Future<Output = Attempt<Vec<Added>>>) -> Attempt<Vec<Added>> {
    session.begin().await?;
    let added = match adding.await {
        Ok(added) => added,
        Err(fault) => {
            // If this fails too, the connection is closed, which rolls back as well.
            let _ = session.roll_back().await;
            return Err(fault);
        }
    };
    session.commit().await?;
    Ok(added)
}

fn unsettled() -> Error {
    unavailable("an idempotency key changed hands again and again: try again".into())
}

/// The values, unless none is there: `unnest` fills up with nulls, and an array of nulls is work for both sides.
fn some_of<T>(values: impl Iterator<Item = Option<T>>) -> Option<Vec<Option<T>>> {
    let values: Vec<_> = values.collect();
    values.iter().any(Option::is_some).then_some(values)
}

/// The jobs in parts that one statement may carry.
pub(super) fn chunks(jobs: &[NewJob]) -> Vec<&[NewJob]> {
    parts(jobs, ROWS, BYTES, |job| job.payload.len())
}
