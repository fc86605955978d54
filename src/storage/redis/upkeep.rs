//! Workers, the jobs of dead ones, and old rows.

use std::time::Duration;

use tokio::time::timeout;

use super::RedisStorage;
use super::faults::{damaged, unavailable};
use super::find::read_id;
use super::inspect::described;
use super::record::letter;
use crate::error::{Error, Result};
use crate::model::{Chunk, JobId, Lease, Profile, Prune, Reclaimed, Renewed, Status, Worker};
use crate::policy::leases::time_to_renew;
use crate::policy::limits::{MAX_CRASHES, MAX_ERRORS};

/// How far apart the ids of two workers are at most. A server that lost its last registrations counts from where it was
/// before them: a chance step keeps it from giving the id of a worker that still runs to another.
const LONGEST_STEP: u32 = 1 << 16;

impl RedisStorage {
    pub(super) async fn register_worker(&self, profile: &Profile, lease: Duration) -> Result<Worker> {
        let (step, name) = (rand::random_range(1..=LONGEST_STEP), &profile.name);
        let about = described(profile);
        let id = self
            .call(&self.scripts.register, |call| call.arg(name).arg(micros(lease)).arg(step).arg(about.as_slice()))
            .await?;
        Ok(Worker { id, name: name.clone() })
    }

    pub(super) async fn renew_worker(&self, worker: &Worker, lease: Duration) -> Result<Renewed> {
        let (number, patience) = (self.shared.number(), time_to_renew(lease));
        let renewing = self.call(&self.scripts.renew, |call| call.arg(worker.id).arg(micros(lease)));
        let Ok(answer) = timeout(patience, renewing).await else {
            // Whoever waited longer would lose the lease by it, on a connection that may be dead.
            self.shared.leave(number);
            return Err(unavailable(format!("no answer to a renewal within {} s", patience.as_secs_f64())));
        };
        let answer: Vec<i64> = answer?;
        let [1, draining, asked @ ..] = answer.as_slice() else {
            self.holdings.forget(worker.id);
            return Err(Error::WorkerLost { worker: worker.id });
        };
        let lease = |&[job_id, token]: &[i64; 2]| Lease { job_id, worker_id: worker.id, token };
        Ok(Renewed { cancelled: asked.as_chunks::<2>().0.iter().map(lease).collect(), draining: *draining != 0 })
    }

    pub(super) async fn unregister_worker(&self, worker: &Worker) -> Result<()> {
        self.call::<i64>(&self.scripts.unregister, |call| call.arg(worker.id)).await?;
        self.holdings.forget(worker.id);
        Ok(())
    }

    pub(super) async fn reclaim_orphans(&self, limit: u32) -> Result<Vec<Reclaimed>> {
        let (given_up, answer): (Vec<String>, Vec<i64>) =
            self.call(&self.scripts.reclaim, |call| call.arg(limit).arg(MAX_CRASHES).arg(MAX_ERRORS)).await?;
        for batch in given_up {
            self.drop_batch(&batch).await?;
        }
        let pairs = answer.as_chunks::<2>().0;
        let reclaimed: Vec<_> = pairs.iter().map(|&[job_id, ended]| Reclaimed { job_id, ended: ended != 0 }).collect();
        self.hub.ended(reclaimed.iter().filter(|job| job.ended).map(|job| job.job_id));
        if reclaimed.iter().any(|job| !job.ended) {
            self.hub.bump();
        }
        Ok(reclaimed)
    }

    pub(super) async fn reclaim_old(&self, max_processing: Duration, after: i64, limit: u32) -> Result<Chunk> {
        let (changed, next, ended): (u64, String, Vec<String>) = self
            .call(&self.scripts.stuck, |call| {
                call.arg(micros(max_processing)).arg(after).arg(limit).arg(MAX_CRASHES).arg(MAX_ERRORS)
            })
            .await?;
        let ids = ended.iter().map(|id| read_id(id)).collect::<Result<_>>()?;
        let chunk = Chunk { ids, ..chunk((changed, next))? };
        if chunk.changed > 0 {
            self.hub.look_again();
        }
        Ok(chunk)
    }

    pub(super) async fn prune_old_jobs(&self, prune: &Prune, after: JobId, limit: u32) -> Result<Chunk> {
        let is_final = |status: &Status| matches!(status, Status::Completed | Status::Failed | Status::Cancelled);
        let letters: String = prune.statuses.iter().copied().filter(is_final).map(letter).collect();
        if letters.is_empty() {
            return Ok(Chunk::default());
        }
        let age = micros(prune.older_than);
        let answer =
            self.call(&self.scripts.prune_jobs, |call| call.arg(age).arg(after).arg(limit).arg(letters)).await?;
        chunk(answer)
    }

    pub(super) async fn empty_payloads(&self, older_than: Duration, after: JobId, limit: u32) -> Result<Chunk> {
        let age = micros(older_than);
        chunk(self.call(&self.scripts.prune_payloads, |call| call.arg(age).arg(after).arg(limit)).await?)
    }

    pub(super) async fn delete_events(&self, older_than: Duration, after: i64, limit: u32) -> Result<Chunk> {
        let age = micros(older_than);
        let answer = self.call(&self.scripts.prune_events, |call| call.arg(age).arg(after).arg(limit)).await?;
        chunk(answer)
    }
}

fn chunk((changed, next): (u64, String)) -> Result<Chunk> {
    let next = (!next.is_empty()).then(|| read_id(&next)).transpose()?;
    if changed == 0 && next == Some(0) {
        return Err(damaged("a step that leads nowhere"));
    }
    Ok(Chunk { changed, ids: Vec::new(), next })
}

/// Microseconds, no more than scripts can count.
pub(super) fn micros(span: Duration) -> i64 {
    const MOST: i64 = 1 << 52;
    i64::try_from(span.as_micros()).unwrap_or(MOST).min(MOST)
}
