//! A store that survives `fork()`: each process has its own.
//!
//! Python tells of forks that go through it (`os.fork()`, `multiprocessing`), so that stores can be brought into order before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Error, Result};
use crate::per_process::PerProcess;
use crate::runtime;
use crate::storage::{self, Storage, StoreOptions};

#[pyfunction]
fn before_fork(py: Python<'_>) {
    py.detach(storage::before_fork);
}

#[pyfunction]
fn after_fork_in_parent(py: Python<'_>) {
    py.detach(storage::after_fork_in_parent);
}

/// Asks Python to tell of forks, where there are any.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    let os = py.import("os")?;
    if !os.hasattr("register_at_fork")? {
        return Ok(());
    }
    let hooks = PyDict::new(py);
    hooks.set_item("before", wrap_pyfunction!(before_fork, py)?)?;
    hooks.set_item("after_in_parent", wrap_pyfunction!(after_fork_in_parent, py)?)?;
    os.call_method("register_at_fork", (), Some(&hooks))?;
    Ok(())
}

/// A store and how to open it again.
pub(crate) struct Reopening {
    options: StoreOptions,
    opened: PerProcess<Arc<dyn Storage>>,
    used: AtomicBool,
    closed: AtomicBool,
}

impl Reopening {
    /// Opens a store. Nothing is connected yet.
    ///
    /// # Errors
    /// Those of [`storage::open`].
    pub(crate) fn open(options: StoreOptions) -> Result<Self> {
        let opened = PerProcess::new();
        opened.get_or_try_init(|| storage::open(options.clone()))?;
        Ok(Self { options, opened, used: AtomicBool::new(false), closed: AtomicBool::new(false) })
    }

    /// What it was opened with.
    pub(crate) fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// This process's store; in a child after a `fork()` a new one, the parent's being leaked.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Reopening::close`]; [`Error::Unsupported`] in a child for a store in memory, whose jobs
    /// stay with the parent.
    pub(crate) fn storage(&self) -> Result<Arc<dyn Storage>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        self.used.store(true, Ordering::Relaxed);
        if self.opened.is_inherited() && matches!(&self.options, StoreOptions::Sqlite(sqlite) if sqlite.path.is_none())
        {
            return Err(Error::Unsupported(
                "a queue in memory stays with the process that opened it: after fork(), open a queue on a file instead"
                    .into(),
            ));
        }
        self.opened.get_or_try_init(|| storage::open(self.options.clone())).cloned()
    }

    /// Marks it as closed, here and in children to come. Answers this process's store, which is still to be closed, unless
    /// there is none or that was done before.
    pub(crate) fn close(&self) -> Option<Arc<dyn Storage>> {
        let first = !self.closed.swap(true, Ordering::AcqRel);
        self.opened.get().filter(|_| first).cloned()
    }
}

impl Drop for Reopening {
    fn drop(&mut self) {
        let Some(storage) = self.opened.take() else { return };
        if !self.used.load(Ordering::Relaxed) {
            return;
        }
        // This thread may hold the interpreter, and a driver's end may wait for its threads: end it elsewhere.
        if let Ok(runtime) = runtime::handle() {
            runtime.spawn(async move {
                // A processor or a call under way may still use it.
                if Arc::strong_count(&storage) == 1 {
                    storage.close().await;
                }
            });
        }
    }
}
