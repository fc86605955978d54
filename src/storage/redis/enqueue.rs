//! Adding jobs.

use redis::Cmd;

use super::RedisStorage;
use super::faults::{damaged, unavailable};
use super::record::{encode_errors, encode_new, encode_received, encode_tags, sortable, sortable_priority};
use crate::error::{Error, Result};
use crate::model::{Added, JobId, NewJob, Transfer, distinct};

/// The most jobs and payload bytes that one script adds: it holds up the server for a few milliseconds.
const ROWS: usize = 1_000;
const BYTES: usize = 4 << 20;
/// Jobs that one step receives, or forgets of a batch that was given up.
const STEP: usize = 500;

impl RedisStorage {
    pub(super) async fn add_jobs(&self, jobs: &[NewJob]) -> Result<Vec<Added>> {
        let added = match chunks(jobs).as_slice() {
            [] => return Ok(Vec::new()),
            [only] => self.add_chunk(only, None, "").await?,
            many => self.add_batch(many, jobs.len()).await?,
        };
        if added.iter().any(|one| one.created) {
            self.hub.bump();
        }
        Ok(added)
    }

    /// Adds a large batch in steps, hidden until the last of them is stored.
    async fn add_batch(&self, chunks: &[&[NewJob]], count: usize) -> Result<Vec<Added>> {
        let batch: String = self.call(&self.scripts.begin_batch, |call| call.arg(count)).await?;
        let mut next: JobId = batch.parse().map_err(|_| damaged("the number of a batch"))?;
        let mut added = Vec::with_capacity(count);
        for chunk in chunks {
            match self.add_chunk(chunk, Some(next), &batch).await {
                Ok(more) => added.extend(more),
                Err(error) => {
                    // Where this fails too, a sweep gives the batch up later.
                    let _ = self.drop_batch(&batch).await;
                    return Err(error);
                }
            }
            next += chunk.len() as JobId;
        }
        let opened: i64 = self.call(&self.scripts.open_batch, |call| call.arg(&batch)).await?;
        if opened == 0 {
            return Err(given_up());
        }
        Ok(added)
    }

    /// Forgets a batch that was not finished.
    pub(super) async fn drop_batch(&self, batch: &str) -> Result<()> {
        let drop_step = || self.call::<i64>(&self.scripts.drop_batch, |call| call.arg(batch).arg(STEP));
        while drop_step().await? > 0 {}
        Ok(())
    }

    /// Adds jobs of another store with their past, in steps.
    pub(super) async fn receive_jobs(&self, jobs: &[Transfer]) -> Result<Vec<Added>> {
        let mut added = Vec::with_capacity(jobs.len());
        for chunk in jobs.chunks(STEP) {
            let errors = chunk.iter().map(|one| encode_errors(&one.error_history)).collect::<Result<Vec<_>>>()?;
            let ids: Vec<JobId> = self
                .call(&self.scripts.receive, |call| {
                    chunk.iter().zip(errors).fold(call, |call, (one, errors)| receive(call, one, errors))
                })
                .await?;
            added.extend(ids.into_iter().map(|id| Added { id: id.abs(), created: id > 0 }));
        }
        if added.iter().any(|one| one.created) {
            self.hub.bump();
        }
        Ok(added)
    }

    async fn add_chunk(&self, jobs: &[NewJob], first: Option<JobId>, batch: &str) -> Result<Vec<Added>> {
        let first = first.map(|id| id.to_string()).unwrap_or_default();
        let ids: Vec<JobId> = self
            .call(&self.scripts.add, |call| {
                call.arg(first).arg(batch);
                jobs.iter().fold(call, describe)
            })
            .await?;
        if ids.is_empty() {
            return Err(given_up());
        }
        if ids.len() != jobs.len() {
            return Err(damaged("an add that answers other than one id for each job"));
        }
        Ok(ids.into_iter().map(|id| Added { id: id.abs(), created: id > 0 }).collect())
    }
}

fn receive<'a>(call: &'a mut Cmd, one: &Transfer, errors: Vec<u8>) -> &'a mut Cmd {
    let (job, tags) = (&one.job, distinct(&one.job.tags));
    let steps: &[u8] = if &one.step_data[..] == b"{}" { b"" } else { &one.step_data };
    call.arg(&job.job_type)
        .arg(sortable_priority(job.priority))
        .arg(one.created_at.as_micros())
        .arg(job.run_at.map(sortable).unwrap_or_default())
        .arg(one.next_attempt_at.map(sortable).unwrap_or_default())
        .arg(encode_received(one, &tags))
        .arg(&job.payload[..])
        .arg(job.idempotency_key.as_deref().unwrap_or_default())
        .arg(encode_tags(&tags))
        .arg(errors)
        .arg(steps)
        .arg(format!(r#"{{"transferred_from":{},"attempts":{}}}"#, one.source_id, one.attempts))
}

fn given_up() -> Error {
    unavailable("a large batch took too long to add and was given up: add it again")
}

fn describe<'a>(call: &'a mut Cmd, job: &NewJob) -> &'a mut Cmd {
    let tags = distinct(&job.tags);
    call.arg(&job.job_type)
        .arg(sortable_priority(job.priority))
        .arg(job.run_at.map(sortable).unwrap_or_default())
        .arg(encode_new(job, &tags))
        .arg(&job.payload[..])
        .arg(job.idempotency_key.as_deref().unwrap_or_default())
        .arg(encode_tags(&tags))
}

fn chunks(jobs: &[NewJob]) -> Vec<&[NewJob]> {
    let mut chunks = Vec::new();
    let mut rest = jobs;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(ROWS).take_while(|job| {
            bytes += job.payload.len();
            bytes <= BYTES
        });
        let (chunk, more) = rest.split_at(fitting.count().max(1));
        chunks.push(chunk);
        rest = more;
    }
    chunks
}
