//! Reading rows into the model.

use std::time::Duration;

use bytes::Bytes;
use rusqlite::types::{FromSql, FromSqlError, Type, ValueRef};
use rusqlite::{Error as SqlError, Result as SqlResult, Row};

use crate::clock::Timestamp;
use crate::model::{
    Event, EventKind, FailureReason, Job, Missed, NewJob, NewSchedule, Retry, Schedule, ScheduleStatus, Status, Token,
    TokenStatus,
};
use crate::storage::extras;

/// Reads columns from left to right.
struct Reader<'r, 's> {
    row: &'r Row<'s>,
    at: usize,
}

impl Reader<'_, '_> {
    fn next<T: FromSql>(&mut self) -> SqlResult<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }

    fn time(&mut self) -> SqlResult<Option<Timestamp>> {
        Ok(self.next::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    fn instant(&mut self) -> SqlResult<Timestamp> {
        Ok(Timestamp::from_micros(self.next()?))
    }

    fn span(&mut self) -> SqlResult<Option<Duration>> {
        Ok(self.next::<Option<f64>>()?.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }

    fn bytes(&mut self) -> SqlResult<Option<Bytes>> {
        self.at += 1;
        match self.row.get_ref(self.at - 1)? {
            ValueRef::Null => Ok(None),
            value => Ok(Some(Bytes::copy_from_slice(value.as_bytes()?))),
        }
    }

    fn name<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> SqlResult<T> {
        self.at += 1;
        name(self.row, self.at - 1, parse)
    }

    fn list<T>(&mut self, read: impl Fn(serde_json::Value) -> Option<T>) -> SqlResult<Vec<T>> {
        self.at += 1;
        let text = self.row.get_ref(self.at - 1)?.as_bytes()?;
        if text == b"[]" {
            return Ok(Vec::new());
        }
        let values: Vec<serde_json::Value> = serde_json::from_slice(text)
            .map_err(|error| SqlError::FromSqlConversionFailure(self.at - 1, Type::Text, Box::new(error)))?;
        Ok(values.into_iter().filter_map(read).collect())
    }
}

fn name<T>(row: &Row<'_>, at: usize, parse: impl Fn(&str) -> Option<T>) -> SqlResult<T> {
    parse(row.get_ref(at)?.as_str()?)
        .ok_or_else(|| SqlError::FromSqlConversionFailure(at, Type::Text, Box::new(FromSqlError::InvalidType)))
}

fn text(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    }
}

/// The tags of a job, from their JSON text.
pub(super) fn tags(row: &Row<'_>, at: usize) -> SqlResult<Vec<String>> {
    Reader { row, at }.list(text)
}

/// A status.
pub(super) fn status(row: &Row<'_>, at: usize) -> SqlResult<Status> {
    name(row, at, Status::parse)
}

/// A job, from the columns of `columns.sql`.
pub(super) fn job(row: &Row<'_>) -> SqlResult<Job> {
    let mut columns = Reader { row, at: 0 };
    let c = &mut columns;
    let mut job = Job {
        id: c.next()?,
        job_type: c.next()?,
        status: c.name(Status::parse)?,
        priority: c.next()?,
        attempts: c.next()?,
        max_attempts: c.next()?,
        created_at: c.instant()?,
        updated_at: c.instant()?,
        run_at: c.instant()?,
        locked_at: c.time()?,
        locked_by: c.next()?,
        started_at: c.time()?,
        completed_at: c.time()?,
        next_attempt_at: c.time()?,
        last_retried_at: c.time()?,
        last_failed_at: c.time()?,
        last_cancelled_at: c.time()?,
        pending_reason: c.next()?,
        failure_reason: c.next::<Option<String>>()?.and_then(|name| FailureReason::parse(&name)),
        timeout_ms: c.next()?,
        idempotency_key: c.next()?,
        progress: c.next()?,
        retry: Retry { delay: c.span()?, backoff: c.next()?, delay_max: c.span()? },
        wait_until: c.time()?,
        wait_token_id: c.next()?,
        group_id: c.next()?,
        group_tier: c.next()?,
        dead_letter_job_type: c.next()?,
        dead_lettered_at: c.time()?,
        dead_letter_job_id: c.next()?,
        depends_on_job_ids: c.list(|value| value.as_i64())?,
        depends_on_tags: c.list(text)?,
        force_kill_on_timeout: c.next()?,
        cancel_requested_at: c.time()?,
        cancel_reason: c.next()?,
        crashes: c.next()?,
        tags: c.list(text)?,
        payload: c.bytes()?.unwrap_or_default(),
        output: c.bytes()?,
        error_history: c.bytes()?.unwrap_or_else(|| Bytes::from_static(b"[]")),
        step_data: c.bytes()?.unwrap_or_else(|| Bytes::from_static(b"{}")),
        expires_at: c.time()?,
        keep_result_for: None,
        traceparent: None,
        dead_letter_of: None,
    };
    if let Some(text) = c.bytes()? {
        let kept = extras::from_kept(&serde_json::from_slice(&text).unwrap_or_default());
        (job.keep_result_for, job.traceparent) = (kept.keep_result_for, kept.traceparent);
        job.dead_letter_of = kept.dead_letter_of;
    }
    Ok(job)
}

/// An event, from the columns of `events.sql`.
pub(super) fn event(row: &Row<'_>) -> SqlResult<Event> {
    let mut columns = Reader { row, at: 0 };
    let c = &mut columns;
    Ok(Event {
        id: c.next()?,
        job_id: c.next()?,
        kind: c.name(EventKind::parse)?,
        created_at: c.instant()?,
        metadata: c.bytes()?,
    })
}

/// A schedule, from the columns of `schedule_columns.sql`.
pub(super) fn schedule(row: &Row<'_>) -> SqlResult<Schedule> {
    let mut columns = Reader { row, at: 0 };
    let c = &mut columns;
    let (id, name, expression, timezone) = (c.next()?, c.next()?, c.next()?, c.next()?);
    let (status, missed, allow_overlap) = (c.name(ScheduleStatus::parse)?, c.name(Missed::parse)?, c.next()?);
    let job = NewJob {
        job_type: c.next()?,
        priority: c.next()?,
        run_at: None,
        max_attempts: c.next()?,
        timeout_ms: c.next()?,
        force_kill_on_timeout: c.next()?,
        retry: Retry { delay: c.span()?, backoff: c.next()?, delay_max: c.span()? },
        tags: c.list(text)?,
        idempotency_key: None,
        payload: c.bytes()?.unwrap_or_default(),
        extras: c.bytes()?.and_then(|text| extras::from_json(&text).boxed()),
    };
    Ok(Schedule {
        id,
        definition: NewSchedule { name, expression, timezone, allow_overlap, missed, job },
        status,
        next_run_at: c.time()?,
        last_enqueued_at: c.time()?,
        last_job_id: c.next()?,
        created_at: c.instant()?,
        updated_at: c.instant()?,
    })
}

/// Reads a token, its status as it was written down.
pub(super) fn token(row: &Row<'_>) -> SqlResult<Token> {
    let mut r = Reader { row, at: 0 };
    Ok(Token {
        id: r.next()?,
        job_id: r.next()?,
        status: r.name(TokenStatus::parse)?,
        output: r.bytes()?,
        timeout_at: r.time()?,
        created_at: r.instant()?,
        completed_at: r.time()?,
        tags: r.list(|value| value.as_str().map(str::to_owned))?,
    })
}
