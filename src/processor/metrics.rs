//! What a processor did and does, in numbers.

use std::time::Duration;

use super::calls::Call;
use super::engine::Engine;
use crate::model::Tally;

/// A reading of a processor. Its numbers are independent of each other: it is not one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// The name of the worker.
    pub worker: String,
    /// Most handlers running at once.
    pub concurrency: u32,
    /// Handlers that run.
    pub running: usize,
    /// Jobs that are claimed and not started.
    pub waiting: usize,
    /// Since a claim last succeeded, one that found nothing too.
    pub last_claim: Option<Duration>,
    /// Runs whose lease was lost.
    pub lost: u64,
    /// Jobs taken from dead workers.
    pub reclaimed: u64,
    /// How many calls to the store went wrong, by their kind.
    pub errors: Vec<(Call, u64)>,
    /// What was done of each type, with how many jobs of it were claimed: the types that the processor handles, and `other`.
    pub types: Vec<(String, u64, Tally)>,
}

/// Reads the metrics. Asks nobody, and waits for nothing.
pub(super) fn read(engine: &Engine) -> Metrics {
    let (in_hand, running) = engine.lanes.in_hand();
    let counts = engine.stats.read();
    Metrics {
        worker: engine.config.worker_name.clone(),
        concurrency: engine.config.concurrency,
        running,
        waiting: in_hand.saturating_sub(running),
        last_claim: engine.vitals.last_claim(),
        lost: counts.lost,
        reclaimed: counts.reclaimed,
        errors: engine.stats.errors(),
        types: engine.stats.types(),
    }
}
