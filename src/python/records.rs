//! Jobs and events as the dicts that the Python records are made of.
//!
//! The keys are the names of the fields; times are microseconds since the Unix epoch, delays are seconds, and what is JSON
//! stays JSON text, as bytes.

use std::time::Duration;

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::clock::Timestamp;
use crate::model::{Durability, Event, FailureReason, FileState, Job, Schedule, Token};

macro_rules! record {
    ($py:ident, { $($key:literal: $value:expr),+ $(,)? }) => {{
        let record = PyDict::new($py);
        $(record.set_item(intern!($py, $key), $value)?;)+
        Ok(record)
    }};
}

/// A job, with every field of [`Job`].
///
/// # Errors
/// When Python has no memory for it.
pub(crate) fn job_record<'py>(py: Python<'py>, job: &Job) -> PyResult<Bound<'py, PyDict>> {
    record!(py, {
        "id": job.id,
        "job_type": job.job_type.as_str(),
        "payload": json(py, &job.payload),
        "status": job.status.as_str(),
        "created_at": job.created_at.as_micros(),
        "updated_at": job.updated_at.as_micros(),
        "locked_at": micros(job.locked_at),
        "locked_by": job.locked_by.as_deref(),
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "next_attempt_at": micros(job.next_attempt_at),
        "priority": job.priority,
        "run_at": job.run_at.as_micros(),
        "pending_reason": job.pending_reason.as_deref(),
        "error_history": json(py, &job.error_history),
        "timeout_ms": job.timeout_ms,
        "force_kill_on_timeout": job.force_kill_on_timeout,
        "failure_reason": job.failure_reason.map(FailureReason::as_str),
        "completed_at": micros(job.completed_at),
        "started_at": micros(job.started_at),
        "last_retried_at": micros(job.last_retried_at),
        "last_failed_at": micros(job.last_failed_at),
        "last_cancelled_at": micros(job.last_cancelled_at),
        "cancel_requested_at": micros(job.cancel_requested_at),
        "cancel_reason": job.cancel_reason.as_deref(),
        "tags": &job.tags,
        "idempotency_key": job.idempotency_key.as_deref(),
        "progress": job.progress,
        "output": job.output.as_ref().map(|output| json(py, output)),
        "retry_delay": job.retry.delay.as_ref().map(Duration::as_secs_f64),
        "retry_backoff": job.retry.backoff,
        "retry_delay_max": job.retry.delay_max.as_ref().map(Duration::as_secs_f64),
        "wait_until": micros(job.wait_until),
        "wait_token_id": job.wait_token_id.as_deref(),
        "step_data": json(py, &job.step_data),
        "group_id": job.group_id.as_deref(),
        "group_tier": job.group_tier.as_deref(),
        "dead_letter_job_type": job.dead_letter_job_type.as_deref(),
        "dead_lettered_at": micros(job.dead_lettered_at),
        "dead_letter_job_id": job.dead_letter_job_id,
        "depends_on_job_ids": &job.depends_on_job_ids,
        "depends_on_tags": &job.depends_on_tags,
        "expires_at": micros(job.expires_at),
        "keep_result_for": job.keep_result_for.as_ref().map(Duration::as_secs_f64),
        "traceparent": job.traceparent.as_deref(),
        "dead_letter_of": job.dead_letter_of,
    })
}

/// An event, its kind under `event_type`.
///
/// # Errors
/// When Python has no memory for it.
pub(crate) fn event_record<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyDict>> {
    record!(py, {
        "id": event.id,
        "job_id": event.job_id,
        "event_type": event.kind.as_str(),
        "created_at": event.created_at.as_micros(),
        "metadata": event.metadata.as_ref().map(|metadata| json(py, metadata)),
    })
}

/// A schedule, with the options of its jobs.
///
/// # Errors
/// When Python has no memory for it.
pub(crate) fn schedule_record<'py>(py: Python<'py>, schedule: &Schedule) -> PyResult<Bound<'py, PyDict>> {
    let (definition, job) = (&schedule.definition, &schedule.definition.job);
    let extras = job.extras.as_deref();
    record!(py, {
        "id": schedule.id,
        "schedule_name": definition.name.as_str(),
        "cron_expression": definition.expression.as_str(),
        "timezone": definition.timezone.as_str(),
        "status": schedule.status.as_str(),
        "allow_overlap": definition.allow_overlap,
        "missed": definition.missed.as_str(),
        "job_type": job.job_type.as_str(),
        "payload": json(py, &job.payload),
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "timeout_ms": job.timeout_ms,
        "force_kill_on_timeout": job.force_kill_on_timeout,
        "tags": &job.tags,
        "retry_delay": job.retry.delay.as_ref().map(Duration::as_secs_f64),
        "retry_backoff": job.retry.backoff,
        "retry_delay_max": job.retry.delay_max.as_ref().map(Duration::as_secs_f64),
        "group_id": extras.and_then(|extras| extras.group.as_ref()).map(|group| group.id.as_str()),
        "group_tier": extras.and_then(|extras| extras.group.as_ref()?.tier.as_deref()),
        "dead_letter_job_type": extras.and_then(|extras| extras.dead_letter_job_type.as_deref()),
        "expires_in": extras.and_then(|extras| extras.expires_in).as_ref().map(Duration::as_secs_f64),
        "keep_result_for": extras.and_then(|extras| extras.keep_result_for).as_ref().map(Duration::as_secs_f64),
        "next_run_at": micros(schedule.next_run_at),
        "last_enqueued_at": micros(schedule.last_enqueued_at),
        "last_job_id": schedule.last_job_id,
        "created_at": schedule.created_at.as_micros(),
        "updated_at": schedule.updated_at.as_micros(),
    })
}

/// A token, with every field of [`Token`].
///
/// # Errors
/// When Python has no memory for it.
pub(crate) fn token_record<'py>(py: Python<'py>, token: &Token) -> PyResult<Bound<'py, PyDict>> {
    record!(py, {
        "id": token.id.as_str(),
        "job_id": token.job_id,
        "status": token.status.as_str(),
        "output": token.output.as_ref().map(|output| json(py, output)),
        "timeout_at": micros(token.timeout_at),
        "created_at": token.created_at.as_micros(),
        "completed_at": micros(token.completed_at),
        "tags": &token.tags,
    })
}

/// What survives a crash, with every field of [`Durability`].
///
/// # Errors
/// When Python has no memory for it.
pub(crate) fn durability_record<'py>(py: Python<'py>, durability: &Durability) -> PyResult<Bound<'py, PyDict>> {
    record!(py, {
        "store": durability.store.as_str(),
        "persistence": durability.persistence.as_str(),
        "durable": durability.durable,
        "may_lose": durability.may_lose.as_str(),
        "eviction_policy": durability.eviction_policy.as_deref(),
    })
}

/// How the store's file is, with every field of [`FileState`].
///
/// # Errors
/// When Python has no memory for it.
pub(crate) fn file_record<'py>(py: Python<'py>, state: &FileState) -> PyResult<Bound<'py, PyDict>> {
    record!(py, {
        "journal_mode": state.journal_mode.as_str(),
        "synchronous": state.synchronous.as_str(),
        "page_size": state.page_size,
        "pages": state.pages,
        "free_pages": state.free_pages,
        "damage": state.damage.as_ref(),
    })
}

fn json<'py>(py: Python<'py>, text: &Bytes) -> Bound<'py, PyBytes> {
    PyBytes::new(py, text)
}

pub(super) fn micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_micros)
}
