//! What processors and the fleet did, in numbers.

use std::time::Duration;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use super::arguments;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::model::BOUNDS_MS;
use crate::policy::traffic::{self, Chart};
use crate::processor::Metrics;

/// `(type, jobs claimed, the numbers of its tally)`.
pub(super) type MetersTuple = (String, u64, Vec<u64>);

/// `(worker, concurrency, running, waiting, seconds since the last claim, lost, reclaimed, errors by call, types)`.
pub(super) type MetricsTuple =
    (String, u32, usize, usize, Option<f64>, u64, u64, Vec<(&'static str, u64)>, Vec<MetersTuple>);

pub(super) fn metrics(metrics: Metrics) -> MetricsTuple {
    let Metrics { worker, concurrency, running, waiting, last_claim, lost, reclaimed, errors, types } = metrics;
    let errors = errors.into_iter().map(|(call, count)| (call.name(), count)).collect();
    let types = types.into_iter().map(|(name, claimed, tally)| (name, claimed, tally.numbers().to_vec())).collect();
    let last_claim = last_claim.map(|age| age.as_secs_f64());
    (worker, concurrency, running, waiting, last_claim, lost, reclaimed, errors, types)
}

/// The same as JSON, for a parent process.
pub(super) fn metrics_json(told: Metrics) -> serde_json::Value {
    serde_json::json!(metrics(told))
}

/// `(seconds of a step, [(its beginning in microseconds, numbers)], [(type, numbers)])`.
pub(super) fn chart(py: Python<'_>, chart: Chart) -> PyResult<Bound<'_, PyAny>> {
    let points: Vec<_> = chart.points.iter().map(|(at, tally)| (at.as_micros(), tally.numbers().to_vec())).collect();
    let types: Vec<_> = chart.types.into_iter().map(|(name, tally)| (name, tally.numbers().to_vec())).collect();
    (chart.step.seconds(), points, types).into_bound_py_any(py)
}

/// The upper bounds of the buckets of durations, in seconds.
pub(super) fn bounds() -> Vec<f64> {
    BOUNDS_MS.iter().map(|bound| Duration::from_millis(*bound).as_secs_f64()).collect()
}

/// What the fleet did in the last `span` seconds, of one type or of all.
#[pyfunction]
pub(super) fn fleet_traffic(
    py: Python<'_>,
    store: &Store,
    span: &Bound<'_, PyAny>,
    job_type: Option<String>,
) -> PyResult<Pending> {
    let query = traffic::query(arguments::seconds("span", span)?, job_type);
    store.call(py, |storage| async move {
        let found = storage.traffic(&query).await?;
        Ok(Reply::Traffic(Box::new(traffic::chart(&query, found))))
    })
}
