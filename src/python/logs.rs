//! The engine's log, handed to a thread that was born in Python.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::telemetry::{self, Pump, Record};

/// `(level, message, job, its type, worker)`.
type RecordTuple = (u8, String, Option<i64>, Option<String>, Option<String>);

/// What the engine logs. A thread born in Python calls `next()` in a loop and logs what it gets.
#[pyclass(frozen, module = "dataqueue._core")]
pub(crate) struct LogPump(Pump);

#[pymethods]
impl LogPump {
    #[new]
    fn new() -> Self {
        Self(Pump::default())
    }

    fn next(&self, py: Python<'_>) -> Option<Vec<RecordTuple>> {
        let records = py.detach(|| self.0.next())?;
        let told = |Record { level, message, about }| (level, message, about.job_id, about.job_type, about.worker);
        Some(records.into_iter().map(told).collect())
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// Sets the lowest `logging` level that the engine records; above 50 it records nothing.
#[pyfunction]
pub(crate) fn set_log_level(level: i64) -> PyResult<()> {
    if telemetry::set_level(level) {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "the program that embeds Python has a `tracing` subscriber, which gets the engine's log",
    ))
}
