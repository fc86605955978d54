//! Large batches: put together here, written in steps, hidden until the last of them is stored.

use std::fmt::Write as _;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use redis::Cmd;

use super::RedisStorage;
use super::enqueue::{describe, read_ids};
use super::faults::unavailable;
use super::record::{INLINE, encode_new_at, sortable, sortable_priority};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{Added, JobId, NewJob, distinct};
use crate::storage::dependencies;
use crate::storage::parts::parts;

/// The most jobs and payload bytes that one script writes: it holds up the server for a few milliseconds.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;
/// How many steps are on their way at once: the next is put together while the server writes the last.
const AHEAD: usize = 2;
/// Jobs that one step forgets of a batch that was given up.
const STEP: usize = 500;

/// What was reserved for a batch.
#[derive(Debug, Clone, Copy)]
struct Batch {
    first: JobId,
    first_event: i64,
    now: Timestamp,
}

/// One step of it.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    /// How many jobs of the batch come before.
    before: usize,
    jobs: &'a [NewJob],
}

impl RedisStorage {
    pub(super) async fn add_batch(&self, jobs: &[NewJob]) -> Result<Vec<Added>> {
        let (first, first_event, now) = self.call(&self.scripts.begin_batch, |call| call.arg(jobs.len())).await?;
        let batch = Batch { first, first_event, now: Timestamp::from_micros(now) };
        match self.write_and_tie(batch, jobs).await {
            Ok(added) => {
                self.open_batch(batch, &added).await?;
                Ok(added)
            }
            Err(error) => {
                // Where this fails too, a sweep gives the batch up later.
                let _ = self.drop_batch(&batch.first.to_string()).await;
                Err(error)
            }
        }
    }

    async fn write_and_tie(&self, batch: Batch, jobs: &[NewJob]) -> Result<Vec<Added>> {
        let added = self.write_batch(batch, jobs).await?;
        let ties = dependencies::ties(jobs, &added)?;
        if !ties.is_empty() && !self.tie(batch.first, &ties).await? {
            return Err(given_up());
        }
        Ok(added)
    }

    async fn write_batch(&self, batch: Batch, jobs: &[NewJob]) -> Result<Vec<Added>> {
        let mut added = Vec::with_capacity(jobs.len());
        let mut under_way = FuturesOrdered::new();
        let mut before = 0;
        for jobs in parts(jobs, ROWS, BYTES, |job| job.payload.len()) {
            if under_way.len() == AHEAD
                && let Some(more) = under_way.next().await
            {
                added.extend::<Vec<_>>(more?);
            }
            under_way.push_back(self.write_step(batch, Step { before, jobs }));
            before += jobs.len();
        }
        while let Some(more) = under_way.next().await {
            added.extend(more?);
        }
        Ok(added)
    }

    async fn open_batch(&self, batch: Batch, added: &[Added]) -> Result<()> {
        let Some(one) = added.iter().find(|one| one.created) else {
            return self.drop_batch(&batch.first.to_string()).await;
        };
        let opened: i64 = self.call(&self.scripts.open_batch, |call| call.arg(batch.first).arg(one.id)).await?;
        if opened == 0 { Err(given_up()) } else { Ok(()) }
    }

    /// Forgets a batch that was not finished.
    pub(super) async fn drop_batch(&self, batch: &str) -> Result<()> {
        let drop_step = || self.call::<i64>(&self.scripts.drop_batch, |call| call.arg(batch).arg(STEP));
        while drop_step().await? > 0 {}
        Ok(())
    }

    async fn write_step(&self, batch: Batch, step: Step<'_>) -> Result<Vec<Added>> {
        let first = batch.first + step.before as JobId;
        if step.jobs.iter().any(|job| job.idempotency_key.is_some() || job.extras.is_some()) {
            // Who holds a key is for the server to say, and what is to be done about extras.
            let ids: Vec<JobId> = self
                .call(&self.scripts.add, |call| {
                    call.arg(first).arg(batch.first);
                    step.jobs.iter().fold(call, describe)
                })
                .await?;
            return if ids.is_empty() { Err(given_up()) } else { read_ids(&ids, step.jobs.len()) };
        }
        let written: i64 = self.call(&self.scripts.write_batch, |call| compose(call, batch, step)).await?;
        if written == 0 {
            return Err(given_up());
        }
        Ok((first..).take(step.jobs.len()).map(|id| Added { id, created: true }).collect())
    }
}

/// The arguments of a step: for each kind of value how many there are, then the values.
fn compose<'a>(call: &'a mut Cmd, batch: Batch, step: Step<'_>) -> &'a mut Cmd {
    let first = batch.first + step.before as JobId;
    let jobs = || (first..).zip(step.jobs);
    let is_due = |job: &NewJob| job.run_at.is_none_or(|at| at <= batch.now);
    let (pairs, due) = (2 * step.jobs.len(), 2 * step.jobs.iter().filter(|job| is_due(job)).count());
    let large = 2 * step.jobs.iter().filter(|job| job.payload.len() > INLINE).count();
    let tags: usize = step.jobs.iter().map(|job| distinct(&job.tags).len()).sum();
    call.arg(batch.first);
    for count in [pairs, large, pairs, pairs, 2 * tags, due, pairs - due] {
        call.arg(count);
    }
    let mut text = String::new();
    for (event, (id, job)) in (batch.first_event + step.before as i64..).zip(jobs()) {
        let history = written(&mut text, format_args!("a{event},{},0,", batch.now.as_micros()));
        call.arg(id).arg(encode_new_at(job, &distinct(&job.tags), batch.now, id, history));
    }
    for (id, job) in jobs().filter(|(_, job)| job.payload.len() > INLINE) {
        call.arg(id).arg(&job.payload[..]);
    }
    for (id, _) in jobs() {
        call.arg(id).arg(id);
    }
    for (id, job) in jobs() {
        call.arg(0).arg(written(&mut text, format_args!("{}\0{id:016}", job.job_type)));
    }
    for (id, job) in jobs() {
        for tag in distinct(&job.tags) {
            call.arg(0).arg(written(&mut text, format_args!("{tag}\0{id:016}")));
        }
    }
    for (id, job) in jobs().filter(|(_, job)| is_due(job)) {
        let (priority, due) = (sortable_priority(job.priority), sortable(job.run_at.unwrap_or(batch.now)));
        call.arg(0).arg(written(&mut text, format_args!("{}\0{priority}{due}{id:016}", job.job_type)));
    }
    for (id, job) in jobs().filter(|(_, job)| !is_due(job)) {
        let (priority, due) = (sortable_priority(job.priority), sortable(job.run_at.unwrap_or(batch.now)));
        call.arg(0).arg(written(&mut text, format_args!("{}\0{due}{priority}{id:016}", job.job_type)));
    }
    call
}

/// The text of the arguments, in a buffer that is used again.
fn written<'a>(buffer: &'a mut String, text: std::fmt::Arguments<'_>) -> &'a str {
    buffer.clear();
    // Writing to a string cannot fail.
    let _ = buffer.write_fmt(text);
    buffer
}

fn given_up() -> Error {
    unavailable("a large batch took too long to add and was given up: add it again")
}
