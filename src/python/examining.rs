//! What the command `doctor` asks of a store beyond the user's own statements.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::model::WorkerId;
use crate::storage::StoreOptions;
use crate::storage::redis::key_names;

/// No worker has this id, so that the leases of all are those of others.
const NOBODY: WorkerId = 0;

/// How the file of a store is; with `check` every page is read.
#[pyfunction]
pub(crate) fn examine_file(py: Python<'_>, store: &Store, check: bool) -> PyResult<Pending> {
    store.call(py, move |storage| async move { Ok(Reply::File(Box::new(storage.examine_file(check).await?))) })
}

/// The seconds until a worker's lease runs out that was not renewed: 0 where one has, and nobody took its jobs over; None where no
/// worker is known.
#[pyfunction]
pub(crate) fn lease_ends_in(py: Python<'_>, store: &Store) -> PyResult<Pending> {
    store.call(py, |storage| async move {
        let found = storage.look(NOBODY, &[]).await?;
        Ok(Reply::Seconds(found.reclaim_in.map(|span| span.as_secs_f64())))
    })
}

/// What the options of a store say about where its tables or keys lie; no password is among it.
#[pyfunction]
pub(crate) fn whereabouts<'py>(py: Python<'py>, store: &Store) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    match store.store.options() {
        StoreOptions::Postgres(options) => {
            told.set_item("schema", options.schema.as_str())?;
            told.set_item("pgbouncer", options.pgbouncer)?;
        }
        StoreOptions::Redis(options) => {
            told.set_item("keys", key_names(options))?;
            told.set_item("cluster", options.cluster)?;
            told.set_item("sentinel", options.sentinel.is_some())?;
        }
        StoreOptions::Sqlite(options) => {
            told.set_item("path", options.path.as_ref().map(|path| path.to_string_lossy().into_owned()))?;
        }
    }
    Ok(told)
}
