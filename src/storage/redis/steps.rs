//! The steps of a job: a `MessagePack` map from names to entries, which are JSON text, as a script can add to it.

use std::collections::BTreeMap;

use bytes::Bytes;
use rmpv::Value;
use serde_json::value::RawValue;

use super::faults::damaged;
use super::find::pack;
use crate::error::{Error, Result};

/// Entries as the scripts keep them; nothing where there are none.
pub(super) fn encode_steps(entries: &BTreeMap<&str, &Bytes>) -> Vec<u8> {
    encode(entries.iter().map(|(name, entry)| (*name, String::from_utf8_lossy(entry))))
}

/// The same of a JSON object.
pub(super) fn encode_step_data(object: &[u8]) -> Result<Vec<u8>> {
    let entries: BTreeMap<String, &RawValue> =
        serde_json::from_slice(object).map_err(|error| Error::Invalid(format!("step_data: {error}")))?;
    Ok(encode(entries.iter().map(|(name, entry)| (name.as_str(), entry.get()))))
}

fn encode<'a, T: AsRef<str>>(entries: impl Iterator<Item = (&'a str, T)>) -> Vec<u8> {
    let map: Vec<_> = entries.map(|(name, entry)| (Value::from(name), Value::from(entry.as_ref()))).collect();
    if map.is_empty() { Vec::new() } else { pack(Value::Map(map)) }
}

/// What the scripts keep as a JSON object.
pub(super) fn decode_steps(mut kept: &[u8]) -> Result<Bytes> {
    let value = rmpv::decode::read_value(&mut kept).map_err(|error| damaged(&error.to_string()))?;
    let Value::Map(entries) = value else { return Err(damaged("steps that are not a map")) };
    let mut all: BTreeMap<&str, &RawValue> = BTreeMap::new();
    for (name, entry) in &entries {
        let (Some(name), Some(entry)) = (name.as_str(), entry.as_str()) else {
            return Err(damaged("a step that is not text"));
        };
        all.insert(name, serde_json::from_str(entry).map_err(|error| damaged(&format!("the step {name:?}: {error}")))?);
    }
    serde_json::to_vec(&all).map(Bytes::from).map_err(|error| Error::Internal(error.to_string()))
}
