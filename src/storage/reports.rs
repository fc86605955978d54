//! Several reports about one run in one call: the newest of each kind counts, and of steps the newest of each name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::model::{Awaited, JobId, Lease, Note, NoteKind, Wait, WorkerId};

/// The metadata of an event that tells of a running job's cancellation.
pub(super) const STOPPED: &str = r#"{"running":true}"#;

/// The same, with the reason if there is one.
pub(super) fn stopped_metadata(reason: Option<&str>) -> Cow<'static, str> {
    match reason {
        Some(reason) => json!({"running": true, "reason": reason}).to_string().into(),
        None => STOPPED.into(),
    }
}

/// The newest report of each kind about one run.
#[derive(Debug, Default)]
pub(super) struct Report<'a> {
    pub(super) progress: Option<i32>,
    pub(super) output: Option<&'a Bytes>,
    pub(super) prolonged_ms: Option<i64>,
    pub(super) steps: BTreeMap<&'a str, &'a Bytes>,
}

impl Report<'_> {
    /// The entries of its steps as one JSON object; nothing where there are none.
    pub(super) fn steps_object(&self) -> Result<Option<Vec<u8>>> {
        if self.steps.is_empty() {
            return Ok(None);
        }
        with_steps(b"{}", &self.steps).map(Some)
    }
}

/// The entries of steps that a job has, with newer ones, as one JSON object.
pub(super) fn with_steps(before: &[u8], newer: &BTreeMap<&str, &Bytes>) -> Result<Vec<u8>> {
    let mut all: BTreeMap<String, &RawValue> =
        serde_json::from_slice(before).map_err(|error| Error::Internal(format!("the steps of a job: {error}")))?;
    for (name, entry) in newer {
        all.insert((*name).to_owned(), raw(name, entry)?);
    }
    serde_json::to_vec(&all).map_err(|error| Error::Internal(error.to_string()))
}

/// The entry of a wait as a JSON object of steps.
pub(super) fn wait_step(wait: &Wait) -> BTreeMap<&str, &Bytes> {
    BTreeMap::from([(wait.name.as_str(), &wait.entry)])
}

/// What the event of a wait tells.
pub(super) fn wait_metadata(wait: &Wait) -> String {
    let mut told = serde_json::Map::new();
    if let Some(until) = wait.until {
        told.insert("wait_until".to_owned(), until.to_rfc3339().into());
    }
    match &wait.on {
        Some(Awaited::Token(id)) => told.insert("token_id".to_owned(), id.as_str().into()),
        Some(Awaited::Job(id)) => told.insert("job_id".to_owned(), (*id).into()),
        None => None,
    };
    serde_json::Value::from(told).to_string()
}

fn raw<'a>(name: &str, entry: &'a [u8]) -> Result<&'a RawValue> {
    serde_json::from_slice(entry).map_err(|error| Error::Invalid(format!("the entry of step {name:?}: {error}")))
}

/// One report for each lease, in the order of the jobs.
pub(super) fn merged(notes: &[Note]) -> Vec<(Lease, Report<'_>)> {
    let mut merged: BTreeMap<(JobId, WorkerId, i64), (Lease, Report<'_>)> = BTreeMap::new();
    for note in notes {
        let lease = note.lease;
        let key = (lease.job_id, lease.worker_id, lease.token);
        let (_, newest) = merged.entry(key).or_insert_with(|| (lease, Report::default()));
        match &note.kind {
            NoteKind::Progress(percent) => newest.progress = Some(*percent),
            NoteKind::Output(output) => newest.output = Some(output),
            NoteKind::Step { name, entry } => {
                newest.steps.insert(name, entry);
            }
            NoteKind::Prolonged { timeout_ms } => newest.prolonged_ms = Some(*timeout_ms),
        }
    }
    merged.into_values().collect()
}
