//! Calls of the store that several of its methods make.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arguments;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::model::{Change, ScheduleQuery};
use crate::storage;

impl Store {
    pub(super) fn schedule(&self, py: Python<'_>, query: ScheduleQuery) -> PyResult<Pending> {
        self.call(py, |storage| async move {
            let found = storage::find_schedule(storage.as_ref(), &query).await?;
            Ok(Reply::Schedule(found.map(Box::new)))
        })
    }

    pub(super) fn change_all(&self, py: Python<'_>, filters: &Bound<'_, PyDict>, change: Change) -> PyResult<Pending> {
        let filter = arguments::filter(py, filters)?;
        self.call(py, |storage| async move {
            Ok(Reply::Count(storage::change_all(storage.as_ref(), &filter, &change).await?))
        })
    }
}
