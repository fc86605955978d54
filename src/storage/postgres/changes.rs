//! Changes that callers make: cancel, retry, edit.

use tokio_postgres::Row;

use super::PostgresStorage;
use super::filter::Selection;
use super::rows::{At, Json, Reader, damaged};
use super::session::Params;
use super::tokens::Keys;
use crate::error::Result;
use crate::model::{Change, Chunk, Filter, JobEdit, JobId, distinct};
use crate::storage::edits;

impl PostgresStorage {
    pub(super) async fn change_ids(&self, ids: &[JobId], change: &Change) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let changed = match change {
            Change::Cancel => return self.cancel(ids).await,
            Change::CancelRunning => return self.cancel_running(ids).await,
            Change::Retry => read_count(&self.tried(&self.statements.retry, &[&ids]).await?)?,
            Change::Edit(edit) if edit.is_empty() => 0,
            Change::Edit(edit) => self.edit(ids, edit).await?,
        };
        if changed > 0 {
            self.bounds.reset();
            self.announce();
        }
        Ok(changed)
    }

    async fn cancel(&self, ids: &[JobId]) -> Result<u64> {
        let rows = self.tried(&self.statements.cancel, &[&ids]).await?;
        let changed = read_count(&rows)?;
        self.hub.ended(ids.iter().copied());
        if told(&rows)? {
            self.resume_after(&Keys::jobs(ids.to_vec())).await;
        }
        Ok(changed)
    }

    /// A job may be claimed, or its run end, between the two statements: then one of them finds it at the second look.
    async fn cancel_running(&self, ids: &[JobId]) -> Result<u64> {
        let mut changed = 0;
        for _ in 0..2 {
            let asked = read_count(&self.tried(&self.statements.request_cancel, &[&ids]).await?)?;
            if asked > 0 {
                self.hub.ask();
            }
            changed += asked + self.cancel(ids).await?;
            if changed >= ids.len() as u64 {
                break;
            }
        }
        Ok(changed)
    }

    pub(super) async fn change_matching(
        &self,
        filter: &Filter,
        change: &Change,
        after: JobId,
        limit: u32,
    ) -> Result<Chunk> {
        if matches!(change, Change::Edit(edit) if edit.is_empty()) {
            return Ok(Chunk::default());
        }
        let Some(selection) = Selection::for_change(&self.names, filter, change) else {
            return Ok(Chunk::default());
        };
        let (sql, types, params) = selection.step(after, limit);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        let row = rows.first().ok_or_else(|| damaged("a look at jobs without an answer"))?;
        let mut reader = Reader::new(row, 0);
        let full = reader.take::<i64>()? >= i64::from(limit);
        let last = reader.take::<Option<JobId>>()?;
        let ids = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        Ok(Chunk { changed: self.change_ids(&ids, change).await?, next: last.filter(|_| full) })
    }

    async fn edit(&self, ids: &[JobId], edit: &JobEdit) -> Result<u64> {
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
        read_count(&self.tried(&self.statements.edit, params).await?)
    }
}

/// Whether somebody waits for the end of one of them.
fn told(rows: &[Row]) -> Result<bool> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 1).take::<i64>()? > 0)
}

fn read_count(rows: &[Row]) -> Result<u64> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
}
