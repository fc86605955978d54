//! What a JSON text means, however it is written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json;

/// A JSON value by meaning: the order of an object's keys and the way a number is written do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    Null,
    Bool(bool),
    /// Sign, significant digits, and the power of ten that the last of them stands for.
    Number(bool, String, i64),
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

/// The meaning of a JSON text.
pub fn meaning(text: &[u8]) -> Meaning {
    of(json(text))
}

fn of(value: Value) -> Meaning {
    match value {
        Value::Null => Meaning::Null,
        Value::Bool(value) => Meaning::Bool(value),
        Value::Number(number) => of_number(&number.to_string()),
        Value::String(text) => Meaning::Text(text),
        Value::Array(items) => Meaning::List(items.into_iter().map(of).collect()),
        Value::Object(fields) => Meaning::Object(fields.into_iter().map(|(key, value)| (key, of(value))).collect()),
    }
}

fn of_number(text: &str) -> Meaning {
    let lower = text.to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        // PostgreSQL's numbers have no negative zero, and it is equal to the other.
        return Meaning::Number(false, String::new(), 0);
    }
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    let power = exponent.parse::<i64>().unwrap() - fraction.len() as i64 + dropped as i64;
    Meaning::Number(negative, significant.to_owned(), power)
}

#[test]
fn numbers_mean_the_same_however_they_are_written() {
    for (one, other) in [("1e3", "1000.0"), ("0.10", "1E-1"), ("-0.0", "0"), ("-120", "-1.2e+2")] {
        assert_eq!(meaning(one.as_bytes()), meaning(other.as_bytes()));
    }
    for (one, other) in [("1", "10"), ("0.1", "0.01"), ("-1", "1"), ("1e2", "1e3"), ("12", "21")] {
        assert_ne!(meaning(one.as_bytes()), meaning(other.as_bytes()));
    }
}
