//! The errors a job keeps, and what its events say of them.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::error::{Backend, Error};
use crate::model::{Failure, FailureReason, JobId};
use crate::policy::limits::{MAX_ERRORS, storable};

/// An entry of the error history.
pub(super) fn entry(failure: &Failure, attempt: i32, at: Timestamp) -> Value {
    json!({
        "message": storable(&failure.message),
        "type": failure.kind.as_deref().map(storable),
        "traceback": failure.traceback.as_deref().map(storable),
        "attempt": attempt,
        "timestamp": at.to_rfc3339(),
    })
}

/// The metadata of an event `failed`.
pub(super) fn metadata(message: &str, reason: FailureReason, attempt: i32, will_retry: bool) -> String {
    json!({"message": storable(message), "reason": reason.as_str(), "attempt": attempt, "will_retry": will_retry})
        .to_string()
}

/// The job's error history with one more entry, the oldest dropped where there are too many.
pub(super) fn appended(session: &Session<'_>, id: JobId, entry: &Value) -> Outcome<Vec<u8>> {
    let damaged = |error: serde_json::Error| Error::Storage {
        backend: Backend::Sqlite,
        message: format!("the error history of job {id} is not a JSON array: {error}"),
    };
    let text: Option<String> = session.value(sql::ERROR_HISTORY, [id])?;
    let text = text.unwrap_or_else(|| "[]".into());
    let mut entries: Vec<&RawValue> = serde_json::from_str(&text).map_err(damaged)?;
    let newest = serde_json::value::to_raw_value(entry).map_err(damaged)?;
    entries.push(&newest);
    let surplus = entries.len().saturating_sub(MAX_ERRORS);
    Ok(serde_json::to_vec(entries.get(surplus..).unwrap_or_default()).map_err(damaged)?)
}
