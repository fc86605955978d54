//! Schedules.

use std::time::Duration;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::rows::{At, Json, JsonText, Reader, damaged, named, span};
use super::session::Params;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{
    DueSchedule, DueSchedules, Fired, Firing, JobId, Missed, NewJob, NewSchedule, Retry, Schedule, ScheduleId,
    ScheduleQuery, ScheduleStatus, distinct,
};
use crate::storage::{edits, extras};

/// The columns of a schedule, in the order that [`schedule`] reads them, of a `cron_schedules` called `s`.
pub(super) const SCHEDULE_COLUMNS: &str = "s.id, s.next_run_at, s.schedule_name, s.cron_expression, s.timezone, \
    s.allow_overlap, s.missed, s.job_type, s.payload, s.priority, s.max_attempts, s.timeout_ms, \
    s.force_kill_on_timeout, s.tags, s.retry_delay, \
    s.retry_backoff, s.retry_delay_max, s.extras, s.status, s.last_enqueued_at, s.last_job_id, s.created_at, s.updated_at";

/// Before any time that may be stored, in microseconds: the year 1.
const EARLIEST: i64 = -62_135_596_800_000_000;

impl PostgresStorage {
    pub(super) async fn insert_schedule(&self, new: &NewSchedule, next: Timestamp) -> Result<Option<ScheduleId>> {
        let options = Options::of(&new.job);
        let params: Params<'_> = &[
            &new.name,
            &new.expression,
            &new.timezone,
            &new.missed.as_str(),
            &new.allow_overlap,
            &new.job.job_type,
            &Json(&new.job.payload),
            &new.job.priority,
            &new.job.max_attempts,
            &new.job.signed_timeout(),
            &options.tags,
            &options.delay,
            &new.job.retry.backoff,
            &options.delay_max,
            &At(next),
            &options.extras.as_deref().map(|text| Json(text.as_bytes())),
        ];
        let rows = self.tried(&self.statements.add_schedule, params).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        self.announce();
        Reader::new(row, 0).take().map(Some)
    }

    pub(super) async fn update_schedule(&self, schedule: &Schedule) -> Result<bool> {
        let definition = &schedule.definition;
        let options = Options::of(&definition.job);
        let params: Params<'_> = &[
            &schedule.id,
            &At(schedule.updated_at),
            &definition.expression,
            &definition.timezone,
            &schedule.status.as_str(),
            &definition.missed.as_str(),
            &definition.allow_overlap,
            &definition.job.job_type,
            &Json(&definition.job.payload),
            &definition.job.priority,
            &definition.job.max_attempts,
            &definition.job.signed_timeout(),
            &options.tags,
            &options.delay,
            &definition.job.retry.backoff,
            &options.delay_max,
            &schedule.next_run_at.map(At),
            &options.extras.as_deref().map(|text| Json(text.as_bytes())),
        ];
        let changed = !self.tried(&self.statements.replace_schedule, params).await?.is_empty();
        if changed {
            self.announce();
        }
        Ok(changed)
    }

    pub(super) async fn delete_schedule(&self, id: ScheduleId) -> Result<bool> {
        Ok(!self.tried(&self.statements.remove_schedule, &[&id]).await?.is_empty())
    }

    pub(super) async fn read_schedules(&self, query: &ScheduleQuery) -> Result<Vec<Schedule>> {
        let session = self.session().await?;
        let rows = match query {
            ScheduleQuery::Id(id) => session.query(&self.statements.schedule_by_id, &[id]).await?,
            ScheduleQuery::Name(name) => session.query(&self.statements.schedule_by_name, &[name]).await?,
            ScheduleQuery::Page { status, after, limit } => {
                let status = status.map(ScheduleStatus::as_str);
                session.query(&self.statements.schedule_page, &[after, &status, &i64::from(*limit)]).await?
            }
        };
        rows.iter().map(|row| schedule(row, 0)).collect()
    }

    pub(super) async fn schedules_due(
        &self,
        after: Option<(Timestamp, ScheduleId)>,
        limit: u32,
    ) -> Result<DueSchedules> {
        let (tick, id) = after.unwrap_or((Timestamp::from_micros(EARLIEST), 0));
        let params: Params<'_> = &[&At(tick), &id, &i64::from(limit)];
        let rows = self.session().await?.query(&self.statements.due_schedules, params).await?;
        let first = rows.first().ok_or_else(|| damaged("a look at schedules without an answer"))?;
        let mut reader = Reader::new(first, 0);
        let (now, next) = (reader.take::<At>()?.0, reader.time()?);
        let mut due = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut reader = Reader::new(row, 2);
            if let Some(id) = reader.take::<Option<ScheduleId>>()? {
                due.push(DueSchedule { id, at: reader.take::<At>()?.0, schedule: schedule(row, 2) });
            }
        }
        Ok(DueSchedules { now, next, due })
    }

    pub(super) async fn fire_schedule(&self, firing: &Firing) -> Result<Fired> {
        let read = &firing.schedule;
        let ticks: Vec<_> = firing.ticks.iter().copied().map(At).collect();
        let origin = edits::scheduled(&read.definition.name);
        let params: Params<'_> = &[
            &read.id,
            &At(read.updated_at),
            &read.next_run_at.map(At),
            &ticks,
            &firing.next_run_at.map(At),
            &Json(origin.as_bytes()),
        ];
        let rows = self.tried(&self.statements.fire, params).await?;
        let Some(row) = rows.first() else { return Ok(Fired::Stale) };
        let mut reader = Reader::new(row, 0);
        let updated_at = reader.take::<At>()?.0;
        let jobs = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        if !jobs.is_empty() {
            self.bounds.reset();
            self.announce();
        }
        Ok(Fired::Moved { jobs, updated_at })
    }
}

/// What of a job's options is sent in another form.
struct Options<'a> {
    tags: Option<Vec<&'a str>>,
    delay: Option<f64>,
    delay_max: Option<f64>,
    extras: Option<String>,
}

impl<'a> Options<'a> {
    fn of(job: &'a NewJob) -> Self {
        let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64());
        let tags = Some(distinct(&job.tags)).filter(|tags| !tags.is_empty());
        let extras = job.extras.as_deref().map(|some| extras::to_json(some).to_string());
        Self { tags, delay: seconds(job.retry.delay), delay_max: seconds(job.retry.delay_max), extras }
    }
}

/// Reads a schedule from the columns of [`SCHEDULE_COLUMNS`], the first of which is `first`.
fn schedule(row: &Row, first: usize) -> Result<Schedule> {
    let mut r = Reader::new(row, first);
    let (id, next_run_at) = (r.take()?, r.time()?);
    let definition = NewSchedule {
        name: r.take()?,
        expression: r.take()?,
        timezone: r.take()?,
        allow_overlap: r.take()?,
        missed: named(r.take()?, "missed", Missed::parse)?,
        job: NewJob {
            job_type: r.take()?,
            payload: r.take::<JsonText>()?.0,
            priority: r.take()?,
            run_at: None,
            max_attempts: r.take()?,
            timeout_ms: r.take()?,
            force_kill_on_timeout: r.take()?,
            tags: r.take::<Option<_>>()?.unwrap_or_default(),
            idempotency_key: None,
            retry: Retry { delay: span(r.take()?), backoff: r.take()?, delay_max: span(r.take()?) },
            extras: r.take::<Option<JsonText>>()?.and_then(|text| extras::from_json(&text.0).boxed()),
        },
    };
    Ok(Schedule {
        id,
        definition,
        status: named(r.take()?, "status", ScheduleStatus::parse)?,
        next_run_at,
        last_enqueued_at: r.time()?,
        last_job_id: r.take()?,
        created_at: r.take::<At>()?.0,
        updated_at: r.take::<At>()?.0,
    })
}
