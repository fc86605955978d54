//! Keeps the leases alive, off the interpreter, learns by that which runs are to be cancelled, and watches deadlines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;

use super::calls::Call;
use super::engine::{Backoff, Engine, Phase};
use super::pulse::resting;

/// How long requests to cancel gather before a renewal asks which they are.
const GATHER: Duration = Duration::from_millis(20);

/// Registers the worker and renews its leases, three times in a lease, which lasts longer while it has nothing in hand. A worker that lost its leases registers anew, at
/// once, whoever found out.
pub(super) async fn renew(engine: Arc<Engine>) {
    let mut backoff = Backoff::new();
    let interval = engine.config.lease / 3;
    let mut cancels = engine.storage.cancels();
    loop {
        cancels.mark_unchanged();
        let pause = match engine.worker() {
            None if engine.phase() == Phase::Running => match engine.register().await {
                Ok((_, lease)) => {
                    engine.reached_store();
                    backoff.reset();
                    lease / 3
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    engine.failed(Call::Register, &error, "registering the worker");
                    backoff.pause()
                }
            },
            // A draining processor that lost its leases has nothing left to renew.
            None => interval,
            Some(worker) => match engine.renew(&worker).await {
                Ok(lease) => {
                    engine.reached_store();
                    backoff.reset();
                    lease / 3
                }
                Err(Error::WorkerLost { worker }) => {
                    engine.worker_lost(worker);
                    Duration::ZERO
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    engine.failed(Call::Renew, &error, "renewing leases");
                    backoff.pause().min(interval)
                }
            },
        };
        let mut until = Instant::now() + pause;
        loop {
            tokio::select! {
                closed = engine.sleep_leased(until.saturating_duration_since(Instant::now())) => {
                    if closed { return }
                    break;
                }
                // A renewal tells which runs are meant; of many requests that come together one does for all.
                Ok(()) = cancels.changed() => {
                    if engine.sleep_or(GATHER, Phase::Closed).await { return }
                    break;
                }
                // The claim that ended the rest renewed the lease.
                () = engine.rest.over.notified() => until = until.min(Instant::now() + interval),
            }
        }
    }
}

/// Acts on the deadlines of running handlers as they come.
pub(super) async fn watch_deadlines(engine: Arc<Engine>) {
    loop {
        let next = engine.lanes.expire(Instant::now());
        let pause = next.map_or(Duration::from_secs(3600), |at| at.saturating_duration_since(Instant::now()));
        let woken = resting(async {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = engine.lanes.rearm.notified() => {}
                () = engine.reached(Phase::Closed) => {}
            }
        });
        woken.await;
        if engine.phase() == Phase::Closed {
            return;
        }
    }
}
