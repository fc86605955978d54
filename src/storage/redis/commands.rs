//! Commands of the caller's own, on the connection that calls share.

use bytes::Bytes;
use redis::Value;

use super::RedisStorage;
use crate::error::Result;
use crate::model::Answer;

impl RedisStorage {
    pub(super) async fn run_for_caller(&self, command: &[Bytes]) -> Result<Answer> {
        let mut call = redis::Cmd::new();
        for word in command {
            call.arg(&word[..]);
        }
        self.run_once::<Value>(&call).await.map(answer)
    }
}

fn answer(value: Value) -> Answer {
    let list = |values: Vec<Value>| Answer::List(values.into_iter().map(answer).collect());
    match value {
        Value::Nil => Answer::Nil,
        Value::Int(number) => Answer::Int(number),
        Value::Double(number) => Answer::Double(number),
        Value::Boolean(flag) => Answer::Bool(flag),
        Value::BulkString(bytes) => Answer::Bytes(bytes.into()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Answer::Bytes(text.into()),
        Value::Okay => Answer::Bytes(Bytes::from_static(b"OK")),
        Value::Array(values) | Value::Set(values) => list(values),
        Value::Push { data, .. } => list(data),
        Value::Map(pairs) => Answer::Map(pairs.into_iter().map(|(key, value)| (answer(key), answer(value))).collect()),
        Value::Attribute { data, .. } => answer(*data),
        Value::BigNumber(digits) => Answer::Bytes(digits.into()),
        Value::ServerError(error) => Answer::Error(error.to_string()),
        other => Answer::Error(format!("an answer of a kind that is not known: {other:?}")),
    }
}
