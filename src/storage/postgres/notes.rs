//! Reports about running jobs.

use std::collections::{BTreeMap, HashSet};

use super::PostgresStorage;
use super::rows::Json;
use super::session::{Params, Tries};
use super::settle::{Leases, read_leases};
use crate::error::Result;
use crate::model::{Lease, Note, NoteKind, Settled};

/// The newest report of each kind about one job.
#[derive(Default)]
struct Merged<'a> {
    progress: Option<i32>,
    output: Option<Json<'a>>,
    prolonged_ms: Option<i64>,
}

impl PostgresStorage {
    pub(super) async fn record_notes(&self, notes: &[Note]) -> Result<Vec<Settled>> {
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let mut merged: BTreeMap<(i64, i64, i64), (Lease, Merged<'_>)> = BTreeMap::new();
        for note in notes {
            let lease = note.lease;
            let key = (lease.job_id, lease.worker_id, lease.token);
            let (_, newest) = merged.entry(key).or_insert_with(|| (lease, Merged::default()));
            match &note.kind {
                NoteKind::Progress(percent) => newest.progress = Some(*percent),
                NoteKind::Output(output) => newest.output = Some(Json(output)),
                NoteKind::Prolonged { timeout_ms } => newest.prolonged_ms = Some(*timeout_ms),
            }
        }
        let leases = Leases::of(merged.values().map(|(lease, _)| *lease));
        let progress: Vec<_> = merged.values().map(|(_, note)| note.progress).collect();
        let outputs: Vec<_> = merged.values().map(|(_, note)| note.output).collect();
        let prolonged: Vec<_> = merged.values().map(|(_, note)| note.prolonged_ms).collect();
        let params: Params<'_> = &[&leases.workers, &leases.jobs, &leases.tokens, &progress, &outputs, &prolonged];

        let session = self.session().await?;
        let mut tries = Tries::default();
        let rows = loop {
            match session.query(&self.statements.note, params).await {
                Err(fault) if tries.again(&fault).await => {}
                result => break result?,
            }
        };
        let mut applied = HashSet::new();
        read_leases(&rows, &mut applied)?;
        let answer = |lease| if applied.contains(lease) { Settled::Applied } else { Settled::LeaseLost };
        Ok(notes.iter().map(|note| answer(&note.lease)).collect())
    }
}
