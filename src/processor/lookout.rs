//! Looks at the store now and then for what no hint told of. The loops that would act on it wait for what this finds, so that an
//! idle processor sends one statement where each of them would send its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::engine::{Backoff, Engine, Phase};
use crate::error::{Error, Result};
use crate::model::{Outstanding, Worker};

/// A processor that hears hints looks for jobs so many times more seldom than one that does not.
const HEARING: u32 = 3;

/// Longer than any process lives.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

pub(super) async fn run(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    let mut backoff = Backoff::new();
    // Workers that died before this one came are seen at once.
    let (mut look_at, mut poll_at) = (Instant::now(), next_poll(&engine));
    loop {
        let pause = look_at.min(poll_at).saturating_duration_since(Instant::now());
        if engine.sleep_or(pause, Phase::Draining).await {
            return;
        }
        let polls = poll_at <= Instant::now();
        // One that is not registered is about to be, and claims then.
        if let Some(worker) = engine.worker() {
            match look(&engine, &worker, polls).await {
                Ok(found) => {
                    engine.reached_store();
                    backoff.reset();
                    engine.found.send_replace(found);
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    engine.report(&error, "looking for what is to be done");
                    look_at = Instant::now() + backoff.pause();
                    continue;
                }
            }
        }
        look_at = next_look(&engine);
        if polls {
            poll_at = next_poll(&engine);
        }
    }
}

async fn look(engine: &Engine, worker: &Worker, polls: bool) -> Result<Outstanding> {
    let job_types = if polls { engine.config.job_types.as_slice() } else { &[] };
    let mut found = engine.storage.look(worker.id, job_types).await?;
    // Which other types there are the claim finds out.
    found.jobs |= polls && engine.config.any_type;
    Ok(found)
}

/// Often enough to see the lease of any other worker before it runs out. Processors of a fleet do not keep in step.
fn next_look(engine: &Engine) -> Instant {
    Instant::now() + (engine.config.lease / 2).mul_f64(0.8 + rand::random::<f64>() * 0.4)
}

fn next_poll(engine: &Engine) -> Instant {
    let interval = engine.config.poll_interval;
    let interval = if engine.storage.hears() { interval.saturating_mul(HEARING) } else { interval };
    Instant::now() + interval.min(LONGEST)
}

/// Waits until a look finds what is asked for.
pub(super) async fn found(looks: &mut watch::Receiver<Outstanding>, is_meant: impl Fn(&Outstanding) -> bool) {
    while looks.changed().await.is_ok() {
        if is_meant(&looks.borrow_and_update()) {
            return;
        }
    }
    std::future::pending::<()>().await;
}
