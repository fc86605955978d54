//! Schedules, kept as `MessagePack` arrays whose first members the scripts know.

use std::time::Duration;

use redis::Value;
use rmpv::{Value as Packed, ValueRef};

use super::RedisStorage;
use super::extras;
use super::faults::damaged;
use super::find::{pack, read_id, texts};
use super::record::{Members, encode_new, encode_tags, from_sortable, sortable};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{
    DueSchedule, DueSchedules, Fired, Firing, Missed, NewJob, NewSchedule, Retry, Schedule, ScheduleId, ScheduleQuery,
    ScheduleStatus, distinct,
};
use crate::storage::{edits, extras as kept};

impl RedisStorage {
    pub(super) async fn insert_schedule(&self, new: &NewSchedule, next: Timestamp) -> Result<Option<ScheduleId>> {
        let record = encode(new, ScheduleStatus::Active, Some(next))?;
        let id: i64 = self.call(&self.scripts.add_schedule, |call| call.arg(&new.name).arg(record)).await?;
        if id > 0 {
            self.hub.bump();
        }
        Ok((id > 0).then_some(id))
    }

    pub(super) async fn update_schedule(&self, schedule: &Schedule) -> Result<bool> {
        let record = encode(&schedule.definition, schedule.status, schedule.next_run_at)?;
        let seen = schedule.updated_at.as_micros();
        let changed: i64 =
            self.call(&self.scripts.replace_schedule, |call| call.arg(schedule.id).arg(seen).arg(record)).await?;
        if changed > 0 {
            self.hub.bump();
        }
        Ok(changed > 0)
    }

    pub(super) async fn delete_schedule(&self, id: ScheduleId) -> Result<bool> {
        let removed: i64 = self.call(&self.scripts.remove_schedule, |call| call.arg(id)).await?;
        Ok(removed > 0)
    }

    pub(super) async fn read_schedules(&self, query: &ScheduleQuery) -> Result<Vec<Schedule>> {
        let answer: Vec<Value> = self
            .call(&self.scripts.schedules, |call| match query {
                ScheduleQuery::Id(id) => call.arg(id).arg("").arg("").arg("").arg(""),
                ScheduleQuery::Name(name) => call.arg("").arg(name).arg("").arg("").arg(""),
                ScheduleQuery::Page { status, after, limit } => {
                    call.arg("").arg("").arg(status.map_or("", ScheduleStatus::as_str)).arg(after).arg(limit)
                }
            })
            .await?;
        let mut values = answer.into_iter();
        let mut schedules = Vec::new();
        while let (Some(id), Some(record)) = (values.next(), values.next()) {
            schedules.push(decode(read_id(&text(id)?)?, &bytes(record)?)?);
        }
        Ok(schedules)
    }

    pub(super) async fn schedules_due(
        &self,
        after: Option<(Timestamp, ScheduleId)>,
        limit: u32,
    ) -> Result<DueSchedules> {
        let behind = after.map(|(tick, id)| format!("{}{id:016}", sortable(tick))).unwrap_or_default();
        let answer: Vec<Value> = self.call(&self.scripts.due_schedules, |call| call.arg(behind).arg(limit)).await?;
        let mut values = answer.into_iter();
        let (Some(now), Some(next)) = (values.next(), values.next()) else {
            return Err(damaged("a look at schedules without an answer"));
        };
        let (now, next) = (from_sortable(&text(now)?)?, text(next)?);
        let next = if next.is_empty() { None } else { Some(from_sortable(&next)?) };
        let mut due = Vec::new();
        while let (Some(id), Some(tick), Some(record)) = (values.next(), values.next(), values.next()) {
            let (id, at) = (read_id(&text(id)?)?, from_sortable(&text(tick)?)?);
            due.push(DueSchedule { id, at, schedule: bytes(record).and_then(|record| decode(id, &record)) });
        }
        Ok(DueSchedules { now, next, due })
    }

    pub(super) async fn fire_schedule(&self, firing: &Firing) -> Result<Fired> {
        let (read, job) = (&firing.schedule, &firing.schedule.definition.job);
        let tags = distinct(&job.tags);
        let answer: Vec<i64> = self
            .call(&self.scripts.fire, |call| {
                call.arg(read.id)
                    .arg(read.updated_at.as_micros())
                    .arg(read.next_run_at.map(sortable).unwrap_or_default())
                    .arg(firing.next_run_at.map(sortable).unwrap_or_default())
                    .arg(edits::scheduled(&read.definition.name))
                    .arg(&job.job_type)
                    .arg(encode_new(job, &tags))
                    .arg(&job.payload[..])
                    .arg(encode_tags(&tags))
                    .arg(extras::encode(job.extras.as_deref()))
                    .arg(firing.ticks.iter().copied().map(sortable).collect::<Vec<_>>())
            })
            .await?;
        let [fired, updated_at, jobs @ ..] = answer.as_slice() else {
            return Err(damaged("a firing without an answer"));
        };
        if *fired == 0 {
            return Ok(Fired::Stale);
        }
        if !jobs.is_empty() {
            self.hub.bump();
        }
        Ok(Fired::Moved { jobs: jobs.to_vec(), updated_at: Timestamp::from_micros(*updated_at) })
    }
}

/// A record; what only the scripts know is left open.
fn encode(schedule: &NewSchedule, status: ScheduleStatus, next: Option<Timestamp>) -> Result<Vec<u8>> {
    let none = || Packed::from(false);
    let seconds = |span: Option<Duration>| span.map_or_else(none, |span| span.as_secs_f64().into());
    let (job, tags) = (&schedule.job, distinct(&schedule.job.tags));
    let payload =
        str::from_utf8(&job.payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?;
    Ok(pack(Packed::Array(vec![
        schedule.name.as_str().into(),
        status.as_str().into(),
        i64::from(schedule.allow_overlap).into(),
        next.map_or_else(none, |next| sortable(next).into()),
        none(),
        none(),
        none(),
        none(),
        schedule.expression.as_str().into(),
        schedule.timezone.as_str().into(),
        schedule.missed.as_str().into(),
        job.job_type.as_str().into(),
        payload.into(),
        job.priority.into(),
        job.max_attempts.into(),
        job.signed_timeout().map_or_else(none, Packed::from),
        if tags.is_empty() { none() } else { texts(&tags) },
        seconds(job.retry.delay),
        job.retry.backoff.map_or_else(none, |flag| i64::from(flag).into()),
        seconds(job.retry.delay_max),
        job.extras.as_deref().map_or_else(none, |some| kept::to_json(some).to_string().into()),
    ])))
}

fn decode(id: ScheduleId, mut record: &[u8]) -> Result<Schedule> {
    let value = rmpv::decode::read_value_ref(&mut record)
        .map_err(|error| damaged(&format!("the record of schedule {id}: {error}")))?;
    let ValueRef::Array(members) = value else { return Err(damaged("a schedule that is not an array")) };
    let mut take = Members(members.into_iter());
    let name = take.text()?.unwrap_or_default();
    let status = named(&mut take, ScheduleStatus::parse)?;
    let allow_overlap = take.number()?.unwrap_or_default() != 0;
    let (next_run_at, last_enqueued_at, last_job_id) = (take.sortable()?, take.time()?, take.number()?);
    let (created_at, updated_at) = (take.time()?.unwrap_or_default(), take.time()?.unwrap_or_default());
    let mut force_kill_on_timeout = false;
    let definition = NewSchedule {
        name,
        expression: take.text()?.unwrap_or_default(),
        timezone: take.text()?.unwrap_or_default(),
        allow_overlap,
        missed: named(&mut take, Missed::parse)?,
        job: NewJob {
            job_type: take.text()?.unwrap_or_default(),
            payload: take.bytes()?.unwrap_or_else(|| b"null".to_vec()).into(),
            priority: take.small()?.unwrap_or_default(),
            run_at: None,
            max_attempts: take.small()?.unwrap_or_default(),
            timeout_ms: take.timeout(&mut force_kill_on_timeout)?,
            force_kill_on_timeout,
            tags: take.texts()?,
            idempotency_key: None,
            retry: Retry {
                delay: take.seconds()?,
                backoff: take.small()?.map(|flag| flag != 0),
                delay_max: take.seconds()?,
            },
            extras: take.text()?.and_then(|text| kept::from_json(text.as_bytes()).boxed()),
        },
    };
    Ok(Schedule { id, definition, status, next_run_at, last_enqueued_at, last_job_id, created_at, updated_at })
}

fn named<T>(take: &mut Members<'_>, parse: fn(&str) -> Option<T>) -> Result<T> {
    let name = take.text()?.unwrap_or_default();
    parse(&name).ok_or_else(|| damaged(&format!("{name:?} in a schedule")))
}

fn bytes(value: Value) -> Result<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        other => Err(damaged(&format!("{other:?} in the place of a text"))),
    }
}

fn text(value: Value) -> Result<String> {
    String::from_utf8(bytes(value)?).map_err(|_| damaged("a text that is not UTF-8"))
}
