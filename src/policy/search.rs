//! Looking for text in jobs, in the same way whichever store holds them.

use serde_json::Value;

use crate::model::{Job, Search};

/// A text as it stands inside JSON, with small letters of ASCII: what a store can look for before the job is read.
#[must_use]
pub fn folded(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    inner.to_ascii_lowercase()
}

/// The jobs in which the texts of a search stand where it looks for them.
#[must_use]
pub fn kept(mut jobs: Vec<Job>, search: &Search) -> Vec<Job> {
    jobs.retain(|job| {
        search.text.as_ref().is_none_or(|text| holds(&job.payload, text))
            && search.error.as_ref().is_none_or(|text| fails_with(&job.error_history, text))
    });
    jobs
}

/// Whether a key, a text or a number of a JSON document has this text in it; letters of ASCII are the same in either case.
#[must_use]
pub fn holds(json: &[u8], text: &str) -> bool {
    let wanted = text.to_ascii_lowercase();
    match serde_json::from_slice::<Value>(json) {
        Ok(value) => value_holds(&value, &wanted),
        // Nested more deeply than is read here.
        Err(_) => String::from_utf8_lossy(json).to_ascii_lowercase().contains(&folded(text)),
    }
}

/// Whether the message of one of these errors has this text in it.
#[must_use]
pub fn fails_with(history: &[u8], text: &str) -> bool {
    let wanted = text.to_ascii_lowercase();
    let entries: Vec<Value> = serde_json::from_slice(history).unwrap_or_default();
    let message = |entry: &Value| entry.get("message").and_then(Value::as_str).map(str::to_ascii_lowercase);
    entries.iter().filter_map(message).any(|message| message.contains(&wanted))
}

fn value_holds(value: &Value, wanted: &str) -> bool {
    let in_text = |text: &str| text.to_ascii_lowercase().contains(wanted);
    match value {
        Value::String(text) => in_text(text),
        Value::Number(number) => in_text(&number.to_string()),
        Value::Array(items) => items.iter().any(|item| value_holds(item, wanted)),
        Value::Object(fields) => fields.iter().any(|(key, item)| in_text(key) || value_holds(item, wanted)),
        Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_looked_for_in_keys_texts_and_numbers_alone() {
        let json = r#"{"To": ["Bob@Example.com", {"n": 1234}], "ok": true, "q": "say \"hi\"\n"}"#.as_bytes();
        for text in ["bob@", "TO", "123", "say \"hi\"", "\n", ""] {
            assert!(holds(json, text), "{text:?}");
        }
        for text in ["true", "\": ", "null", "bobby", "12345", "[\""] {
            assert!(!holds(json, text), "{text:?}");
        }
    }

    #[test]
    fn what_a_store_looks_for_is_in_the_text_of_whatever_holds_it() {
        for text in ["Bob", "a\"b", "back\\slash", "line\nbreak", "Straße", "\u{1}"] {
            let json = serde_json::json!({ "x": [format!("<{text}>")] }).to_string();
            assert!(json.to_ascii_lowercase().contains(&folded(text)), "{text:?} in {json}");
            assert!(holds(json.as_bytes(), text));
        }
    }

    #[test]
    fn only_messages_of_errors_are_looked_at() {
        let history = br#"[{"message": "Connection refused", "traceback": "line 7"}, {"message": "boom"}]"#;
        assert!(fails_with(history, "REFUSED") && fails_with(history, "boom"));
        assert!(!fails_with(history, "line 7") && !fails_with(b"[]", "boom"));
    }
}
