//! Long changes made of bounded steps, so that no statement holds locks for long.

use std::time::Duration;

use super::Storage;
use crate::error::Result;
use crate::model::{Change, Chunk, Filter, JobId, Page, Prune, Spacing};
use crate::policy::limits::CHUNK;

/// Changes every job that matches and was there when the call began; how many were changed. Jobs added meanwhile may be
/// among them; but the call ends, however fast they come.
///
/// # Errors
/// Those of [`Storage::find`] and [`Storage::change_many`]; steps made before the error stay.
pub async fn change_all(storage: &dyn Storage, filter: &Filter, change: &Change) -> Result<u64> {
    change_in_steps(storage, filter, change, CHUNK).await
}

/// As [`change_all`], in steps that look at so many jobs each.
///
/// # Errors
/// As [`change_all`].
pub async fn change_in_steps(storage: &dyn Storage, filter: &Filter, change: &Change, limit: u32) -> Result<u64> {
    let Some(newest) = newest(storage).await? else { return Ok(0) };
    let mut total = Total::default();
    while let Some(after) = total.next.filter(|after| *after < newest) {
        total.add(storage.change_many(filter, change, after, limit).await?);
    }
    Ok(total.changed)
}

/// Retries every job that matches and was there when the call began, so that they fall due one after another, `every` apart; how
/// many were retried.
///
/// # Errors
/// Those of [`Storage::find`] and [`Storage::retry_spaced`]; steps made before the error stay.
pub async fn retry_all_spaced(storage: &dyn Storage, filter: &Filter, every: Duration) -> Result<u64> {
    retry_in_steps(storage, filter, every, CHUNK).await
}

/// As [`retry_all_spaced`], in steps that look at so many jobs each.
///
/// # Errors
/// As [`retry_all_spaced`].
pub async fn retry_in_steps(storage: &dyn Storage, filter: &Filter, every: Duration, limit: u32) -> Result<u64> {
    let Some(newest) = newest(storage).await? else { return Ok(0) };
    let (mut total, mut spacing) = (Total::default(), Spacing { from: None, every });
    while let Some(after) = total.next.filter(|after| *after < newest) {
        let (chunk, later) = storage.retry_spaced(filter, spacing, after, limit).await?;
        spacing.from = later.or(spacing.from);
        total.add(chunk);
    }
    Ok(total.changed)
}

async fn newest(storage: &dyn Storage) -> Result<Option<JobId>> {
    let newest = storage.find(&Filter::default(), Page { limit: 1, offset: 0, before: None }).await?;
    Ok(newest.first().map(|job| job.id))
}

/// Deletes every old job, and forgets what kept others from being added beside a deleted one; how many were deleted.
///
/// # Errors
/// Those of [`Storage::prune_jobs`] and [`Storage::prune_kinds`].
pub async fn prune_all_jobs(storage: &dyn Storage, prune: &Prune) -> Result<u64> {
    let mut total = Total::default();
    while let Some(after) = total.next {
        total.add(storage.prune_jobs(prune, after, CHUNK).await?);
    }
    let mut after = String::new();
    while let Some(next) = storage.prune_kinds(&after, CHUNK).await? {
        if next == after {
            break;
        }
        after = next;
    }
    Ok(total.changed)
}

/// Makes the payload of every job null that completed at least `older_than` ago; how many were there.
///
/// # Errors
/// Those of [`Storage::prune_payloads`].
pub async fn prune_all_payloads(storage: &dyn Storage, older_than: Duration) -> Result<u64> {
    let mut total = Total::default();
    while let Some(after) = total.next {
        total.add(storage.prune_payloads(older_than, after, CHUNK).await?);
    }
    Ok(total.changed)
}

/// Deletes every event older than `older_than`; how many were deleted.
///
/// # Errors
/// Those of [`Storage::prune_events`].
pub async fn prune_all_events(storage: &dyn Storage, older_than: Duration) -> Result<u64> {
    let mut total = Total::default();
    while let Some(after) = total.next {
        total.add(storage.prune_events(older_than, after, CHUNK).await?);
    }
    Ok(total.changed)
}

/// Marks every token whose time is up; how many there were.
///
/// # Errors
/// Those of [`Storage::tidy_waits`].
pub async fn expire_all_tokens(storage: &dyn Storage) -> Result<u64> {
    let mut total = 0;
    loop {
        let marked = storage.tidy_waits(CHUNK).await?;
        total += marked;
        if marked < u64::from(CHUNK) {
            return Ok(total);
        }
    }
}

/// Deletes every token of no job that was over for `older_than`; how many were deleted.
///
/// # Errors
/// Those of [`Storage::prune_tokens`].
pub async fn prune_all_tokens(storage: &dyn Storage, older_than: Duration) -> Result<u64> {
    let mut total = 0;
    loop {
        let deleted = storage.prune_tokens(older_than, CHUNK).await?;
        total += deleted;
        if deleted < u64::from(CHUNK) {
            return Ok(total);
        }
    }
}

/// Reclaims every stuck job; how many were reclaimed.
///
/// # Errors
/// Those of [`Storage::reclaim_stuck`].
pub async fn reclaim_all_stuck(storage: &dyn Storage, max_processing: Duration) -> Result<u64> {
    let mut total = Total::default();
    while let Some(after) = total.next {
        total.add(storage.reclaim_stuck(max_processing, after, CHUNK).await?);
    }
    Ok(total.changed)
}

struct Total {
    changed: u64,
    next: Option<i64>,
}

impl Default for Total {
    fn default() -> Self {
        Self { changed: 0, next: Some(0) }
    }
}

impl Total {
    fn add(&mut self, chunk: Chunk) {
        self.changed += chunk.changed;
        // A driver that does not move forward would loop for ever: stop there.
        self.next = chunk.next.filter(|next| Some(*next) > self.next);
    }
}
