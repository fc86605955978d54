//! The supervisor as Python sees it.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use super::errors::OrRaise;
use super::lane::span;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::processor::{Chore, Supervisor as Engine};

/// A waiting thread looks up this often, so that an end it was not told of cannot keep it.
const SLICE: Duration = Duration::from_secs(1);

/// One session of supervising.
#[pyclass(frozen, module = "dataqueue._core")]
pub(crate) struct Supervisor {
    engine: Arc<Engine>,
    pid: u32,
}

impl Supervisor {
    /// A forked child has none of the engine's threads.
    fn check_process(&self) -> PyResult<()> {
        if process::id() == self.pid {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "this supervisor was started before the process forked and does not run in the child: \
             create a supervisor in the child itself",
        ))
    }
}

#[pymethods]
impl Supervisor {
    #[new]
    #[pyo3(signature = (store, *, interval, chores))]
    fn new(py: Python<'_>, store: &Store, interval: f64, chores: Vec<(String, f64)>) -> PyResult<Self> {
        let chore = |(name, seconds): (String, f64)| {
            let span = span(seconds)?;
            Chore::parse(&name, span).ok_or_else(|| PyValueError::new_err(format!("there is no chore `{name}`")))
        };
        let chores = chores.into_iter().map(chore).collect::<PyResult<_>>()?;
        let engine = Engine::new(store.storage(py)?, span(interval)?, chores);
        Ok(Self { engine: Arc::new(engine), pid: process::id() })
    }

    /// Does each chore once: what it counted by name, or the error that it ended in.
    fn run_once(&self, py: Python<'_>) -> PyResult<Pending> {
        self.check_process()?;
        let engine = Arc::clone(&self.engine);
        Pending::spawn(py, async move { Ok(Reply::Round(engine.run_once().await)) })
    }

    /// Does the chores now and at each interval.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.check_process()?;
        self.engine.start().or_raise(py)
    }

    /// Begins no further round and no further step.
    fn stop(&self) {
        self.engine.stop();
    }

    /// Ends the session; whether the round under way ended within `timeout` seconds.
    fn drain(&self, py: Python<'_>, timeout: f64) -> PyResult<Pending> {
        self.check_process()?;
        let (engine, timeout) = (Arc::clone(&self.engine), span(timeout)?);
        Pending::spawn(py, async move { Ok(Reply::Flag(engine.drain(timeout).await)) })
    }

    /// Whether there will be another round.
    fn is_running(&self) -> bool {
        process::id() == self.pid && self.engine.is_running()
    }

    /// For the monitor: blocks, without the GIL, for reports of errors, beside messages of which there are none. None when
    /// the session has ended.
    #[allow(clippy::type_complexity, reason = "as the processor's")]
    fn attend(&self, py: Python<'_>) -> Option<(Vec<(u64, &'static str)>, Vec<String>)> {
        py.detach(|| self.engine.attend(SLICE)).map(|reports| (Vec::new(), reports))
    }
}
