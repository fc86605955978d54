//! Jobs as the scripts keep them, and as the engine knows them.

use std::time::Duration;

use bytes::Bytes;
use rmp::encode::{ByteBuf, RmpWrite, write_array_len, write_bool, write_f64, write_sint, write_str, write_str_len};
use rmpv::ValueRef;
use serde_json::value::RawValue;

use super::extras::Extras;
use super::faults::damaged;
use super::steps::decode_steps;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{FailureReason, Job, JobId, NewJob, Retry, Status, Transfer};

/// Sortable times are counted from before any time that may be stored.
const BIAS: i64 = 100_000_000_000_000_000;
/// A usual size of a record without names and payload.
const RECORD_BYTES: usize = 160;
/// The members of a record.
const MEMBERS: u32 = 34;
/// Up to so many bytes, a payload is a member of its job's record.
pub(super) const INLINE: usize = 256;
/// How many members of a record tell of changes, and are unset in a new job's: locks, times, outcomes.
const CHANGES: usize = 16;

/// How many digits a time has.
pub(super) const SORTABLE: usize = 18;

/// A time as eighteen digits, which sort as it does.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{:018}", at.as_micros().saturating_add(BIAS).max(0))
}

/// The time that [`sortable`] wrote.
pub(super) fn from_sortable(text: &str) -> Result<Timestamp> {
    let micros = text.parse::<i64>().map_err(|error| damaged(&format!("the time {text:?}: {error}")))?;
    Ok(Timestamp::from_micros(micros - BIAS))
}

/// A priority as ten digits, the highest first.
pub(super) fn sortable_priority(priority: i32) -> String {
    format!("{:010}", i64::from(i32::MAX) - i64::from(priority))
}

/// The letter under which scripts know a status.
pub(super) fn letter(status: Status) -> char {
    match status {
        Status::Pending => 'p',
        Status::Processing => 'r',
        Status::Completed => 'c',
        Status::Failed => 'f',
        Status::Cancelled => 'x',
        Status::Waiting => 'w',
    }
}

fn status(letter: &str) -> Result<Status> {
    let found = Status::ALL.into_iter().find(|status| letter.starts_with(self::letter(*status)));
    found.ok_or_else(|| damaged(&format!("the status {letter:?}")))
}

/// The part of a new job's record that does not depend on the store's clock, up to its history.
pub(super) fn encode_new(job: &NewJob, tags: &[&str]) -> Vec<u8> {
    let mut out = Record(ByteBuf::new());
    out.new_job(job, tags);
    out.0.into_vec()
}

/// The whole record of a job that is new at `now`.
pub(super) fn encode_new_at(job: &NewJob, tags: &[&str], now: Timestamp, id: JobId, history: &str) -> Vec<u8> {
    let mut out = Record(ByteBuf::with_capacity(RECORD_BYTES + job.job_type.len() + job.payload.len().min(INLINE)));
    let _ = write_array_len(&mut out.0, MEMBERS);
    out.time(Some(now));
    out.time(Some(now));
    out.text(Some(&sortable(job.run_at.unwrap_or(now))));
    out.new_job(job, tags);
    out.text(Some(history));
    match job.payload.get(..INLINE + 1) {
        Some(_) => out.text(None),
        None => out.bytes(&job.payload),
    }
    // See the scripts' keys.lua for what this is.
    out.number(Some(id % 128));
    out.0.into_vec()
}

/// The same of a job that comes with its past.
pub(super) fn encode_received(one: &Transfer, tags: &[&str]) -> Vec<u8> {
    let mut out = Record(ByteBuf::new());
    let retry_at = one.next_attempt_at.map(sortable);
    let status = if retry_at.is_some() { Status::Failed } else { Status::Pending };
    out.options(&one.job, tags, status, one.attempts);
    // locked_at, locked_by and the lease
    (0..4).for_each(|_| out.text(None));
    out.time(one.started_at);
    out.time(None);
    out.text(retry_at.as_deref());
    out.time(one.last_retried_at);
    out.time(one.last_failed_at);
    out.time(None);
    out.text(one.failure_reason.map(FailureReason::as_str));
    // progress, pending_reason, whether a claim was for a retry, and what it waits for
    (0..5).for_each(|_| out.text(None));
    out.0.into_vec()
}

/// An error history as the scripts keep it; nothing where it is empty.
pub(super) fn encode_errors(history: &[u8]) -> Result<Vec<u8>> {
    let entries: Vec<&RawValue> =
        serde_json::from_slice(history).map_err(|error| Error::Invalid(format!("error_history: {error}")))?;
    let entries: Vec<_> = entries.into_iter().map(RawValue::get).collect();
    Ok(encode_tags(&entries))
}

/// Texts, such as tags, as a script reads them; nothing where there are none.
pub(super) fn encode_tags(tags: &[&str]) -> Vec<u8> {
    let mut out = Record(ByteBuf::new());
    if !tags.is_empty() {
        out.texts(tags);
    }
    out.0.into_vec()
}

/// Writes members; false stands for a value that is not there. Writing to memory cannot fail.
struct Record(ByteBuf);

impl Record {
    fn new_job(&mut self, job: &NewJob, tags: &[&str]) {
        self.options(job, tags, Status::Pending, 0);
        (0..CHANGES).for_each(|_| self.text(None));
    }

    fn options(&mut self, job: &NewJob, tags: &[&str], status: Status, attempts: i32) {
        self.text(Some(&job.job_type));
        self.text(Some(letter(status).encode_utf8(&mut [0; 4])));
        self.number(Some(job.priority.into()));
        self.number(Some(attempts.into()));
        self.number(Some(job.max_attempts.into()));
        self.number(Some(0));
        self.number(job.signed_timeout().map(i64::from));
        self.texts(tags);
        self.text(job.idempotency_key.as_deref());
        self.seconds(job.retry.delay);
        self.number(job.retry.backoff.map(i64::from));
        self.seconds(job.retry.delay_max);
    }

    fn time(&mut self, at: Option<Timestamp>) {
        self.number(at.map(Timestamp::as_micros));
    }

    fn text(&mut self, value: Option<&str>) {
        let _ = match value {
            Some(text) => write_str(&mut self.0, text).map_err(drop),
            None => write_bool(&mut self.0, false).map_err(drop),
        };
    }

    fn bytes(&mut self, value: &[u8]) {
        let _ = write_str_len(&mut self.0, u32::try_from(value.len()).unwrap_or(u32::MAX));
        let _ = self.0.write_bytes(value);
    }

    fn number(&mut self, value: Option<i64>) {
        let _ = match value {
            Some(number) => write_sint(&mut self.0, number).map(drop).map_err(drop),
            None => write_bool(&mut self.0, false).map_err(drop),
        };
    }

    fn seconds(&mut self, value: Option<Duration>) {
        let _ = match value {
            Some(span) => write_f64(&mut self.0, span.as_secs_f64()).map_err(drop),
            None => write_bool(&mut self.0, false).map_err(drop),
        };
    }

    fn texts(&mut self, values: &[&str]) {
        if values.is_empty() {
            return self.text(None);
        }
        let _ = write_array_len(&mut self.0, u32::try_from(values.len()).unwrap_or(u32::MAX));
        for value in values {
            self.text(Some(value));
        }
    }
}

/// What is kept of one job, by the values that scripts answer.
pub(super) struct Kept {
    pub(super) id: JobId,
    pub(super) record: Vec<u8>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) output: Option<Vec<u8>>,
    pub(super) errors: Option<Vec<u8>>,
    pub(super) steps: Option<Vec<u8>>,
    /// What few jobs have, by name.
    pub(super) extras: Option<Vec<u8>>,
}

impl Kept {
    /// The job.
    pub(super) fn job(self) -> Result<Job> {
        let mut record = self.record.as_slice();
        let value = rmpv::decode::read_value_ref(&mut record).map_err(|error| damaged(&error.to_string()))?;
        let ValueRef::Array(members) = value else { return Err(damaged("a record that is not an array")) };
        let mut take = Members(members.into_iter());
        let mut extras = Extras::read(self.extras.as_deref())?;
        let mut force_kill_on_timeout = false;
        Ok(Job {
            id: self.id,
            created_at: take.time()?.unwrap_or_default(),
            updated_at: take.time()?.unwrap_or_default(),
            run_at: take.sortable()?.unwrap_or_default(),
            job_type: take.text()?.unwrap_or_default(),
            status: status(&take.text()?.unwrap_or_default())?,
            priority: take.small()?.unwrap_or_default(),
            attempts: take.small()?.unwrap_or_default(),
            max_attempts: take.small()?.unwrap_or_default(),
            crashes: take.small()?.unwrap_or_default(),
            timeout_ms: take.timeout(&mut force_kill_on_timeout)?,
            force_kill_on_timeout,
            tags: take.texts()?,
            idempotency_key: take.text()?,
            retry: Retry {
                delay: take.seconds()?,
                backoff: take.small()?.map(|flag| flag != 0),
                delay_max: take.seconds()?,
            },
            locked_at: take.time()?,
            locked_by: take.text()?,
            started_at: {
                let _lease = (take.number()?, take.number()?);
                take.time()?
            },
            completed_at: take.time()?,
            next_attempt_at: take.sortable()?,
            last_retried_at: take.time()?,
            last_failed_at: take.time()?,
            last_cancelled_at: take.time()?,
            failure_reason: take.text()?.as_deref().and_then(FailureReason::parse),
            progress: take.small()?,
            pending_reason: take.text()?,
            wait_until: {
                let _retrying = take.small()?;
                take.sortable()?
            },
            wait_token_id: take.text()?,
            payload: {
                let _history = take.text()?;
                let inline = take.bytes()?;
                Bytes::from(self.payload.or(inline).unwrap_or_else(|| b"null".to_vec()))
            },
            cancel_requested_at: {
                let _salt = take.small()?;
                take.time()?
            },
            cancel_reason: extras.text("reason")?,
            output: self.output.map(Bytes::from),
            error_history: Bytes::from(errors(self.errors.as_deref())?),
            step_data: self.steps.as_deref().map_or(Ok(Bytes::from_static(b"{}")), decode_steps)?,
            group_id: extras.text("group_id")?,
            group_tier: extras.text("group_tier")?,
            dead_letter_job_type: extras.text("dead_letter_job_type")?,
            dead_lettered_at: extras.time("dead_lettered_at")?,
            dead_letter_job_id: extras.number("dead_letter_job_id")?,
            depends_on_job_ids: extras.numbers("depends_on_job_ids")?,
            depends_on_tags: extras.texts("depends_on_tags")?,
            expires_at: extras.time("expires_at")?,
            keep_result_for: extras.seconds("keep_result_for")?,
            traceparent: extras.text("traceparent")?,
            dead_letter_of: extras.number("dead_letter_of")?,
        })
    }
}

/// Reads members in their order.
pub(super) struct Members<'a>(pub(super) std::vec::IntoIter<ValueRef<'a>>);

impl Members<'_> {
    pub(super) fn number(&mut self) -> Result<Option<i64>> {
        match self.0.next() {
            None | Some(ValueRef::Nil | ValueRef::Boolean(false)) => Ok(None),
            Some(ValueRef::Integer(number)) => {
                number.as_i64().map(Some).ok_or_else(|| damaged("a number out of range"))
            }
            Some(other) => Err(damaged(&format!("{other} in the place of a number"))),
        }
    }

    pub(super) fn small(&mut self) -> Result<Option<i32>> {
        let Some(number) = self.number()? else { return Ok(None) };
        i32::try_from(number).map(Some).map_err(|_| damaged("a number out of range"))
    }

    /// A time limit, negative where the handler is killed at its end.
    pub(super) fn timeout(&mut self, force_kill: &mut bool) -> Result<Option<i32>> {
        let signed = self.small()?;
        *force_kill = signed.is_some_and(i32::is_negative);
        Ok(signed.map(i32::saturating_abs))
    }

    pub(super) fn time(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.number()?.map(Timestamp::from_micros))
    }

    pub(super) fn text(&mut self) -> Result<Option<String>> {
        match self.0.next() {
            None | Some(ValueRef::Nil | ValueRef::Boolean(false)) => Ok(None),
            Some(ValueRef::String(text)) => {
                text.into_str().map(|text| Some(text.to_owned())).ok_or_else(|| damaged("a text that is not UTF-8"))
            }
            Some(other) => Err(damaged(&format!("{other} in the place of a text"))),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Option<Vec<u8>>> {
        match self.0.next() {
            None | Some(ValueRef::Nil | ValueRef::Boolean(false)) => Ok(None),
            Some(ValueRef::String(text)) => Ok(Some(text.as_bytes().to_vec())),
            Some(other) => Err(damaged(&format!("{other} in the place of a payload"))),
        }
    }

    pub(super) fn sortable(&mut self) -> Result<Option<Timestamp>> {
        self.text()?.as_deref().map(from_sortable).transpose()
    }

    pub(super) fn seconds(&mut self) -> Result<Option<Duration>> {
        let seconds = match self.0.next() {
            None | Some(ValueRef::Nil | ValueRef::Boolean(false)) => return Ok(None),
            Some(ValueRef::F32(seconds)) => f64::from(seconds),
            Some(ValueRef::F64(seconds)) => seconds,
            Some(ValueRef::Integer(seconds)) => seconds.as_f64().unwrap_or_default(),
            Some(other) => return Err(damaged(&format!("{other} in the place of a duration"))),
        };
        Duration::try_from_secs_f64(seconds).map(Some).map_err(|error| damaged(&error.to_string()))
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>> {
        let Some(ValueRef::Array(members)) = self.0.next() else { return Ok(Vec::new()) };
        let mut inner = Members(members.into_iter());
        let mut texts = Vec::new();
        while let Some(text) = inner.text()? {
            texts.push(text);
        }
        Ok(texts)
    }

    pub(super) fn numbers(&mut self) -> Result<Vec<i64>> {
        let Some(ValueRef::Array(members)) = self.0.next() else { return Ok(Vec::new()) };
        let mut inner = Members(members.into_iter());
        let mut numbers = Vec::new();
        while let Some(number) = inner.number()? {
            numbers.push(number);
        }
        Ok(numbers)
    }
}

/// The error history. An entry is its time, a bar, and a JSON object that is still open; or, of a job that came from
/// another store, a whole object.
fn errors(kept: Option<&[u8]>) -> Result<Vec<u8>> {
    let Some(mut kept) = kept else { return Ok(b"[]".to_vec()) };
    let value = rmpv::decode::read_value_ref(&mut kept).map_err(|error| damaged(&error.to_string()))?;
    let ValueRef::Array(members) = value else { return Err(damaged("errors that are not an array")) };
    let mut entries = Members(members.into_iter());
    let mut json = String::from("[");
    while let Some(entry) = entries.text()? {
        let comma = if json.len() > 1 { "," } else { "" };
        if entry.starts_with('{') {
            json.push_str(comma);
            json.push_str(&entry);
            continue;
        }
        let (time, open) = entry.split_once('|').ok_or_else(|| damaged("an error without a time"))?;
        let micros = time.parse().map_err(|_| damaged("an error without a time"))?;
        let stamp = Timestamp::from_micros(micros).to_rfc3339();
        json.extend([comma, open, ",\"timestamp\":\"", &stamp, "\"}"]);
    }
    json.push(']');
    Ok(json.into_bytes())
}
