//! What the fleet did, as its stores keep it for charts.

use async_trait::async_trait;

use crate::error::Result;
use crate::model::{Step, Traffic, TrafficQuery, TrafficRows, Worker};

/// Keeps what workers did, added up by minute and hour. A part of [`super::Storage`], which its promises hold for.
#[async_trait]
pub trait TrafficStore {
    /// Adds what a worker did, to the minute and to the hour that the store's clock is in: one statement, of a row for each type
    /// once. A report whose `number` is not greater than that of one which was recorded of this worker changes nothing.
    /// [`crate::Error::WorkerLost`] when the worker is not registered (any more).
    async fn record_traffic(&self, worker: &Worker, number: i64, traffic: &[Traffic]) -> Result<()>;

    /// What was done, in steps. What a worker that was killed had not told is missing.
    async fn traffic(&self, query: &TrafficQuery) -> Result<TrafficRows>;

    /// Deletes up to `limit` rows of steps that are older than they are kept ([`Step::kept`]); how many.
    async fn prune_traffic(&self, step: Step, limit: u32) -> Result<u64>;
}
