//! Reading jobs and events.

use redis::Value;
use rmpv::Value as Packed;

use super::RedisStorage;
use super::faults::damaged;
use super::history;
use super::record::{Kept, letter, sortable};
use crate::error::{Error, Result};
use crate::model::{Event, Filter, Job, JobId, Page, Status, TagMode, distinct};

/// The most jobs that one step of a search looks at.
const STEP: u32 = 1_000;
/// The most jobs that one call reads.
const READ: usize = 500;

/// Which way a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Newest,
    Oldest,
}

impl RedisStorage {
    pub(super) async fn get_jobs(&self, ids: &[JobId]) -> Result<Vec<Job>> {
        let mut jobs = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(READ) {
            let answer: Vec<Value> = self.call(&self.scripts.get, |call| call.arg(chunk)).await?;
            for kept in kept(answer.into_iter())? {
                jobs.push(kept.job()?);
            }
        }
        Ok(jobs)
    }

    pub(super) async fn find_jobs(&self, filter: &Filter, page: Page) -> Result<Vec<Job>> {
        let wanted = page.offset as usize + page.limit as usize;
        let (packed, mut cursor) = (packed(filter), page.before);
        let mut ids = Vec::new();
        while ids.len() < wanted {
            let (found, next) = self.search(&packed, Direction::Newest, cursor, STEP).await?;
            ids.extend(found);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        ids.truncate(wanted);
        self.get_jobs(ids.get(page.offset as usize..).unwrap_or_default()).await
    }

    pub(super) async fn count_jobs(&self, filter: &Filter, most: u64) -> Result<u64> {
        let packed = packed(filter);
        let known: i64 = self.call(&self.scripts.count, |call| call.arg(&packed)).await?;
        if let Ok(known) = u64::try_from(known) {
            return Ok(known.min(most));
        }
        let (mut count, mut cursor) = (0, None);
        loop {
            let (found, next) = self.search(&packed, Direction::Newest, cursor, STEP).await?;
            count += found.len() as u64;
            cursor = next;
            if cursor.is_none() || count >= most {
                return Ok(count.min(most));
            }
        }
    }

    /// One step: the ids that match, and where the next step goes on.
    pub(super) async fn search(
        &self,
        packed: &[u8],
        direction: Direction,
        cursor: Option<JobId>,
        step: u32,
    ) -> Result<(Vec<JobId>, Option<JobId>)> {
        let cursor = cursor.map(|id| id.to_string()).unwrap_or_default();
        let upwards = i32::from(direction == Direction::Oldest);
        let answer: Vec<String> =
            self.call(&self.scripts.find, |call| call.arg(packed).arg(upwards).arg(cursor).arg(step)).await?;
        let (next, found) = answer.split_first().ok_or_else(|| damaged("a search without an answer"))?;
        let ids = found.iter().map(|id| read_id(id)).collect::<Result<_>>()?;
        Ok((ids, (!next.is_empty()).then(|| read_id(next)).transpose()?))
    }

    pub(super) async fn job_events(&self, job_id: JobId) -> Result<Vec<Event>> {
        let history: Vec<u8> = self.call(&self.scripts.events, |call| call.arg(job_id)).await?;
        history::events(job_id, history)
    }
}

pub(super) fn read_id(text: &str) -> Result<JobId> {
    text.parse().map_err(|_| damaged(&format!("the id {text:?}")))
}

/// What scripts answer of jobs: seven values for each.
pub(super) fn kept(mut values: impl Iterator<Item = Value>) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    while let Some(id) = values.next() {
        let id = redis::from_redis_value(id).map_err(|error| damaged(&error.to_string()))?;
        let mut bytes = || match values.next() {
            Some(Value::BulkString(bytes)) => Some(bytes),
            _ => None,
        };
        let record = bytes().ok_or_else(|| damaged("a job without a record"))?;
        let (payload, output, errors, steps, extras) = (bytes(), bytes(), bytes(), bytes(), bytes());
        all.push(Kept { id, record, payload, output, errors, steps, extras });
    }
    Ok(all)
}

/// A filter as the scripts read it.
pub(super) fn packed(filter: &Filter) -> Vec<u8> {
    let mut map: Vec<(Packed, Packed)> = Vec::new();
    let mut put = |name: &str, value: Packed| map.push((name.into(), value));
    if !filter.statuses.is_empty() {
        let asked = |status: &Status| filter.statuses.contains(status);
        let letters = Status::ALL.into_iter().filter(asked).map(|status| Packed::from(letter(status).to_string()));
        put("statuses", letters.collect::<Vec<_>>().into());
    }
    if !filter.job_types.is_empty() {
        put("types", texts(&distinct(&filter.job_types)));
    }
    if let Some(priority) = filter.priority {
        put("priority", priority.into());
    }
    let run_at = &filter.run_at;
    let bounds = [("gt", run_at.gt), ("gte", run_at.gte), ("lt", run_at.lt), ("lte", run_at.lte), ("eq", run_at.eq)];
    for (name, bound) in bounds {
        if let Some(at) = bound {
            put(name, sortable(at).into());
        }
    }
    if let Some(tags) = &filter.tags {
        let mode = match tags.mode {
            TagMode::Exact => "exact",
            TagMode::All => "all",
            TagMode::Any => "any",
            TagMode::None => "none",
        };
        put("tags", texts(&distinct(&tags.values)));
        put("mode", mode.into());
    }
    if let Some(ids) = &filter.ids {
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids.dedup();
        put("ids", ids.into_iter().map(Packed::from).collect::<Vec<_>>().into());
    }
    pack(Packed::Map(map))
}

pub(super) fn texts(values: &[&str]) -> Packed {
    values.iter().map(|value| Packed::from(*value)).collect::<Vec<_>>().into()
}

/// A value as bytes. Writing to memory cannot fail.
pub(super) fn pack(value: Packed) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _: std::result::Result<(), Error> =
        rmpv::encode::write_value(&mut bytes, &value).map_err(|error| Error::Internal(error.to_string()));
    bytes
}
