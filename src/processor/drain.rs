//! The way to the end of a processor. It takes a few seconds longer than the time that handlers are given, at most.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use tokio::time::{Instant, timeout, timeout_at};

use super::calls::Call;
use super::engine::{Engine, Phase};
use super::traffic;
use crate::error::Error;

/// How long handlers have, once told to stop, before their jobs are given back.
const AFTER_ABORT: Duration = Duration::from_secs(1);
/// How long beyond the time of the handlers a claim in flight may take.
const CLAIM: Duration = Duration::from_secs(3);
/// How long, after the handlers, the last results may take to be recorded.
pub(super) const FLUSH: Duration = Duration::from_secs(5);
/// How long it may take to tell what was done, as a part of signing off.
const TELL: Duration = Duration::from_secs(1);
/// How long signing off may take; the leases of a worker that could not end by themselves.
const SIGN_OFF: Duration = Duration::from_secs(2);
/// Longer than any process lives.
pub(super) const FOR_EVER: Duration = Duration::from_secs(10 * 366 * 86_400);

/// How draining went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Whether every handler ended within the time given, by this drain and by those before it.
    pub complete: bool,
    /// Jobs given back although their handlers still ran.
    pub released: usize,
}

/// The end of the claimer, which several may wait for.
pub(super) type ClaimerEnd = Shared<BoxFuture<'static, ()>>;

pub(super) async fn run(engine: &Engine, claimer: Option<ClaimerEnd>, time: Duration) -> Drained {
    engine.advance(Phase::Draining);
    let until = Instant::now() + time.min(FOR_EVER);
    engine.lanes.take_waiting();
    let landed = async {
        if let Some(claimer) = claimer {
            // A claim in flight must land before what it brings can be given back.
            let _ended = timeout_at(until + CLAIM, claimer).await;
        }
        engine.lanes.take_waiting();
    };
    let ((), released) = tokio::join!(landed, end_runs(engine, until));
    if timeout_at(until + AFTER_ABORT + FLUSH, engine.outbox.flushed()).await.is_err() {
        tracing::warn!("results could not be recorded before the end; their jobs will be reclaimed");
    }
    if let Some(worker) = engine.worker() {
        let until = Instant::now() + SIGN_OFF;
        tell(engine).await;
        match timeout_at(until, engine.storage.unregister(&worker)).await {
            // A queue that was closed first has no connection left to say goodbye on: the leases run out.
            Ok(Ok(()) | Err(Error::Closed)) => {}
            Ok(Err(error)) => engine.failed(Call::Register, &error, "unregistering the worker"),
            Err(_) => tracing::warn!("the store did not answer when the worker signed off"),
        }
    }
    tracing::info!(worker = engine.config.worker_name.as_str(), "worker {} has ended", engine.config.worker_name);
    engine.advance(Phase::Closed);
    engine.lanes.close();
    Drained { complete: !engine.overdue.load(Ordering::Relaxed), released }
}

/// Tells the rest of what was done. What cannot be told is missing in charts, and nowhere else.
async fn tell(engine: &Engine) {
    match timeout(TELL, traffic::tell(engine)).await {
        Ok(Ok(()) | Err(Error::Closed | Error::WorkerLost { .. })) => {}
        Ok(Err(error)) => engine.failed(Call::Traffic, &error, "telling what was done"),
        Err(_) => tracing::warn!("the store did not answer when it was told what the worker had done"),
    }
}

/// Waits for what runs, then tells it to stop, then gives it back; answers how many jobs that were.
async fn end_runs(engine: &Engine, until: Instant) -> usize {
    if timeout_at(until, engine.lanes.empty()).await.is_ok() {
        return 0;
    }
    engine.overdue.store(engine.lanes.in_hand().1 > 0, Ordering::Relaxed);
    engine.lanes.abort_running();
    if timeout_at(until + AFTER_ABORT, engine.lanes.empty()).await.is_ok() {
        return 0;
    }
    let released = engine.lanes.release_running();
    if released > 0 {
        tracing::warn!("gave back {released} jobs whose handlers did not stop");
    }
    released
}
