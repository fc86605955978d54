//! The engine's errors as the exceptions of `dataqueue.errors`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::error::{Backend, Error};

/// The exception that tells a Python caller of `error`.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Invalid(_) => PyValueError::new_err(message),
        Error::Config(_) => new(py, &CONFIG, message, None),
        Error::Dependency(_) => new(py, &DEPENDENCY, message, None),
        Error::Unavailable { backend, .. } => new(py, &UNAVAILABLE, message, Some(*backend)),
        Error::MigrationRequired(_) => new(py, &MIGRATION, message, None),
        Error::Unsupported(_) => new(py, &UNSUPPORTED, message, None),
        Error::WorkerLost { .. } | Error::LeaseLost { .. } => new(py, &LEASE_LOST, message, None),
        Error::Storage { backend, .. } => new(py, &BASE, message, Some(*backend)),
        Error::Gap(_) => new(py, &GAP, message, None),
        Error::Closed | Error::Internal(_) => new(py, &BASE, message, None),
    }
}

/// Turns the engine's results into Python's.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception that tells of the error.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for crate::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}

struct Class {
    name: &'static str,
    found: PyOnceLock<Py<PyType>>,
}

const fn class(name: &'static str) -> Class {
    Class { name, found: PyOnceLock::new() }
}

static BASE: Class = class("DataQueueError");
static CONFIG: Class = class("ConfigError");
static DEPENDENCY: Class = class("DependencyError");
static UNAVAILABLE: Class = class("BackendUnavailable");
static MIGRATION: Class = class("MigrationRequired");
static UNSUPPORTED: Class = class("UnsupportedBackend");
static LEASE_LOST: Class = class("LeaseLost");
static GAP: Class = class("EventGap");

fn new(py: Python<'_>, class: &Class, message: String, backend: Option<Backend>) -> PyErr {
    let made = class.found.import(py, "dataqueue.errors", class.name).and_then(|class| {
        let details = PyDict::new(py);
        if let Some(backend) = backend {
            details.set_item("backend", backend.name())?;
        }
        class.call((message,), Some(&details))
    });
    made.map_or_else(|failed| failed, PyErr::from_value)
}
