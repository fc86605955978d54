//! Reports about running jobs.

use std::collections::HashSet;

use super::PostgresStorage;
use super::rows::Json;
use super::session::{Params, Tries};
use super::settle::{Leases, read_leases};
use crate::error::Result;
use crate::model::{Note, Settled};
use crate::storage::reports::merged;

impl PostgresStorage {
    pub(super) async fn record_notes(&self, notes: &[Note]) -> Result<Vec<Settled>> {
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let merged = merged(notes);
        let leases = Leases::of(merged.iter().map(|(lease, _)| *lease));
        let progress: Vec<_> = merged.iter().map(|(_, report)| report.progress).collect();
        let outputs: Vec<_> = merged.iter().map(|(_, report)| report.output.map(|text| Json(text))).collect();
        let prolonged: Vec<_> = merged.iter().map(|(_, report)| report.prolonged_ms).collect();
        let steps = merged.iter().map(|(_, report)| report.steps_object()).collect::<Result<Vec<_>>>()?;
        let steps: Vec<_> = steps.iter().map(|text| text.as_deref().map(Json)).collect();
        let params: Params<'_> =
            &[&leases.workers, &leases.jobs, &leases.tokens, &progress, &outputs, &prolonged, &steps];

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
