//! Results on their way to an event loop.

use std::mem;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::bell::Bell;
use super::errors::OrRaise;
use super::reply::Reply;
use crate::error::Result;

/// Results that wait for one event loop to fetch them, and the socket that tells it of them.
pub(crate) struct Mailbox {
    pid: u32,
    state: Mutex<State>,
}

struct State {
    results: Vec<(i64, Result<Reply>)>,
    /// None once it was closed.
    bell: Option<Bell>,
}

impl Mailbox {
    /// Adds a result, and rings if nobody was to come anyway. A closed mailbox drops it.
    pub(crate) fn push(&self, ticket: i64, result: Result<Reply>) {
        let mut state = self.lock();
        let State { results, bell: Some(bell) } = &mut *state else { return };
        results.push((ticket, result));
        if results.len() == 1 {
            bell.ring();
        }
    }

    /// Whether this process made it. What a child inherited must not be touched: another thread may have held its lock.
    pub(crate) fn is_own(&self) -> bool {
        self.pid == process::id()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Results on their way to one event loop: the engine writes a byte to the socket `fd`, the loop reads what is there and
/// then calls `drain()`.
#[pyclass(frozen, module = "dataqueue._core")]
pub(crate) struct Inbox(pub(crate) Arc<Mailbox>);

#[pymethods]
impl Inbox {
    #[new]
    fn new(fd: i64) -> PyResult<Self> {
        let bell =
            Bell::new(fd).map_err(|error| PyValueError::new_err(format!("fd {fd} is not an open socket: {error}")))?;
        let state = Mutex::new(State { results: Vec::new(), bell: Some(bell) });
        Ok(Self(Arc::new(Mailbox { pid: process::id(), state })))
    }

    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        if !self.0.is_own() {
            return Err(PyRuntimeError::new_err("this inbox was made before fork(): make a new one in the child"));
        }
        let results = mem::take(&mut self.0.lock().results);
        let drained = PyList::empty(py);
        for (ticket, result) in results {
            let (ok, value) = match result.or_raise(py).and_then(|reply| reply.into_python(py)) {
                Ok(value) => (true, value),
                Err(error) => (false, error.into_value(py).into_bound(py).into_any()),
            };
            drained.append((ticket, ok, value))?;
        }
        Ok(drained)
    }

    fn close(&self) {
        if self.0.is_own() {
            let mut state = self.0.lock();
            state.bell = None;
            state.results.clear();
        }
    }
}
