//! What the fleet did, for charts.

use async_trait::async_trait;
use redis::Value;

use super::RedisStorage;
use super::faults::damaged;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{Step, Tally, Traffic, TrafficQuery, TrafficRows, Worker};
use crate::storage::TrafficStore;

#[async_trait]
impl TrafficStore for RedisStorage {
    async fn record_traffic(&self, worker: &Worker, number: i64, traffic: &[Traffic]) -> Result<()> {
        let registered: i64 = self
            .call(&self.scripts.record_traffic, |call| {
                call.arg(worker.id).arg(number);
                for one in traffic {
                    let numbers: Vec<_> = one.tally.numbers().iter().map(u64::to_string).collect();
                    call.arg(&one.job_type).arg(numbers.join(" "));
                }
                call
            })
            .await?;
        if registered == 0 { Err(Error::WorkerLost { worker: worker.id }) } else { Ok(()) }
    }

    async fn traffic(&self, query: &TrafficQuery) -> Result<TrafficRows> {
        let job_type = query.job_type.as_deref();
        let answer: Vec<Value> = self
            .call(&self.scripts.traffic, |call| {
                call.arg(query.step.seconds())
                    .arg(query.span.as_secs())
                    .arg(i32::from(job_type.is_some()))
                    .arg(job_type.unwrap_or_default())
                    .arg(query.limit)
            })
            .await?;
        let mut texts = answer.into_iter().map(|value| {
            redis::from_redis_value::<String>(value).map_err(|error| damaged(&format!("traffic: {error}")))
        });
        let now = texts.next().unwrap_or_else(|| Err(damaged("traffic without a time")))?;
        let now = now.parse().map_err(|_| damaged("the time of traffic"))?;
        let mut found = TrafficRows { now: Timestamp::from_micros(now), rows: Vec::new() };
        while let (Some(name), Some(numbers)) = (texts.next(), texts.next()) {
            found.rows.push(row(&name?, &numbers?).ok_or_else(|| damaged("a row of traffic"))?);
        }
        Ok(found)
    }

    async fn prune_traffic(&self, step: Step, limit: u32) -> Result<u64> {
        let kept = step.kept().as_secs();
        self.call(&self.scripts.prune_traffic, |call| call.arg(step.seconds()).arg(kept).arg(limit)).await
    }
}

fn row(name: &str, numbers: &str) -> Option<(Timestamp, Traffic)> {
    let (_, rest) = name.split_once(':')?;
    let (start, job_type) = rest.split_once(':')?;
    let at = Timestamp::from_micros(start.parse::<i64>().ok()?.checked_mul(1_000_000)?);
    let numbers: Vec<u64> = numbers.split(' ').map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
    Some((at, Traffic { job_type: job_type.to_owned(), tally: Tally::of(&numbers) }))
}
