//! Jobs whose terms are over: those that expired, and those that were kept for long enough.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::calls::Call;
use super::engine::{Engine, Phase};
use super::lookout::found;
use super::pulse::resting;
use crate::error::{Error, Result};
use crate::model::Outstanding;
use crate::storage::Storage;

/// Jobs looked after in one step.
const STEP: u32 = 500;

/// Processors of a fleet see the same at about the same time: the first that comes does it.
const SPREAD: Duration = Duration::from_secs(1);

/// What a job that expired says of why it was cancelled.
const EXPIRED: &str = "expired: its first attempt had not begun in time";

/// Looks after such jobs whenever a look finds that there are any.
pub(super) async fn keep(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    let mut looks = engine.found.subscribe();
    let mut is_seen = looks.borrow_and_update().terms;
    while is_seen || seen(&engine, &mut looks).await {
        is_seen = false;
        if engine.sleep_or(SPREAD.mul_f64(rand::random::<f64>()), Phase::Draining).await {
            return;
        }
        loop {
            match end_some(engine.storage.as_ref()).await {
                Ok(true) if engine.phase() < Phase::Draining => {}
                Ok(_) => break,
                Err(Error::Closed) => return,
                Err(error) => {
                    engine.failed(Call::Expire, &error, "looking after jobs that expired");
                    break;
                }
            }
        }
    }
}

/// Waits until a look finds any; false at the end of the processor.
async fn seen(engine: &Engine, looks: &mut watch::Receiver<Outstanding>) -> bool {
    resting(async {
        tokio::select! {
            () = found(looks, |found| found.terms) => true,
            () = engine.reached(Phase::Draining) => false,
        }
    })
    .await
}

/// One step; whether there may be more to do.
pub(super) async fn end_some(storage: &dyn Storage) -> Result<bool> {
    let termed = storage.end_terms(EXPIRED, STEP).await?;
    if !termed.expired.is_empty() {
        tracing::info!("cancelled {} jobs that expired", termed.expired.len());
    }
    if termed.deleted > 0 {
        tracing::info!("deleted {} jobs that were kept for long enough", termed.deleted);
    }
    Ok(termed.more)
}
