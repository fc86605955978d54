//! What events tell of edits, and of schedules.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::JobEdit;

/// Where a job of a schedule comes from, as the metadata of its event `added`.
pub(super) fn scheduled(name: &str) -> String {
    Value::Object(Map::from_iter([("schedule".to_owned(), name.into())])).to_string()
}

/// Why a job was cancelled, as the metadata of its event.
pub(super) fn reasoned(reason: &str) -> String {
    Value::Object(Map::from_iter([("reason".to_owned(), reason.into())])).to_string()
}

/// The edited fields and their new values, as the metadata of an event. The payload goes in as it is: reading it could
/// change its numbers, and readers have bounds on nesting of their own.
///
/// # Errors
/// [`Error::Invalid`] for a payload that is not UTF-8.
pub(super) fn described(edit: &JobEdit) -> Result<String> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64()).into();
    put("priority", edit.priority.map(Value::from));
    put("max_attempts", edit.max_attempts.map(Value::from));
    put("run_at", edit.run_at.map(|time| time.map(Timestamp::to_rfc3339).into()));
    put("timeout_ms", edit.timeout_ms.map(Value::from));
    put("force_kill_on_timeout", edit.force_kill_on_timeout.map(Value::from));
    put("tags", edit.tags.clone().map(Value::from));
    put("retry_delay", edit.retry_delay.map(seconds));
    put("retry_backoff", edit.retry_backoff.map(Value::from));
    put("retry_delay_max", edit.retry_delay_max.map(seconds));
    let others = Value::Object(fields).to_string();
    let Some(payload) = &edit.payload else { return Ok(others) };
    let payload =
        str::from_utf8(payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?;
    let rest = others.trim_start_matches('{');
    Ok(format!("{{\"payload\":{payload}{}{rest}", if rest == "}" { "" } else { "," }))
}
