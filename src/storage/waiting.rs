//! Waiting for the end of a job.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::Storage;
use crate::error::Result;
use crate::model::{Job, JobId};
use crate::policy::status::is_final;

/// A hint may be lost; the job is looked at again after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits until a job can change no more by itself, at most until `deadline`. Answers the job as it is then,
/// final or not; `None` when it does not exist.
///
/// # Errors
/// Those of [`Storage::get`] and [`Storage::watch`].
pub async fn wait_for_end(storage: &dyn Storage, id: JobId, deadline: Option<Instant>) -> Result<Option<Job>> {
    // Interest is taken before the first look, so that an end between the two is not missed.
    let mut watch = storage.watch(id).await?;
    loop {
        let job = storage.get(&[id]).await?.pop();
        let over = deadline.is_some_and(|deadline| deadline <= Instant::now());
        match job {
            Some(job) if !over && !is_final(job.status, job.next_attempt_at.is_some()) => {
                let look_again = Instant::now() + LOOK_AGAIN;
                let until = deadline.map_or(look_again, |deadline| deadline.min(look_again));
                if let Ok(Err(_closed)) = timeout_at(until, watch.hints.changed()).await {
                    sleep_until(until).await;
                }
            }
            job => return Ok(job),
        }
    }
}
