//! Leasing due jobs to a worker.

use redis::Value;
use rmpv::Value as Packed;

use super::RedisStorage;
use super::faults::damaged;
use super::find::{kept, pack};
use super::record::{SORTABLE, from_sortable};
use super::upkeep::micros;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{Claim, ClaimRequest, Claimed, JobId, Lease, Worker};

/// The most claimable jobs that one claim looks at, where jobs of a batch under way are among them.
const MOST: u32 = 5_000;

impl RedisStorage {
    pub(super) async fn claim_jobs(&self, request: &ClaimRequest) -> Result<Claim> {
        let ClaimRequest { worker, token, job_types, lease, turns, .. } = request;
        let limit = request.places();
        self.give_back_strays(worker).await?;
        let mut types = job_types.clone();
        types.sort_unstable();
        types.dedup();
        let lease = lease.map(|lease| micros(lease).to_string()).unwrap_or_default();
        let weights = turns.as_ref().map(|turns| {
            let weights = turns.weights.iter().map(|(tier, weight)| (tier.as_str().into(), (*weight).into()));
            pack(Packed::Map(weights.collect()))
        });
        let weights = weights.unwrap_or_default();
        let answer: Vec<Value> = self
            .call(&self.scripts.claim, |call| {
                call.arg(worker.id)
                    .arg(&worker.name)
                    .arg(*token)
                    .arg(limit)
                    .arg(MOST)
                    .arg(lease)
                    .arg(weights)
                    .arg(&types)
            })
            .await?;
        let mut values = answer.into_iter();
        let now = moment(values.next())?;
        match number(values.next())? {
            0 => {
                self.holdings.forget(worker.id);
                return Err(Error::WorkerLost { worker: worker.id });
            }
            1 => {}
            _ => return self.claimed_before(worker, *token).await,
        }
        let more = number(values.next())? != 0;
        let due: String = redis::from_redis_value(values.next().unwrap_or_default()).unwrap_or_default();
        let next_due = (!due.is_empty()).then(|| from_sortable(&due)).transpose()?.map(|due| due.since(now));
        let fell_due: String = redis::from_redis_value(values.next().unwrap_or_default()).unwrap_or_default();
        let mut jobs = Vec::new();
        for (at, kept) in kept(values)?.into_iter().enumerate() {
            let lease = Lease { job_id: kept.id, worker_id: worker.id, token: *token };
            let due_at = fell_due.get(at * SORTABLE..(at + 1) * SORTABLE).map(from_sortable).transpose()?;
            jobs.push(Claimed { lease, job: kept.job()?, due_at });
        }
        self.holdings.take(&jobs, self.shared.number());
        Ok(Claim { jobs, more, next_due, now })
    }

    pub(super) async fn types_to_claim(&self) -> Result<Vec<String>> {
        self.call(&self.scripts.types, |call| call).await
    }

    pub(super) async fn claimed_before(&self, worker: &Worker, token: i64) -> Result<Claim> {
        let answer: Vec<Value> = self.call(&self.scripts.reply, |call| call.arg(worker.id).arg(token)).await?;
        let mut values = answer.into_iter();
        let now = moment(values.next())?;
        if number(values.next())? == 0 {
            self.holdings.forget(worker.id);
            return Err(Error::WorkerLost { worker: worker.id });
        }
        let ids = values.map(|value| number(Some(value))).collect::<Result<Vec<JobId>>>()?;
        let lease = |job_id| Lease { job_id, worker_id: worker.id, token };
        let found = self.get_jobs(&ids).await?.into_iter();
        let jobs: Vec<_> = found.map(|job| Claimed { lease: lease(job.id), job, due_at: None }).collect();
        self.holdings.take(&jobs, self.shared.number());
        // What else there is was not looked at: claiming again tells.
        Ok(Claim { jobs, more: true, next_due: None, now })
    }
}

fn moment(value: Option<Value>) -> Result<Timestamp> {
    number(value).map(Timestamp::from_micros)
}

fn number(value: Option<Value>) -> Result<i64> {
    let value = value.ok_or_else(|| damaged("an answer that is too short"))?;
    redis::from_redis_value(value).map_err(|error| damaged(&error.to_string()))
}
