//! Changes that callers make: cancel, retry, edit.

use std::time::Duration;

use rmpv::Value as Packed;

use super::RedisStorage;
use super::find::{Direction, pack, packed, texts};
use super::record::sortable;
use crate::error::Result;
use crate::model::{Change, Chunk, Filter, JobEdit, JobId, Status, distinct};
use crate::storage::edits;

impl RedisStorage {
    pub(super) async fn change_ids(&self, ids: &[JobId], change: &Change) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let changed = match change {
            Change::Cancel | Change::CancelRunning => {
                let asks = i32::from(matches!(change, Change::CancelRunning));
                let (cancelled, asked): (u64, u64) =
                    self.call(&self.scripts.cancel, |call| call.arg(asks).arg(ids)).await?;
                self.hub.ended(ids.iter().copied());
                if asked > 0 {
                    self.hub.ask();
                }
                return Ok(cancelled + asked);
            }
            Change::Retry => self.call(&self.scripts.retry, |call| call.arg(ids)).await?,
            Change::Edit(edit) if edit.is_empty() => 0,
            Change::Edit(edit) => self.edit(ids, edit).await?,
        };
        if changed > 0 {
            self.hub.bump();
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
        let open: &[Status] = match change {
            Change::Cancel | Change::CancelRunning => &[Status::Pending, Status::Waiting, Status::Failed],
            Change::Retry => &[Status::Failed, Status::Cancelled],
            Change::Edit(_) => &[Status::Pending, Status::Failed],
        };
        let asked = |status: &Status| filter.statuses.is_empty() || filter.statuses.contains(status);
        let statuses: Vec<_> = open.iter().copied().filter(asked).collect();
        if statuses.is_empty() || matches!(change, Change::Edit(edit) if edit.is_empty()) {
            return Ok(Chunk::default());
        }
        let narrowed = packed(&Filter { statuses, ..filter.clone() });
        let (ids, next) = self.search(&narrowed, Direction::Oldest, Some(after), limit).await?;
        Ok(Chunk { changed: self.change_ids(&ids, change).await?, next })
    }

    async fn edit(&self, ids: &[JobId], edit: &JobEdit) -> Result<u64> {
        let (values, metadata) = (values(edit), edits::described(edit)?);
        let payload = edit.payload.as_deref();
        self.call(&self.scripts.edit, |call| {
            call.arg(values).arg(metadata).arg(i32::from(payload.is_some())).arg(payload.unwrap_or_default()).arg(ids)
        })
        .await
    }
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
