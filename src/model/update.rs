//! Changes that callers make to jobs that do not run.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Status;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// A change to jobs.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Pending, waiting, or failed with a retry due: becomes cancelled.
    Cancel,
    /// Failed or cancelled: becomes pending and due now; a spent job gets one more attempt.
    Retry,
    /// Pending, or failed with a retry due: fields are replaced in place.
    Edit(JobEdit),
}

/// New values for fields of a job. `None` keeps a field, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobEdit {
    /// The payload as JSON text.
    pub payload: Option<Bytes>,
    /// The priority.
    pub priority: Option<i32>,
    /// How many times it may be claimed; not below the attempts already made plus one.
    pub max_attempts: Option<i32>,
    /// When it may start; `Some(None)` is now. For a failed job with a retry due this moves the retry.
    pub run_at: Option<Option<Timestamp>>,
    /// The handler's time limit in milliseconds.
    pub timeout_ms: Option<Option<i32>>,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// The base retry delay.
    pub retry_delay: Option<Option<Duration>>,
    /// Whether the retry delay doubles.
    pub retry_backoff: Option<Option<bool>>,
    /// The upper bound of the retry delay.
    pub retry_delay_max: Option<Option<Duration>>,
}

impl JobEdit {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The edited fields and their new values as JSON text, for the event. The payload goes in as it is: reading it could
    /// change numbers, and fail on deep ones.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the payload is not UTF-8.
    pub fn described(&self) -> Result<String> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("priority", self.priority.map(|value| json!(value)));
        put("max_attempts", self.max_attempts.map(|value| json!(value)));
        put("run_at", self.run_at.map(|value| json!(value.map(Timestamp::to_rfc3339))));
        put("timeout_ms", self.timeout_ms.map(|value| json!(value)));
        put("tags", self.tags.as_ref().map(|value| json!(value)));
        put("retry_delay", self.retry_delay.map(|value| json!(value.map(|span| span.as_secs_f64()))));
        put("retry_backoff", self.retry_backoff.map(|value| json!(value)));
        put("retry_delay_max", self.retry_delay_max.map(|value| json!(value.map(|span| span.as_secs_f64()))));
        let others = Value::Object(fields).to_string();
        let Some(payload) = &self.payload else { return Ok(others) };
        let payload =
            str::from_utf8(payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?;
        let rest = others.trim_start_matches('{');
        Ok(format!("{{\"payload\":{payload}{}{rest}", if rest == "}" { "" } else { "," }))
    }
}

/// What one bounded step of a long change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chunk {
    /// How many rows were changed.
    pub changed: u64,
    /// Where the next step goes on, as its `after`; `None` when the change is done.
    pub next: Option<i64>,
}

/// Which old jobs to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// Only jobs not updated for this long.
    pub older_than: Duration,
    /// Only these final statuses; a failed job whose retry is due is never deleted.
    pub statuses: Vec<Status>,
}
