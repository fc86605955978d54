//! The options that few jobs have, as JSON and as what is kept of them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::model::{Extras, Group};

/// All of them, by name: `group_id`, `group_tier`, `dead_letter_job_type` and `expires_in` in seconds; and under `kept` those that no
/// statement looks at, see [`kept`].
pub fn to_json(extras: &Extras) -> Value {
    let group = extras.group.as_ref();
    let entries = [
        ("group_id", group.map(|group| json!(group.id))),
        ("group_tier", group.and_then(|group| group.tier.as_ref()).map(|tier| json!(tier))),
        ("dead_letter_job_type", extras.dead_letter_job_type.as_ref().map(|name| json!(name))),
        ("expires_in", extras.expires_in.map(|span| json!(span.as_secs_f64()))),
        // That there are any: which, another statement is told.
        ("depends_on", extras.depends_on.as_ref().map(|_| json!(true))),
        ("kept", kept(extras)),
    ];
    Value::Object(present(entries))
}

/// What is only kept for those who read the job: `keep_result_for` in seconds, `traceparent`, `dead_letter_of`.
pub fn kept(extras: &Extras) -> Option<Value> {
    let entries = [
        ("keep_result_for", extras.keep_result_for.map(|span| json!(span.as_secs_f64()))),
        ("traceparent", extras.traceparent.as_ref().map(|trace| json!(trace))),
        ("dead_letter_of", extras.dead_letter_of.map(|id| json!(id))),
    ];
    let entries = present(entries);
    (!entries.is_empty()).then_some(Value::Object(entries))
}

/// What [`to_json`] wrote; entries that are unknown or of another kind are passed over.
pub fn from_json(text: &[u8]) -> Extras {
    let Ok(value) = serde_json::from_slice::<Value>(text) else { return Extras::default() };
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let kept = value.get("kept").unwrap_or(&Value::Null);
    Extras {
        group: text("group_id").map(|id| Group { id, tier: text("group_tier") }),
        dead_letter_job_type: text("dead_letter_job_type"),
        expires_in: value.get("expires_in").and_then(span),
        ..from_kept(kept)
    }
}

/// What [`kept`] wrote.
pub fn from_kept(kept: &Value) -> Extras {
    Extras {
        keep_result_for: kept.get("keep_result_for").and_then(span),
        traceparent: kept.get("traceparent").and_then(Value::as_str).map(str::to_owned),
        dead_letter_of: kept.get("dead_letter_of").and_then(Value::as_i64),
        ..Extras::default()
    }
}

fn span(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_f64()?).ok()
}

fn present<const N: usize>(entries: [(&str, Option<Value>); N]) -> Map<String, Value> {
    entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let all = Extras {
            group: Some(Group { id: "a \"b\"".into(), tier: Some("gold".into()) }),
            dead_letter_job_type: Some("dead".into()),
            expires_in: Some(Duration::from_millis(1500)),
            keep_result_for: Some(Duration::from_secs(60)),
            traceparent: Some("00-x-y-01".into()),
            dead_letter_of: Some(1 << 60),
            depends_on: None,
            // Not kept with the job.
            unique: None,
        };
        assert_eq!(from_json(to_json(&all).to_string().as_bytes()), all);
        let few = Extras { group: Some(Group { id: "g".into(), tier: None }), ..Extras::default() };
        assert_eq!(to_json(&few).to_string(), r#"{"group_id":"g"}"#);
        assert_eq!(from_json(b"{\"group_id\":\"g\",\"later\":1}"), few);
        assert_eq!(from_json(b"[]"), Extras::default());
    }
}
