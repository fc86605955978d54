//! What happened, for Python's listeners.

use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::pending::Pending;
use super::reply::Reply;
use crate::clock::Timestamp;
use crate::model::{Happening, What};
use crate::storage;

/// What was done through the stores that are observed with it.
#[pyclass(frozen, module = "dataqueue._core")]
pub(crate) struct Hooks(pub(crate) Arc<storage::Hooks>);

#[pymethods]
impl Hooks {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    /// The names of what can happen, in the order of the numbers that `take` gives.
    #[staticmethod]
    fn names() -> Vec<&'static str> {
        What::NAMES.to_vec()
    }

    /// Which to keep from now on, a bit for each of the names.
    fn listen(&self, wanted: u32) {
        self.0.listen(wanted);
    }

    /// Waits until there is something to take, or `poke`; False when these were closed and all was taken. A wait that is given up
    /// takes nothing.
    fn ready(&self, py: Python<'_>) -> PyResult<Pending> {
        let hooks = Arc::clone(&self.0);
        Pending::spawn_while_wanted(py, async move { Ok(Reply::Flag(hooks.ready().await)) })
    }

    /// What happened: `(a list of (number of its name, fields), how many were dropped before)`.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<(Vec<Bound<'py, PyAny>>, u64)> {
        let happened = self.0.take();
        let told = happened.happenings.iter().map(|one| happening(py, one)).collect::<PyResult<_>>()?;
        Ok((told, happened.dropped))
    }

    /// Ends the wait of `ready`.
    fn poke(&self) {
        self.0.poke();
    }

    /// Keeps nothing more; what is there can still be fetched.
    fn close(&self) {
        self.0.close();
    }
}

/// `(the number of its name, its fields)`. What is JSON stays JSON text, as bytes.
///
/// # Errors
/// When Python has no memory for it.
fn happening<'py>(py: Python<'py>, happening: &Happening) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item(intern!(py, "job_id"), happening.job_id)?;
    fields.set_item(intern!(py, "job_type"), happening.job_type.as_deref())?;
    match &happening.what {
        What::Added | What::Retried => {}
        What::Processing { attempt } => fields.set_item(intern!(py, "attempt"), attempt)?,
        What::Completed { attempt, output } => {
            fields.set_item(intern!(py, "attempt"), attempt)?;
            fields.set_item(intern!(py, "output"), output.as_ref().map(|json| PyBytes::new(py, json)))?;
        }
        What::Failed { attempt, reason, message, error_type, will_retry } => {
            fields.set_item(intern!(py, "attempt"), attempt)?;
            fields.set_item(intern!(py, "reason"), reason.as_str())?;
            fields.set_item(intern!(py, "message"), message)?;
            fields.set_item(intern!(py, "error_type"), error_type.as_deref())?;
            fields.set_item(intern!(py, "will_retry"), will_retry)?;
        }
        What::Cancelled { reason } => fields.set_item(intern!(py, "reason"), reason.as_deref())?,
        What::Waiting { until, on } => {
            fields.set_item(intern!(py, "wait_until"), until.map(Timestamp::as_micros))?;
            fields.set_item(intern!(py, "wait_token_id"), on.as_deref())?;
        }
        What::Progress(percent) => fields.set_item(intern!(py, "progress"), percent)?,
        What::Output(output) => fields.set_item(intern!(py, "output"), PyBytes::new(py, output))?,
    }
    (happening.what.number(), fields).into_bound_py_any(py)
}
