//! The stream of events.

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::arguments;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::model::Wanted;
use crate::storage;

/// Reads the events of a store as they are written.
#[pyclass(frozen, module = "dataqueue._core")]
pub(crate) struct EventTail {
    store: Py<Store>,
    wanted: Wanted,
}

#[pymethods]
impl EventTail {
    #[new]
    fn new(store: Py<Store>, kinds: &Bound<'_, PyList>, job_id: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { store, wanted: arguments::wanted(kinds, job_id)? })
    }

    /// Waits for the events behind a place: `(a list of (event, its place), the place behind all of them)`. None is from now on: it
    /// is answered at once with the place.
    fn next(&self, py: Python<'_>, after: &Bound<'_, PyAny>) -> PyResult<Pending> {
        let (after, wanted) = (arguments::after(after)?, self.wanted.clone());
        let storage = self.store.get().storage(py)?;
        Pending::spawn_while_wanted(py, async move {
            Ok(Reply::Tail(storage::next_events(storage.as_ref(), after, &wanted).await?))
        })
    }
}
