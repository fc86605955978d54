//! Deleting jobs, whatever they are but running.

use super::PostgresStorage;
use super::rows::{Reader, damaged};
use super::session::{Params, Tries};
use crate::error::Result;
use crate::model::JobId;

/// How often jobs are looked at anew that somebody began to wait for meanwhile.
const ROUNDS: u32 = 5;

impl PostgresStorage {
    /// Which were deleted. What is upcoming is cancelled first: whoever waits for it, in a handler or before it runs, goes the way that is
    /// known. A crash between the two leaves it cancelled.
    pub(super) async fn delete(&self, ids: &[JobId]) -> Result<Vec<JobId>> {
        self.cancel(ids).await?;
        let mut deleted = Vec::new();
        for _ in 0..ROUNDS {
            let (gone, awaited) = self.delete_ended(ids).await?;
            deleted.extend(gone);
            if awaited.is_empty() {
                break;
            }
            self.follow(awaited, Vec::new()).await?;
        }
        self.hub.ended(deleted.iter().copied());
        deleted.sort_unstable();
        Ok(deleted)
    }

    /// Those that were deleted, and those that others wait for.
    async fn delete_ended(&self, ids: &[JobId]) -> Result<(Vec<JobId>, Vec<JobId>)> {
        let params: Params<'_> = &[&ids];
        let statements = [(&self.statements.hold_waiters, params), (&self.statements.delete, params)];
        let session = self.session().await?;
        let mut tries = Tries::default();
        let results = loop {
            match session.transaction(&statements).await {
                Err(fault) if tries.again(&fault).await => {}
                results => break results?,
            }
        };
        let row = results.last().and_then(|rows| rows.first());
        let mut reader = Reader::new(row.ok_or_else(|| damaged("a deletion without an answer"))?, 0);
        let gone = reader.take::<Option<_>>()?.unwrap_or_default();
        Ok((gone, reader.take::<Option<_>>()?.unwrap_or_default()))
    }
}
