//! What the fleet did, for charts.

use async_trait::async_trait;

use super::PostgresStorage;
use super::rows::{At, Reader, damaged};
use super::session::{Params, Tries};
use crate::error::{Error, Result};
use crate::model::{NUMBERS, Step, Tally, Traffic, TrafficQuery, TrafficRows, Worker};
use crate::storage::TrafficStore;

#[async_trait]
impl TrafficStore for PostgresStorage {
    async fn record_traffic(&self, worker: &Worker, number: i64, traffic: &[Traffic]) -> Result<()> {
        let types: Vec<_> = traffic.iter().map(|one| one.job_type.as_str()).collect();
        let numbers: Vec<_> = traffic.iter().flat_map(|one| one.tally.numbers()).map(signed).collect();
        let of_each = i32::try_from(NUMBERS).unwrap_or(i32::MAX);
        let params: Params<'_> = &[&worker.id, &number, &types, &numbers, &of_each];
        let session = self.session().await?;
        let mut tries = Tries::default();
        let rows = loop {
            match session.query(&self.statements.record_traffic, params).await {
                Err(fault) if tries.again(&fault).await => {}
                rows => break rows?,
            }
        };
        let row = rows.first().ok_or_else(|| damaged("traffic without an answer"))?;
        if Reader::new(row, 0).take::<bool>()? { Ok(()) } else { Err(Error::WorkerLost { worker: worker.id }) }
    }

    async fn traffic(&self, query: &TrafficQuery) -> Result<TrafficRows> {
        let (step, span, limit) = (seconds(query.step), query.span.as_secs_f64(), i64::from(query.limit));
        let params: Params<'_> = &[&step, &span, &query.job_type, &limit];
        let rows = self.session().await?.query(&self.statements.traffic, params).await?;
        let mut found = TrafficRows::default();
        for row in &rows {
            let mut reader = Reader::new(row, 0);
            found.now = reader.take::<At>()?.0;
            let Some(at) = reader.time()? else { continue };
            let (job_type, numbers) = (reader.take()?, reader.take::<Vec<i64>>()?);
            let numbers: Vec<_> = numbers.into_iter().map(i64::unsigned_abs).collect();
            found.rows.push((at, Traffic { job_type, tally: Tally::of(&numbers) }));
        }
        Ok(found)
    }

    async fn prune_traffic(&self, step: Step, limit: u32) -> Result<u64> {
        let (length, kept, limit) = (seconds(step), step.kept().as_secs_f64(), i64::from(limit));
        let params: Params<'_> = &[&length, &kept, &limit];
        let rows = self.session().await?.query(&self.statements.prune_traffic, params).await?;
        let row = rows.first().ok_or_else(|| damaged("a cleaning without an answer"))?;
        Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
    }
}

fn seconds(step: Step) -> i32 {
    i32::try_from(step.seconds()).unwrap_or(i32::MAX)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
