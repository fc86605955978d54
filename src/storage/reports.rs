//! Several reports about one run in one call: the newest of each kind counts.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::model::{JobId, Lease, Note, NoteKind, WorkerId};

/// The newest report of each kind about one run.
#[derive(Debug, Default)]
pub(super) struct Report<'a> {
    pub(super) progress: Option<i32>,
    pub(super) output: Option<&'a Bytes>,
    pub(super) prolonged_ms: Option<i64>,
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
            NoteKind::Prolonged { timeout_ms } => newest.prolonged_ms = Some(*timeout_ms),
        }
    }
    merged.into_values().collect()
}
