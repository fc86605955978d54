//! Jobs of another store, made into the engine's data.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::arguments::{int32, job, job_id, json, optional, text, time};
use super::errors::OrRaise;
use crate::error::Error;
use crate::model::{FailureReason, Transfer};
use crate::policy::limits;

/// Jobs to be received, each a tuple of the eleven fields of `TransferTuple`, checked.
pub(crate) fn transfers(py: Python<'_>, tuples: &Bound<'_, PyList>) -> PyResult<Vec<Transfer>> {
    let jobs = tuples.iter().map(|tuple| transfer(tuple.cast::<PyTuple>()?)).collect::<PyResult<Vec<_>>>()?;
    let refused = py.detach(|| {
        jobs.iter().find_map(|one| match limits::check_transfer(one) {
            Err(Error::Invalid(why)) => Some(Error::Invalid(format!("job {}: {why}", one.source_id))),
            other => other.err(),
        })
    });
    refused.map_or(Ok(()), Err).or_raise(py)?;
    Ok(jobs)
}

fn transfer(tuple: &Bound<'_, PyTuple>) -> PyResult<Transfer> {
    let field = |at: usize| tuple.get_item(at);
    let moment = |at: usize, name: &str| optional(&field(at)?, |value| time(name, value));
    Ok(Transfer {
        job: job(field(0)?.cast::<PyTuple>()?)?,
        source_id: job_id(&field(1)?)?,
        created_at: time("created_at", &field(2)?)?,
        attempts: int32("attempts", &field(3)?)?,
        next_attempt_at: moment(4, "next_attempt_at")?,
        started_at: moment(5, "started_at")?,
        last_failed_at: moment(6, "last_failed_at")?,
        last_retried_at: moment(7, "last_retried_at")?,
        failure_reason: optional(&field(8)?, |value| {
            let name = text("failure_reason", value)?;
            FailureReason::parse(&name)
                .ok_or_else(|| PyValueError::new_err(format!("there is no failure_reason {name:?}")))
        })?,
        // A message may hold a NUL where SQLite kept it.
        error_history: limits::without_escaped_nul(json("error_history", &field(9)?)?),
        step_data: json("step_data", &field(10)?)?,
    })
}
