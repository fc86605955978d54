//! Letting jobs wait for others, when they are added or put back into the queue.

use std::collections::HashSet;

use serde_json::Value;

use super::PostgresStorage;
use super::changes::read_ids;
use super::dependents::read_cancelled;
use super::faults::Attempt;
use super::rows::{At, Json, Reader, damaged, tags_text};
use super::session::{Params, Session, Tries};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::lock::Mutex;
use crate::model::{Added, JobId, NewJob, Spacing};
use crate::storage::dependencies::{self, Tie};
use crate::storage::parts::parts;

/// The most jobs, and bytes of what they wait for, that one statement carries.
const ROWS: usize = 5_000;
const BYTES: usize = 1 << 20;

/// Jobs that others wait for, among those that this storage's workers run: their ends are recorded together with what follows. Others
/// may begin to wait for a job while it runs, so that it is not here.
#[derive(Debug, Default)]
pub(super) struct Tied(Mutex<HashSet<JobId>>);

impl Tied {
    pub(super) fn claimed(&self, id: JobId) {
        self.0.lock().insert(id);
    }

    /// Whether any of these is such a job.
    pub(super) fn has_any(&self, mut ids: impl Iterator<Item = JobId>) -> bool {
        let tied = self.0.lock();
        !tied.is_empty() && ids.any(|id| tied.contains(&id))
    }

    /// Whether any of these runs, which end, is of such a job.
    pub(super) fn ends(&self, ids: impl Iterator<Item = JobId>) -> bool {
        let mut tied = self.0.lock();
        // All are taken out, not just the first that is met.
        !tied.is_empty() && ids.filter(|id| tied.remove(id)).count() > 0
    }
}

impl PostgresStorage {
    /// Lets jobs wait that were added in the open transaction.
    pub(super) async fn tie_added(&self, session: &Session, jobs: &[NewJob], added: &[Added]) -> Attempt<()> {
        let ties = dependencies::ties(jobs, added)?;
        let prerequisites = dependencies::prerequisites(&ties);
        let held = self.hold(session, &prerequisites).await?;
        let missing: Vec<_> = prerequisites.iter().filter(|id| !held.contains(id)).copied().collect();
        if !missing.is_empty() {
            return Err(dependencies::unknown(&missing).into());
        }
        self.bind(session, &ties, false).await?;
        // Of those that failed or were cancelled already. Nobody else knows these jobs yet.
        let mut from = prerequisites;
        while !from.is_empty() {
            from = read_cancelled(&session.query(&self.statements.cancel_dependents, &[&from]).await?)?.0;
        }
        Ok(())
    }

    /// Puts jobs back into the queue that were added to wait for others: for those that are open still they wait again.
    pub(super) async fn retry_tied(
        &self,
        tied: &[JobId],
        ids: &[JobId],
        spacing: Spacing,
    ) -> Result<(Vec<JobId>, Option<Timestamp>)> {
        let mut tries = Tries::default();
        loop {
            let session = self.session().await?;
            match self.retry_tied_once(&session, tied, ids, spacing).await {
                Err(fault) if tries.again(&fault).await => {}
                result => return Ok(result?),
            }
        }
    }

    async fn retry_tied_once(
        &self,
        session: &Session,
        tied: &[JobId],
        ids: &[JobId],
        spacing: Spacing,
    ) -> Attempt<(Vec<JobId>, Option<Timestamp>)> {
        session.begin().await?;
        let retried = async {
            let rows = session.query(&self.statements.prerequisites, &[&tied]).await?;
            let mut ties = Vec::with_capacity(rows.len());
            for row in &rows {
                let mut reader = Reader::new(row, 0);
                ties.push(Tie { id: reader.take()?, job_ids: reader.take()?, tags: reader.take()? });
            }
            self.hold(session, &dependencies::prerequisites(&ties)).await?;
            // All of the ids, so that each falls due at its own place among them.
            let params: Params<'_> = &[&ids, &spacing.from.map(At), &spacing.every.as_secs_f64(), &true];
            let rows = session.query(&self.statements.retry, params).await?;
            let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
            let changed = (read_ids(&rows)?, Reader::new(row, 2).time()?);
            self.bind(session, &ties, true).await?;
            Ok(changed)
        };
        match retried.await {
            Ok(changed) => session.commit().await.map(|()| changed),
            Err(fault) => {
                let _ = session.roll_back().await;
                Err(fault)
            }
        }
    }

    /// Locks jobs that others are to wait for; answers those that exist.
    async fn hold(&self, session: &Session, ids: &[JobId]) -> Attempt<HashSet<JobId>> {
        let rows = session.query(&self.statements.tie, &[&ids]).await?;
        let held = rows.first().map(|row| Reader::new(row, 0).take::<Option<Vec<JobId>>>()).transpose()?;
        Ok(held.flatten().unwrap_or_default().into_iter().collect())
    }

    async fn bind(&self, session: &Session, ties: &[Tie], again: bool) -> Attempt<()> {
        for some in parts(ties, ROWS, BYTES, |tie| 8 * tie.job_ids.len()) {
            let document = documents(some, again).to_string();
            session.query(&self.statements.bind, &[&Json(document.as_bytes())]).await?;
        }
        let tagged: Vec<_> = ties.iter().filter(|tie| !tie.tags.is_empty()).map(|tie| tie.id).collect();
        if !tagged.is_empty() {
            self.witness_or_free(session, tagged).await?;
        }
        Ok(())
    }
}

/// What jobs wait for, as one statement takes it.
pub(super) fn documents(ties: &[Tie], again: bool) -> Value {
    ties.iter().map(|tie| tie.document(tags_text(&tie.tags), again)).collect()
}
