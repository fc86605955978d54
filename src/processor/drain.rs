//! The way to the end of a processor.

use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use tokio::time::timeout;

use super::engine::{Engine, Phase};
use crate::error::Error;

/// How long handlers have, once told to stop, before their jobs are given back.
const AFTER_ABORT: Duration = Duration::from_secs(1);
/// How long the last results may take to be recorded.
pub(super) const FLUSH: Duration = Duration::from_secs(10);
/// How long a claim in flight may take; the store's own deadlines are shorter.
const CLAIM: Duration = Duration::from_secs(60);

/// How draining went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Whether every handler ended within the time given.
    pub complete: bool,
    /// Jobs given back although their handlers still ran.
    pub released: usize,
}

/// The end of the claimer, which several may wait for.
pub(super) type ClaimerEnd = Shared<BoxFuture<'static, ()>>;

pub(super) async fn run(engine: &Engine, claimer: Option<ClaimerEnd>, time: Duration) -> Drained {
    engine.advance(Phase::Draining);
    if let Some(claimer) = claimer {
        // A claim in flight must land before what it brings can be given back.
        let _ended = timeout(CLAIM, claimer).await;
    }
    engine.lanes.take_waiting();
    let mut drained = Drained { complete: true, released: 0 };
    if timeout(time, engine.lanes.empty()).await.is_err() {
        drained.complete = false;
        engine.lanes.abort_running();
        if timeout(AFTER_ABORT, engine.lanes.empty()).await.is_err() {
            drained.released = engine.lanes.release_running();
            tracing::warn!("gave back {} jobs whose handlers did not stop", drained.released);
        }
    }
    if timeout(FLUSH, engine.outbox.flushed()).await.is_err() {
        tracing::warn!("results could not be recorded before the end; their jobs will be reclaimed");
    }
    if let Some(worker) = engine.worker() {
        match engine.storage.unregister(&worker).await {
            // A queue that was closed first has no connection left to say goodbye on: the leases run out.
            Ok(()) | Err(Error::Closed) => {}
            Err(error) => engine.report(&error, "unregistering the worker"),
        }
    }
    tracing::info!("worker {} has ended", engine.config.worker_name);
    engine.advance(Phase::Closed);
    engine.lanes.close();
    drained
}
