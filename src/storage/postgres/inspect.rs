//! The store at a glance, its workers, its limits and its tokens, for those who look at it.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio_postgres::Row;

use super::PostgresStorage;
use super::faults::Attempt;
use super::filter::Selection;
use super::rows::{At, Reader, damaged, token};
use super::session::{Params, Session};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{
    Count, CountKind, Filter, Fleet, GroupRecord, Overview, Profile, RateState, Status, Token, TokenQuery, TokenStatus,
    TypeLimit, WorkerId, WorkerRecord,
};
use crate::storage::inspection::{Depth, Glance, MOST_RUNNING, SHOWN_JOBS, SHOWN_TYPES, TYPES, missing_token};

/// Later than any token was made.
const BEFORE_NONE: Timestamp = Timestamp::from_micros(253_402_300_799_000_000);

impl PostgresStorage {
    pub(super) async fn look_over(&self, most: u32, most_of_type: u32) -> Result<Overview> {
        let session = self.session().await?;
        let mut counts = self.tally(&session, most).await?;
        let (types, shown) = (i64::from(TYPES), i64::from(SHOWN_TYPES));
        let depths: Params<'_> = &[&i64::from(most_of_type), &types, &shown];
        let asked =
            [(&self.statements.overview, depths), (&self.statements.fleet, &[]), (&self.statements.paused, &[])];
        let answers = session.pipeline(&asked).await?.into_iter().collect::<Attempt<Vec<_>>>()?;
        let [depths, fleet, paused] = answers.as_slice() else { return Err(damaged("an overview without an answer")) };
        let (fleet, jobs) = read_fleet(fleet)?;
        estimate(&mut counts, jobs);
        let mut glance = read_depths(depths, most_of_type)?;
        (glance.counts, glance.fleet, glance.paused) = (counts, fleet, super::flow::scopes(paused)?);
        Ok(glance.overview())
    }

    /// How many jobs were looked at, of no more than `most`, and how many of them match.
    pub(super) async fn tally_of(&self, session: &Session, filter: &Filter, most: u64) -> Result<(u64, u64)> {
        let (sql, types, params) = Selection::tally(&self.names, filter, most);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = session.query_once(&sql, &types, &params).await?;
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a count without an answer"))?, 0);
        Ok((reader.take::<i64>()?.unsigned_abs(), reader.take::<i64>()?.unsigned_abs()))
    }

    async fn tally(&self, session: &Session, most: u32) -> Result<Vec<(Status, Count)>> {
        let tallied = Status::ALL.map(async |status| {
            let filter = Filter { statuses: vec![status], ..Filter::default() };
            let (looked_at, matched) = self.tally_of(session, &filter, u64::from(most) + 1).await?;
            Ok((status, Count::of(most, looked_at, matched)))
        });
        join_all(tallied).await.into_iter().collect()
    }

    pub(super) async fn read_workers(&self, after: WorkerId, limit: u32) -> Result<Vec<WorkerRecord>> {
        let params: Params<'_> = &[&after, &i64::from(limit), &i64::from(MOST_RUNNING + 1)];
        let rows = self.session().await?.query(&self.statements.workers, params).await?;
        rows.iter().map(read_worker).collect()
    }

    pub(super) async fn ask_to_drain(&self, id: WorkerId) -> Result<bool> {
        let rows = self.tried(&self.statements.drain_worker, &[&id]).await?;
        let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
        let asked = Reader::new(row, 0).take::<i64>()? > 0;
        if asked {
            self.hub.ask();
        }
        Ok(asked)
    }

    pub(super) async fn read_groups(&self, after: &str, limit: u32, most: u32) -> Result<Vec<GroupRecord>> {
        let params: Params<'_> = &[&after, &i64::from(limit), &i64::from(most)];
        let rows = self.session().await?.query(&self.statements.groups, params).await?;
        let read = |row: &Row| {
            let mut r = Reader::new(row, 0);
            Ok(GroupRecord {
                id: r.take()?,
                running: number(r.take::<i32>()?),
                most: r.take::<Option<i32>>()?.map(i32::unsigned_abs),
                is_paused: r.take()?,
                opens_at: r.time()?,
                rate: rate(&mut r)?,
                in_line: Count::up_to(most, r.take::<i64>()?.unsigned_abs()),
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn read_type_limits(&self) -> Result<Vec<TypeLimit>> {
        let rows = self.session().await?.query(&self.statements.type_limits, &[]).await?;
        let read = |row: &Row| {
            let mut r = Reader::new(row, 0);
            Ok(TypeLimit {
                job_type: r.take()?,
                running: number(r.take::<i32>()?),
                max_running: r.take::<Option<i32>>()?.map(i32::unsigned_abs),
                is_paused: r.take()?,
                rate: rate(&mut r)?,
                held_until: r.time()?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn read_tokens(&self, query: &TokenQuery) -> Result<Vec<Token>> {
        let (made_at, id) = match &query.after {
            None => (BEFORE_NONE, ""),
            Some(id) => (self.find_token(id).await?.ok_or_else(|| missing_token(id))?.created_at, id.as_str()),
        };
        let waits = query.status == Some(TokenStatus::Waiting);
        let asked = |status: &TokenStatus| query.status.is_none_or(|wanted| wanted == *status);
        let statuses: Vec<_> = TokenStatus::ALL.into_iter().filter(asked).map(TokenStatus::as_str).collect();
        let params: Params<'_> = &[&statuses, &At(made_at), &id, &waits, &i64::from(query.limit)];
        let rows = self.session().await?.query(&self.statements.tokens, params).await?;
        rows.iter().map(token).collect()
    }
}

/// Of completed jobs, of which no index knows: all that there are, less the others.
fn estimate(counts: &mut [(Status, Count)], jobs: f64) {
    let of = |wanted: fn(Status) -> bool| move |(status, _): &&(Status, Count)| wanted(*status);
    let others: u64 =
        counts.iter().filter(of(|status| status != Status::Completed)).map(|(_, count)| count.value).sum();
    for (_, count) in counts.iter_mut().filter(|(status, _)| *status == Status::Completed) {
        if count.kind == CountKind::AtLeast && jobs > 0.0 {
            let left = (jobs as u64).saturating_sub(others);
            *count = Count { value: left.max(count.value), kind: CountKind::Estimate };
        }
    }
}

fn read_depths(rows: &[Row], most: u32) -> Result<Glance> {
    let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("an overview without an answer"))?, 0);
    let now = reader.take::<At>()?.0;
    let types = reader.take::<i64>()?;
    let mut glance = Glance { now, types: types.unsigned_abs(), ..Glance::default() };
    (glance.oldest_due_at, glance.next_due_at) = (reader.time()?, reader.time()?);
    for row in rows {
        let mut r = Reader::new(row, 4);
        let Some(job_type) = r.take::<Option<String>>()? else { break };
        let oldest_due_at = r.time()?;
        let mut count = || Ok::<_, crate::Error>(Count::up_to(most, r.take::<i64>()?.unsigned_abs()));
        glance.depths.push(Depth { job_type, oldest_due_at, ready: count()?, scheduled: count()? });
    }
    Ok(glance)
}

/// The living workers, and how many jobs there are by the statistics.
fn read_fleet(rows: &[Row]) -> Result<(Fleet, f64)> {
    let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a fleet without an answer"))?, 0);
    let (workers, any) = (reader.take::<i64>()?.unsigned_abs(), reader.take()?);
    let types: BTreeSet<_> = reader.take::<Option<Vec<String>>>()?.unwrap_or_default().into_iter().collect();
    Ok((Fleet { workers, any, types }, reader.take::<Option<f64>>()?.unwrap_or_default()))
}

fn read_worker(row: &Row) -> Result<WorkerRecord> {
    let mut r = Reader::new(row, 0);
    let id = r.take()?;
    let profile = Profile {
        name: r.take()?,
        host: r.take()?,
        pid: r.take()?,
        version: r.take()?,
        concurrency: r.take()?,
        job_types: r.take()?,
    };
    let (started_at, renewed_at, lease_expires_at) = (r.time()?, r.take::<At>()?.0, r.take::<At>()?.0);
    let (is_alive, is_draining) = (r.take()?, r.take()?);
    let mut job_ids = r.take::<Option<Vec<_>>>()?.unwrap_or_default();
    let running = Count::up_to(MOST_RUNNING, job_ids.len() as u64);
    job_ids.truncate(SHOWN_JOBS);
    Ok(WorkerRecord { id, profile, started_at, renewed_at, lease_expires_at, is_alive, is_draining, running, job_ids })
}

/// Three columns: how many may start, within how many seconds, and how many did.
fn rate(r: &mut Reader<'_>) -> Result<Option<RateState>> {
    let (most, per, spent) = (r.take::<Option<i32>>()?, r.take::<Option<f64>>()?, r.take::<Option<i64>>()?);
    Ok(most.zip(per).map(|(most, per)| RateState {
        most: most.unsigned_abs(),
        per,
        spent: spent.unwrap_or_default().unsigned_abs(),
    }))
}

fn number(value: i32) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
