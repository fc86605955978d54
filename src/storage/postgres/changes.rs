//! Changes that callers make: cancel, retry, edit.

use tokio_postgres::Row;

use super::PostgresStorage;
use super::dependents::Released;
use super::filter::Selection;
use super::rows::{At, Json, Reader, damaged};
use super::session::Params;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{Change, Chunk, Filter, JobEdit, JobId, Spacing, distinct};
use crate::storage::edits;

impl PostgresStorage {
    /// How many were changed, and which; those that it was only asked for are not among these.
    pub(super) async fn change_ids(&self, ids: &[JobId], change: &Change) -> Result<(u64, Vec<JobId>)> {
        if ids.is_empty() {
            return Ok((0, Vec::new()));
        }
        let changed = match change {
            Change::Cancel => return self.cancel(ids).await.map(counted),
            Change::CancelRunning => return self.cancel_running(ids).await,
            Change::Retry => return Ok(counted(self.retry(ids, Spacing::default()).await?.0)),
            Change::Edit(edit) if edit.is_empty() => Vec::new(),
            Change::Edit(edit) => self.edit(ids, edit).await?,
            Change::Delete => return self.delete(ids).await.map(counted),
        };
        if !changed.is_empty() {
            self.bounds.reset();
            self.announce();
        }
        Ok(counted(changed))
    }

    pub(super) async fn cancel(&self, ids: &[JobId]) -> Result<Vec<JobId>> {
        let rows = self.tried(&self.statements.cancel, &[&ids]).await?;
        let changed = read_ids(&rows)?;
        self.hub.ended(ids.iter().copied());
        if told(&rows)? {
            self.go_on_after(ids.to_vec(), Released::default()).await;
        }
        Ok(changed)
    }

    /// A job may be claimed, or its run end, between the two statements: then one of them finds it at the second look.
    async fn cancel_running(&self, ids: &[JobId]) -> Result<(u64, Vec<JobId>)> {
        let (mut changed, mut cancelled) = (0, Vec::new());
        for _ in 0..2 {
            let asked = read_count(&self.tried(&self.statements.request_cancel, &[&ids]).await?)?;
            if asked > 0 {
                self.hub.ask();
            }
            let more = self.cancel(ids).await?;
            changed += asked + more.len() as u64;
            cancelled.extend(more);
            if changed >= ids.len() as u64 {
                break;
            }
        }
        Ok((changed, cancelled))
    }

    pub(super) async fn change_matching(
        &self,
        filter: &Filter,
        change: &Change,
        after: JobId,
        limit: u32,
    ) -> Result<Chunk> {
        let (ids, next) = self.candidates(filter, change, after, limit).await?;
        let (changed, ids) = self.change_ids(&ids, change).await?;
        Ok(Chunk { changed, ids, next })
    }

    pub(super) async fn retry_matching(
        &self,
        filter: &Filter,
        spacing: Spacing,
        after: JobId,
        limit: u32,
    ) -> Result<(Chunk, Option<Timestamp>)> {
        let (ids, next) = self.candidates(filter, &Change::Retry, after, limit).await?;
        let (ids, later) = self.retry(&ids, spacing).await?;
        Ok((Chunk { changed: ids.len() as u64, ids, next }, later))
    }

    /// The next jobs that match and may be changed so, and where to go on.
    async fn candidates(
        &self,
        filter: &Filter,
        change: &Change,
        after: JobId,
        limit: u32,
    ) -> Result<(Vec<JobId>, Option<JobId>)> {
        if matches!(change, Change::Edit(edit) if edit.is_empty()) {
            return Ok(Default::default());
        }
        let Some(selection) = Selection::for_change(&self.names, filter, change) else {
            return Ok(Default::default());
        };
        let (sql, types, params) = selection.step(after, limit);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        let row = rows.first().ok_or_else(|| damaged("a look at jobs without an answer"))?;
        let mut reader = Reader::new(row, 0);
        let full = reader.take::<i64>()? >= i64::from(limit);
        let last = reader.take::<Option<JobId>>()?;
        Ok((reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default(), last.filter(|_| full)))
    }

    /// Retries jobs; which, and when one more may fall due. Those that were added to wait for others wait for what of it is open still.
    async fn retry(&self, ids: &[JobId], spacing: Spacing) -> Result<(Vec<JobId>, Option<Timestamp>)> {
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let params: Params<'_> = &[&ids, &spacing.from.map(At), &spacing.every.as_secs_f64(), &false];
        let rows = self.tried(&self.statements.retry, params).await?;
        let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
        let (mut changed, mut later) = (read_ids(&rows)?, Reader::new(row, 2).time()?);
        if let Some(tied) = Reader::new(row, 3).take::<Option<Vec<JobId>>>()? {
            let (more, later_still) = self.retry_tied(&tied, ids, spacing).await?;
            changed.extend(more);
            later = later.max(later_still);
        }
        if !changed.is_empty() {
            self.bounds.reset();
            self.announce();
        }
        Ok((changed, later))
    }

    async fn edit(&self, ids: &[JobId], edit: &JobEdit) -> Result<Vec<JobId>> {
        let metadata = edits::described(edit)?;
        let payload = edit.payload.as_deref().map(Json);
        let run_at = edit.run_at.flatten().map(At);
        let tags = edit.tags.as_deref().map(distinct).filter(|tags| !tags.is_empty());
        let delay = edit.retry_delay.flatten().map(|span| span.as_secs_f64());
        let delay_max = edit.retry_delay_max.flatten().map(|span| span.as_secs_f64());
        let params: Params<'_> = &[
            &ids,
            &payload,
            &edit.priority,
            &edit.max_attempts,
            &edit.run_at.is_some(),
            &run_at,
            &edit.timeout_ms.is_some(),
            &edit.timeout_ms.flatten(),
            &edit.tags.is_some(),
            &tags,
            &edit.retry_delay.is_some(),
            &delay,
            &edit.retry_backoff.is_some(),
            &edit.retry_backoff.flatten(),
            &edit.retry_delay_max.is_some(),
            &delay_max,
            &Json(metadata.as_bytes()),
            &edit.force_kill_on_timeout,
        ];
        let changed = read_ids(&self.tried(&self.statements.edit, params).await?)?;
        if !changed.is_empty() && edit.tags.is_some() {
            // Somebody may wait for a tag that one of them had.
            self.follow_after(ids.to_vec(), Released::default()).await;
        }
        Ok(changed)
    }
}

/// Whether somebody waits for the end of one of them.
fn told(rows: &[Row]) -> Result<bool> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 1).take::<i64>()? > 0)
}

fn counted(ids: Vec<JobId>) -> (u64, Vec<JobId>) {
    (ids.len() as u64, ids)
}

pub(super) fn read_ids(rows: &[Row]) -> Result<Vec<JobId>> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 0).take::<Option<_>>()?.unwrap_or_default())
}

fn read_count(rows: &[Row]) -> Result<u64> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
}
