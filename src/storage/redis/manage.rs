//! Changes that callers make: cancel, retry, edit.

use std::time::Duration;

use rmpv::Value as Packed;

use super::RedisStorage;
use super::find::{Direction, pack, packed, read_id, texts};
use super::record::sortable;
use super::upkeep::micros;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{Change, Chunk, Filter, JobEdit, JobId, Spacing, Status, distinct};
use crate::storage::edits;

/// How often jobs are looked at anew for which others wait: each time ten thousand of these are cancelled.
const ROUNDS: u32 = 100;

impl RedisStorage {
    /// How many were changed, and which; those that it was only asked for are not among these.
    pub(super) async fn change_ids(&self, ids: &[JobId], change: &Change) -> Result<(u64, Vec<JobId>)> {
        if ids.is_empty() {
            return Ok((0, Vec::new()));
        }
        let changed = match change {
            Change::Cancel | Change::CancelRunning => {
                let asks = i32::from(matches!(change, Change::CancelRunning));
                let (cancelled, asked): (Vec<String>, u64) =
                    self.call(&self.scripts.cancel, |call| call.arg(asks).arg(ids)).await?;
                self.hub.ended(ids.iter().copied());
                if asked > 0 {
                    self.hub.ask();
                }
                return Ok((cancelled.len() as u64 + asked, read_ids(&cancelled)?));
            }
            Change::Retry => {
                let (changed, _) = self.retry(ids, Spacing::default()).await?;
                return Ok((changed.len() as u64, changed));
            }
            Change::Edit(edit) if edit.is_empty() => Vec::new(),
            Change::Edit(edit) => self.edit(ids, edit).await?,
            Change::Delete => {
                let deleted = self.delete(ids).await?;
                return Ok((deleted.len() as u64, deleted));
            }
        };
        if !changed.is_empty() {
            self.hub.bump();
        }
        Ok((changed.len() as u64, read_ids(&changed)?))
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
        let open: &[Status] = match change {
            Change::Cancel | Change::CancelRunning => &[Status::Pending, Status::Waiting, Status::Failed],
            Change::Retry => &[Status::Failed, Status::Cancelled],
            Change::Edit(_) => &[Status::Pending, Status::Failed],
            Change::Delete => &[Status::Pending, Status::Completed, Status::Failed, Status::Cancelled, Status::Waiting],
        };
        let asked = |status: &Status| filter.statuses.is_empty() || filter.statuses.contains(status);
        let statuses: Vec<_> = open.iter().copied().filter(asked).collect();
        if statuses.is_empty() || matches!(change, Change::Edit(edit) if edit.is_empty()) {
            return Ok(Default::default());
        }
        let narrowed = packed(&Filter { statuses, ..filter.clone() });
        // Apart, as the future of a whole call within a call is deep.
        Box::pin(self.search(&narrowed, Direction::Oldest, Some(after), limit)).await
    }

    /// Which were deleted. What is upcoming is cancelled first, so that those that wait for it go the way that is known; a crash between the
    /// two leaves it cancelled.
    async fn delete(&self, ids: &[JobId]) -> Result<Vec<JobId>> {
        self.call::<(Vec<String>, u64)>(&self.scripts.cancel, |call| call.arg(0).arg(ids)).await?;
        self.hub.ended(ids.iter().copied());
        let mut deleted = Vec::new();
        for _ in 0..ROUNDS {
            let (again, gone): (bool, Vec<String>) = self.call(&self.scripts.delete, |call| call.arg(ids)).await?;
            deleted.extend(read_ids(&gone)?);
            if !again {
                break;
            }
        }
        deleted.sort_unstable();
        Ok(deleted)
    }

    /// Retries jobs; which, and when one more may fall due.
    async fn retry(&self, ids: &[JobId], spacing: Spacing) -> Result<(Vec<JobId>, Option<Timestamp>)> {
        if ids.is_empty() {
            return Ok((Vec::new(), None));
        }
        let from = spacing.from.map(|from| from.as_micros().to_string()).unwrap_or_default();
        let (changed, later): (Vec<String>, i64) =
            self.call(&self.scripts.retry, |call| call.arg(from).arg(micros(spacing.every)).arg(ids)).await?;
        if !changed.is_empty() {
            self.hub.bump();
        }
        Ok((read_ids(&changed)?, Some(Timestamp::from_micros(later)).filter(|_| !changed.is_empty())))
    }

    async fn edit(&self, ids: &[JobId], edit: &JobEdit) -> Result<Vec<String>> {
        let (values, metadata) = (values(edit), edits::described(edit)?);
        let payload = edit.payload.as_deref();
        self.call(&self.scripts.edit, |call| {
            call.arg(values).arg(metadata).arg(i32::from(payload.is_some())).arg(payload.unwrap_or_default()).arg(ids)
        })
        .await
    }
}

pub(super) fn read_ids(texts: &[String]) -> Result<Vec<JobId>> {
    texts.iter().map(|text| read_id(text)).collect()
}

/// The new values but for the payload; false clears, and makes `run_at` now.
fn values(edit: &JobEdit) -> Vec<u8> {
    let mut map: Vec<(Packed, Packed)> = Vec::new();
    let mut put = |name: &str, value: Option<Packed>| {
        if let Some(value) = value {
            map.push((name.into(), value));
        }
    };
    let none = || Packed::from(false);
    let seconds = |span: Option<Duration>| span.map_or_else(none, |span| span.as_secs_f64().into());
    put("priority", edit.priority.map(Packed::from));
    put("max_attempts", edit.max_attempts.map(Packed::from));
    put("run_at", edit.run_at.map(|at| at.map_or_else(none, |at| sortable(at).into())));
    put("timeout_ms", edit.timeout_ms.map(|value| value.map_or_else(none, Packed::from)));
    let tags = edit.tags.as_ref().map(|tags| if tags.is_empty() { none() } else { texts(&distinct(tags)) });
    put("tags", tags);
    put("force_kill", edit.force_kill_on_timeout.map(Packed::from));
    put("retry_delay", edit.retry_delay.map(seconds));
    put("retry_backoff", edit.retry_backoff.map(|flag| flag.map_or_else(none, |flag| i64::from(flag).into())));
    put("retry_delay_max", edit.retry_delay_max.map(seconds));
    pack(Packed::Map(map))
}
