//! Adding jobs.

use redis::Cmd;

use super::RedisStorage;
use super::extras;
use super::faults::damaged;
use super::record::{encode_errors, encode_new, encode_received, encode_tags, sortable, sortable_priority};
use super::steps::encode_step_data;
use crate::error::Result;
use crate::model::{Added, JobId, NewJob, Transfer, distinct};

/// The most jobs and payload bytes that are added by one script, which the server puts together.
const ROWS: usize = 250;
const BYTES: usize = 1 << 20;
/// Jobs that one step receives.
const STEP: usize = 500;

impl RedisStorage {
    pub(super) async fn add_jobs(&self, jobs: &[NewJob]) -> Result<Vec<Added>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let bytes: usize = jobs.iter().map(|job| job.payload.len()).sum();
        let is_tied = jobs.iter().any(|job| job.depends_on().is_some());
        let is_small = !is_tied && (jobs.len() == 1 || jobs.len() <= ROWS && bytes <= BYTES);
        let added = if is_small { self.add_at_once(jobs).await? } else { self.add_batch(jobs).await? };
        if added.iter().any(|one| one.created) {
            self.hub.bump();
        }
        Ok(added)
    }

    /// Adds jobs of another store with their past, in steps.
    pub(super) async fn receive_jobs(&self, jobs: &[Transfer]) -> Result<Vec<Added>> {
        let mut added = Vec::with_capacity(jobs.len());
        for chunk in jobs.chunks(STEP) {
            let pasts =
                chunk.iter().map(|one| Ok((encode_errors(&one.error_history)?, encode_step_data(&one.step_data)?)));
            let pasts = pasts.collect::<Result<Vec<_>>>()?;
            let ids: Vec<JobId> = self
                .call(&self.scripts.receive, |call| {
                    chunk.iter().zip(pasts).fold(call, |call, (one, past)| receive(call, one, past))
                })
                .await?;
            added.extend(ids.into_iter().map(|id| Added { id: id.abs(), created: id > 0 }));
        }
        if added.iter().any(|one| one.created) {
            self.hub.bump();
        }
        Ok(added)
    }

    async fn add_at_once(&self, jobs: &[NewJob]) -> Result<Vec<Added>> {
        let ids: Vec<JobId> = self
            .call(&self.scripts.add, |call| {
                call.arg("").arg("");
                jobs.iter().fold(call, describe)
            })
            .await?;
        read_ids(&ids, jobs.len())
    }
}

/// The answer of the script that adds: the id of each job, negative where it is the holder's of its key.
pub(super) fn read_ids(ids: &[JobId], count: usize) -> Result<Vec<Added>> {
    if ids.len() != count {
        return Err(damaged("an add that answers other than one id for each job"));
    }
    Ok(ids.iter().map(|id| Added { id: id.abs(), created: *id > 0 }).collect())
}

fn receive<'a>(call: &'a mut Cmd, one: &Transfer, (errors, steps): (Vec<u8>, Vec<u8>)) -> &'a mut Cmd {
    let (job, tags) = (&one.job, distinct(&one.job.tags));
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
        .arg(extras::encode(job.extras.as_deref()))
}

/// The arguments that tell the script of a job.
pub(super) fn describe<'a>(call: &'a mut Cmd, job: &NewJob) -> &'a mut Cmd {
    let tags = distinct(&job.tags);
    call.arg(&job.job_type)
        .arg(sortable_priority(job.priority))
        .arg(job.run_at.map(sortable).unwrap_or_default())
        .arg(encode_new(job, &tags))
        .arg(&job.payload[..])
        .arg(job.idempotency_key.as_deref().unwrap_or_default())
        .arg(encode_tags(&tags))
        .arg(extras::encode(job.extras.as_deref()))
}
