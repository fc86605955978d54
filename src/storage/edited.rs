//! What the event of an edit tells.

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::JobEdit;

/// The edited fields as the metadata of an event. The payload goes in as it is: reading it could change numbers.
pub(in crate::storage) fn metadata(edit: &JobEdit) -> Result<String> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("priority", edit.priority.map(|value| json!(value)));
    put("max_attempts", edit.max_attempts.map(|value| json!(value)));
    put("run_at", edit.run_at.map(|value| json!(value.map(Timestamp::to_rfc3339))));
    put("timeout_ms", edit.timeout_ms.map(|value| json!(value)));
    put("tags", edit.tags.as_ref().map(|value| json!(value)));
    put("retry_delay", edit.retry_delay.map(|value| json!(value.map(|span| span.as_secs_f64()))));
    put("retry_backoff", edit.retry_backoff.map(|value| json!(value)));
    put("retry_delay_max", edit.retry_delay_max.map(|value| json!(value.map(|span| span.as_secs_f64()))));
    let others = Value::Object(fields).to_string();
    let Some(payload) = &edit.payload else { return Ok(others) };
    let payload =
        str::from_utf8(payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?;
    let rest = others.trim_start_matches('{');
    Ok(format!("{{\"payload\":{payload}{}{rest}", if rest == "}" { "" } else { "," }))
}
