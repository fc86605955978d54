//! Changes that callers make: cancel, retry, edit.

use serde_json::{Map, Value, json};
use tokio_postgres::Row;

use super::PostgresStorage;
use super::filter::{Query, Selection};
use super::rows::{At, Json, Reader, damaged};
use super::session::Params;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{Change, Chunk, Filter, JobEdit, JobId};

pub(super) const CANDIDATES: &str = include_str!("queries/candidates.sql");

impl PostgresStorage {
    pub(super) async fn change_ids(&self, ids: &[JobId], change: &Change) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let changed = match change {
            Change::Cancel => {
                let changed = read_count(&self.tried(&self.statements.cancel, &[&ids]).await?)?;
                self.hub.ended(ids.iter().copied());
                return Ok(changed);
            }
            Change::Retry => read_count(&self.tried(&self.statements.retry, &[&ids]).await?)?,
            Change::Edit(edit) if edit.is_empty() => 0,
            Change::Edit(edit) => self.edit(ids, edit).await?,
        };
        if changed > 0 {
            self.announce();
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
        let Some((sql, types, params)) = self.candidates_query(filter, change, after, limit) else {
            return Ok(Chunk::default());
        };
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            ids.push(Reader::new(row, 0).take::<JobId>()?);
        }
        let full = ids.len() as u64 >= u64::from(limit);
        let next = ids.last().copied().filter(|_| full);
        Ok(Chunk { changed: self.change_ids(&ids, change).await?, next })
    }

    /// `None` when no job of these statuses may be changed so.
    pub(super) fn candidates_query(&self, filter: &Filter, change: &Change, after: JobId, limit: u32) -> Option<Query> {
        let mut selection = Selection::for_change(&self.names, filter, change)?;
        selection.above(after);
        Some(selection.into_query(&self.names, CANDIDATES, i64::from(limit), 0))
    }

    async fn edit(&self, ids: &[JobId], edit: &JobEdit) -> Result<u64> {
        let metadata = described(edit)?;
        let payload = edit.payload.as_deref().map(Json);
        let run_at = edit.run_at.flatten().map(At);
        let tags = edit.tags.as_ref().filter(|tags| !tags.is_empty());
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
        ];
        read_count(&self.tried(&self.statements.edit, params).await?)
    }
}

fn read_count(rows: &[Row]) -> Result<u64> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
}

/// The edited fields as the metadata of an event. The payload goes in as it is: reading it could change numbers.
fn described(edit: &JobEdit) -> Result<String> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put("priority", edit.priority.map(|value| json!(value)));
    put("max_attempts", edit.max_attempts.map(|value| json!(value)));
    put("run_at", edit.run_at.map(|value| json!(value.map(Timestamp::to_rfc3339))));
    put("timeout_ms", edit.timeout_ms.map(|value| json!(value)));
    put("tags", edit.tags.as_ref().map(|value| json!(value)));
    put("retry_delay", edit.retry_delay.map(|value| json!(value.map(|span| span.as_secs_f64()))));
    put("retry_backoff", edit.retry_backoff.map(|value| json!(value)));
    put("retry_delay_max", edit.retry_delay_max.map(|value| json!(value.map(|span| span.as_secs_f64()))));
    let others = Value::Object(fields).to_string();
    let Some(payload) = &edit.payload else { return Ok(others) };
    let payload =
        str::from_utf8(payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?;
    let rest = others.trim_start_matches('{');
    Ok(format!("{{\"payload\":{payload}{}{rest}", if rest == "}" { "" } else { "," }))
}
