//! Receiving jobs of another store.

use std::collections::HashMap;

use serde_json::json;

use super::PostgresStorage;
use super::external::document;
use super::faults::{Attempt, unavailable};
use super::rows::{Json, Reader};
use super::session::{Session, Tries};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{Added, FailureReason, JobId, Transfer};
use crate::storage::parts::parts;

/// The most rows and bytes of one statement.
const ROWS: usize = 1_000;
const BYTES: usize = 8 << 20;
/// How often the holder of a key may vanish between the insert and the look for it.
const ROUNDS: u32 = 20;

impl PostgresStorage {
    pub(super) async fn receive_jobs(&self, jobs: &[Transfer]) -> Result<Vec<Added>> {
        let mut added = Vec::with_capacity(jobs.len());
        let size = |one: &Transfer| one.job.payload.len() + one.error_history.len() + one.step_data.len();
        for chunk in parts(jobs, ROWS, BYTES, size) {
            let received = self.receive_chunk(chunk).await?;
            if received.iter().any(|one| one.created) {
                self.bounds.reset();
                self.announce();
            }
            added.extend(received);
        }
        Ok(added)
    }

    async fn receive_chunk(&self, jobs: &[Transfer]) -> Result<Vec<Added>> {
        let mut open: HashMap<usize, &Transfer> = jobs.iter().enumerate().collect();
        let mut found: Vec<Option<Added>> = vec![None; jobs.len()];
        let mut note = |at: usize, added: Added| {
            if let Some(slot) = found.get_mut(at) {
                *slot = Some(added);
            }
        };
        for _ in 0..ROUNDS {
            let mut places: Vec<usize> = open.keys().copied().collect();
            places.sort_unstable();
            let batch: Vec<&Transfer> = places.iter().filter_map(|at| open.get(at).copied()).collect();
            for (place, id) in self.insert_transfers(&batch).await? {
                if let Some(&at) = places.get(place) {
                    note(at, Added { id, created: true });
                    open.remove(&at);
                }
            }
            if open.is_empty() {
                break;
            }
            let holders = self.holders_of(open.values().copied()).await?;
            open.retain(|&at, one| {
                let holder = one.job.idempotency_key.as_ref().and_then(|key| holders.get(key));
                holder.inspect(|&&id| note(at, Added { id, created: false })).is_none()
            });
            if open.is_empty() {
                break;
            }
        }
        found
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| unavailable("an idempotency key changed hands again and again: try again".into()))
    }

    /// Where in the batch the jobs stand that were added, and their ids.
    async fn insert_transfers(&self, batch: &[&Transfer]) -> Result<Vec<(usize, JobId)>> {
        let documents: Vec<String> = batch.iter().map(|one| item(one)).collect::<Result<_>>()?;
        let param = format!("[{}]", documents.join(","));
        let mut tries = Tries::default();
        loop {
            let session = self.session().await?;
            match self.insert_documents(&session, &param).await {
                Err(fault) if tries.again(&fault).await => {}
                Err(fault) => return Err(fault.into()),
                Ok(places) => return Ok(places),
            }
        }
    }

    async fn insert_documents(&self, session: &Session, param: &str) -> Attempt<Vec<(usize, JobId)>> {
        let rows = session.query(&self.statements.receive, &[&Json(param.as_bytes())]).await?;
        let mut places = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut reader = Reader::new(row, 0);
            let place: i64 = reader.take()?;
            places.push((usize::try_from(place).unwrap_or(usize::MAX), reader.take()?));
        }
        Ok(places)
    }

    async fn holders_of(&self, jobs: impl Iterator<Item = &Transfer>) -> Result<HashMap<String, JobId>> {
        let keys: Vec<_> = jobs.filter_map(|one| one.job.idempotency_key.as_deref()).collect();
        let rows = self.session().await?.query(&self.statements.holders, &[&keys]).await?;
        let mut holders = HashMap::with_capacity(rows.len());
        for row in &rows {
            let mut reader = Reader::new(row, 0);
            holders.insert(reader.take()?, reader.take()?);
        }
        Ok(holders)
    }
}

/// A job and its past as a JSON object. What is JSON goes in as it is: reading it could change numbers.
fn item(one: &Transfer) -> Result<String> {
    let past = json!({
        "source_id": one.source_id,
        "created_at": one.created_at.to_rfc3339(),
        "attempts": one.attempts,
        "next_attempt_at": one.next_attempt_at.map(Timestamp::to_rfc3339),
        "started_at": one.started_at.map(Timestamp::to_rfc3339),
        "last_failed_at": one.last_failed_at.map(Timestamp::to_rfc3339),
        "last_retried_at": one.last_retried_at.map(Timestamp::to_rfc3339),
        "failure_reason": one.failure_reason.map(FailureReason::as_str),
    })
    .to_string();
    Ok(format!(
        "{{\"job\":{},\"error_history\":{},\"step_data\":{},{}",
        document(&one.job)?,
        text("error_history", &one.error_history)?,
        text("step_data", &one.step_data)?,
        past.trim_start_matches('{')
    ))
}

fn text<'a>(field: &str, json: &'a [u8]) -> Result<&'a str> {
    str::from_utf8(json).map_err(|error| Error::Invalid(format!("{field} is not UTF-8: {error}")))
}
