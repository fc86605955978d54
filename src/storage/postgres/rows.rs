//! Between the server's binary forms and the model.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::clock::Timestamp;
use crate::error::{Backend, Error, Result};
use crate::model::{Event, EventKind, FailureReason, Job, Retry, Status, Token, TokenStatus, distinct};
use crate::storage::extras;

/// The columns of a job, in the order that [`job`] reads them, of a `job_queue` called `j`.
pub(super) const JOB_COLUMNS: &str = "j.id, j.job_type, j.payload, j.status, j.created_at, j.updated_at, j.locked_at, \
    j.locked_by, j.attempts, j.max_attempts, j.next_attempt_at, j.priority, j.run_at, j.pending_reason, j.error_history, \
    j.timeout_ms, j.failure_reason, j.completed_at, j.started_at, j.last_retried_at, j.last_failed_at, j.last_cancelled_at, \
    j.tags, j.idempotency_key, j.progress, j.output, j.retry_delay, j.retry_backoff, j.retry_delay_max, j.wait_until, \
    j.wait_token_id, j.step_data, j.group_id, j.group_tier, j.dead_letter_job_type, j.dead_lettered_at, \
    j.dead_letter_job_id, j.depends_on_job_ids, j.depends_on_tags, j.force_kill_on_timeout, \
    j.cancel_requested_at, j.cancel_reason, j.crashes, j.expires_at, j.extras";

/// The columns of a token, in the order that [`token`] reads them, of `waitpoints` called `t`. A token whose time is up has timed
/// out, whether or not that was written down yet.
pub(super) const TOKEN_COLUMNS: &str = "t.id, t.job_id, CASE WHEN t.status = 'waiting' AND t.timeout_at <= now() THEN 'timed_out' \
     ELSE t.status END, t.output, t.timeout_at, t.created_at, t.completed_at, t.tags";

/// 2000-01-01T00:00:00Z, the server's epoch, in microseconds since ours.
const EPOCH: i64 = 946_684_800_000_000;

/// A `timestamptz`.
#[derive(Debug, Clone, Copy)]
pub(super) struct At(pub(super) Timestamp);

impl FromSql<'_> for At {
    fn from_sql(ty: &Type, raw: &[u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Timestamp::from_micros(i64::from_sql(ty, raw)?.saturating_add(EPOCH))))
    }

    accepts!(TIMESTAMPTZ);
}

impl ToSql for At {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.put_i64(self.0.as_micros().saturating_sub(EPOCH));
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

/// JSON text on its way to a `jsonb`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'a>(pub(super) &'a [u8]);

impl ToSql for Json<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.put_u8(1);
        out.put_slice(self.0);
        Ok(IsNull::No)
    }

    accepts!(JSONB);
    to_sql_checked!();
}

/// The text of a `jsonb`.
pub(super) struct JsonText(pub(super) Bytes);

impl FromSql<'_> for JsonText {
    fn from_sql(_: &Type, raw: &[u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        match raw.split_first() {
            Some((1, text)) => Ok(Self(Bytes::copy_from_slice(text))),
            _ => Err("an unknown form of jsonb".into()),
        }
    }

    accepts!(JSONB);
}

/// What a column holds, by the form in which the server sends it.
pub(super) trait Stored<'a>: Sized {
    /// The form.
    type Form: FromSql<'a>;

    /// What it stands for.
    fn read(form: Self::Form) -> Self;
}

macro_rules! as_sent {
    ($($kind:ty),+) => {$(
        impl<'a> Stored<'a> for $kind {
            type Form = $kind;

            fn read(form: $kind) -> $kind {
                form
            }
        }
    )+};
}

as_sent!(bool, i32, f64, String, &'a str, At, JsonText);

impl Stored<'_> for i64 {
    type Form = Whole;

    fn read(Whole(number): Whole) -> i64 {
        number
    }
}

impl<'a, T: Stored<'a>> Stored<'a> for Option<T> {
    type Form = Option<T::Form>;

    fn read(form: Option<T::Form>) -> Self {
        form.map(T::read)
    }
}

impl<'a, T: Stored<'a>> Stored<'a> for Vec<T> {
    type Form = Vec<T::Form>;

    fn read(form: Vec<T::Form>) -> Self {
        form.into_iter().map(T::read).collect()
    }
}

/// A `bigint`, or an `integer`: ids are of that type in tables that the TypeScript library made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole(pub(super) i64);

impl FromSql<'_> for Whole {
    fn from_sql(ty: &Type, raw: &[u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(if *ty == Type::INT4 { i32::from_sql(ty, raw)?.into() } else { i64::from_sql(ty, raw)? }))
    }

    accepts!(INT8, INT4);
}

/// Reads columns one after another.
pub(super) struct Reader<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(row: &'a Row, first: usize) -> Self {
        Self { row, next: first }
    }

    pub(super) fn take<T: Stored<'a>>(&mut self) -> Result<T> {
        let at = self.next;
        self.next += 1;
        self.row.try_get(at).map(T::read).map_err(|error| damaged(&format!("column {at}: {error}")))
    }

    pub(super) fn time(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<At>>()?.map(|at| at.0))
    }

    fn json(&mut self) -> Result<Option<Bytes>> {
        Ok(self.take::<Option<JsonText>>()?.map(|json| json.0))
    }
}

/// The error for a row that cannot be read.
pub(super) fn damaged(message: &str) -> Error {
    Error::Storage { backend: Backend::Postgres, message: format!("a stored row cannot be read: {message}") }
}

/// Reads a job from the columns of [`JOB_COLUMNS`], the first of which is `first`.
pub(super) fn job(row: &Row, first: usize) -> Result<Job> {
    let mut r = Reader::new(row, first);
    let mut job = Job {
        id: r.take()?,
        job_type: r.take()?,
        payload: r.take::<JsonText>()?.0,
        status: named(r.take()?, "status", Status::parse)?,
        created_at: r.take::<At>()?.0,
        updated_at: r.take::<At>()?.0,
        locked_at: r.time()?,
        locked_by: r.take()?,
        attempts: r.take()?,
        max_attempts: r.take()?,
        next_attempt_at: r.time()?,
        priority: r.take()?,
        run_at: r.take::<At>()?.0,
        pending_reason: r.take()?,
        error_history: r.json()?.unwrap_or_else(|| Bytes::from_static(b"[]")),
        timeout_ms: r.take()?,
        failure_reason: r
            .take::<Option<&str>>()?
            .map(|name| named(name, "failure_reason", FailureReason::parse))
            .transpose()?,
        completed_at: r.time()?,
        started_at: r.time()?,
        last_retried_at: r.time()?,
        last_failed_at: r.time()?,
        last_cancelled_at: r.time()?,
        tags: r.take::<Option<_>>()?.unwrap_or_default(),
        idempotency_key: r.take()?,
        progress: r.take()?,
        output: r.json()?,
        retry: Retry { delay: span(r.take()?), backoff: r.take()?, delay_max: span(r.take()?) },
        wait_until: r.time()?,
        wait_token_id: r.take()?,
        step_data: r.json()?.unwrap_or_else(|| Bytes::from_static(b"{}")),
        group_id: r.take()?,
        group_tier: r.take()?,
        dead_letter_job_type: r.take()?,
        dead_lettered_at: r.time()?,
        dead_letter_job_id: r.take()?,
        depends_on_job_ids: r.take::<Option<_>>()?.unwrap_or_default(),
        depends_on_tags: r.take::<Option<_>>()?.unwrap_or_default(),
        force_kill_on_timeout: r.take()?,
        cancel_requested_at: r.time()?,
        cancel_reason: r.take()?,
        crashes: r.take()?,
        expires_at: r.time()?,
        keep_result_for: None,
        traceparent: None,
        dead_letter_of: None,
    };
    if let Some(text) = r.json()? {
        let kept = extras::from_kept(&serde_json::from_slice(&text).unwrap_or_default());
        (job.keep_result_for, job.traceparent) = (kept.keep_result_for, kept.traceparent);
        job.dead_letter_of = kept.dead_letter_of;
    }
    Ok(job)
}

/// Reads an event.
pub(super) fn event(row: &Row) -> Result<Event> {
    let mut r = Reader::new(row, 0);
    Ok(Event {
        id: r.take()?,
        job_id: r.take()?,
        kind: named(r.take()?, "event_type", EventKind::parse)?,
        created_at: r.take::<At>()?.0,
        metadata: r.json()?,
    })
}

/// Reads a token from [`TOKEN_COLUMNS`].
pub(super) fn token(row: &Row) -> Result<Token> {
    let mut r = Reader::new(row, 0);
    Ok(Token {
        id: r.take()?,
        job_id: r.take()?,
        status: named(r.take()?, "status", TokenStatus::parse)?,
        output: r.json()?,
        timeout_at: r.time()?,
        created_at: r.take::<At>()?.0,
        completed_at: r.time()?,
        tags: r.take::<Option<_>>()?.unwrap_or_default(),
    })
}

pub(super) fn named<T>(name: &str, column: &str, parse: fn(&str) -> Option<T>) -> Result<T> {
    parse(name).ok_or_else(|| damaged(&format!("{column} is {name:?}")))
}

pub(super) fn span(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Tags as the text of a `text[]`, `None` for no tags.
pub(super) fn tags_text(tags: &[String]) -> Option<String> {
    if tags.is_empty() {
        return None;
    }
    let quoted: Vec<_> = distinct(tags)
        .into_iter()
        .map(|tag| format!("\"{}\"", tag.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    Some(format!("{{{}}}", quoted.join(",")))
}
