//! What the fleet did, for charts.

use async_trait::async_trait;
use rusqlite::OptionalExtension;

use super::SqliteStorage;
use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::error::{Backend, Error, Result};
use crate::model::{Step, Tally, Traffic, TrafficQuery, TrafficRows, Worker};
use crate::storage::TrafficStore;

#[async_trait]
impl TrafficStore for SqliteStorage {
    async fn record_traffic(&self, worker: &Worker, number: i64, traffic: &[Traffic]) -> Result<()> {
        let (worker, traffic) = (worker.id, traffic.to_vec());
        // Charts need not wait for the disk: a crash of the machine costs them a few seconds.
        self.write_fleeting(move |session| {
            let told = session.with(sql::TRAFFIC_TOLD, |told| {
                Ok(told.query_row([worker], |row| row.get::<_, i64>(0)).optional()?)
            })?;
            if told.ok_or(Error::WorkerLost { worker })? >= number {
                return Ok(());
            }
            session.run(sql::TELL_TRAFFIC, (worker, number))?;
            Step::ALL.into_iter().try_for_each(|step| traffic.iter().try_for_each(|one| add(session, step, one)))
        })
        .await
    }

    async fn traffic(&self, query: &TrafficQuery) -> Result<TrafficRows> {
        let query = query.clone();
        self.read(move |session| {
            let after = session.now.minus(query.span).minus(query.step.span()).as_micros();
            let mut statement = session.conn.prepare_cached(sql::TRAFFIC)?;
            let mut rows = statement.query((query.step.seconds(), after, &query.job_type, query.limit))?;
            let mut found = TrafficRows { now: session.now, rows: Vec::new() };
            while let Some(row) = rows.next()? {
                let (at, tally) = (Timestamp::from_micros(row.get(0)?), tally(&row.get::<_, String>(2)?)?);
                found.rows.push((at, Traffic { job_type: row.get(1)?, tally }));
            }
            Ok(found)
        })
        .await
    }

    async fn prune_traffic(&self, step: Step, limit: u32) -> Result<u64> {
        self.write(move |session| {
            let before = session.now.minus(step.kept()).as_micros();
            Ok(session.run(sql::PRUNE_TRAFFIC, (step.seconds(), before, limit))? as u64)
        })
        .await
    }
}

fn add(session: &Session<'_>, step: Step, one: &Traffic) -> Outcome<()> {
    let row = (step.seconds(), step.begin(session.now).as_micros(), &one.job_type);
    let kept = session
        .with(sql::TRAFFIC_ROW, |kept| Ok(kept.query_row(row, |found| found.get::<_, String>(0)).optional()?))?;
    let mut sum = kept.map(|kept| tally(&kept)).transpose()?.unwrap_or_default();
    sum.add(&one.tally);
    let numbers = serde_json::json!(sum.numbers().as_slice()).to_string();
    session.run(sql::KEEP_TRAFFIC, (row.0, row.1, row.2, numbers))?;
    Ok(())
}

fn tally(numbers: &str) -> Result<Tally> {
    let numbers: Vec<u64> = serde_json::from_str(numbers).map_err(|error| Error::Storage {
        backend: Backend::Sqlite,
        message: format!("a stored row cannot be read: the numbers of its traffic: {error}"),
    })?;
    Ok(Tally::of(&numbers))
}
