//! Taking over a database that another library made.

use pyo3::prelude::*;

use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;

/// Migrates to the newest version, where the tables may be those of the TypeScript library.
#[pyfunction]
pub(crate) fn adopt(py: Python<'_>, store: &Store) -> PyResult<Pending> {
    store.call(py, |storage| async move { Ok(Reply::Steps(storage.adopt().await?)) })
}
