//! What somebody who looks at a store asks for, between Python and the engine.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arguments::{self, optional, text};
use super::errors::exception;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::error::Error;
use crate::model::{Change, Search, TokenQuery, TokenStatus};
use crate::policy::limits::{MOST_COUNTED, MOST_IN_LINE, MOST_LOOKS, MOST_OF_TYPE};
use crate::storage;

type Any<'py> = Bound<'py, PyAny>;

/// The store at a glance.
#[pyfunction]
pub(crate) fn overview(py: Python<'_>, store: &Store) -> PyResult<Pending> {
    store.call(py, |storage| async move {
        Ok(Reply::Overview(Box::new(storage.overview(MOST_COUNTED, MOST_OF_TYPE).await?)))
    })
}

/// Workers by growing id, behind one.
#[pyfunction]
pub(crate) fn workers(py: Python<'_>, store: &Store, after: i64, limit: &Any<'_>) -> PyResult<Pending> {
    let limit = arguments::count("limit", limit)?;
    store.call(py, |storage| async move { Ok(Reply::Workers(storage.workers(after, limit).await?)) })
}

/// Asks a worker to drain.
#[pyfunction]
pub(crate) fn drain_worker(py: Python<'_>, store: &Store, worker_id: i64) -> PyResult<Pending> {
    store.call(py, |storage| async move { Ok(Reply::Flag(storage.drain_worker(worker_id).await?)) })
}

/// Groups by id, behind one.
#[pyfunction]
pub(crate) fn groups(py: Python<'_>, store: &Store, after: &Any<'_>, limit: &Any<'_>) -> PyResult<Pending> {
    let (after, limit) = (text("cursor", after)?, arguments::count("limit", limit)?);
    store.call(py, |storage| async move { Ok(Reply::Groups(storage.groups(&after, limit, MOST_IN_LINE).await?)) })
}

/// The limits of types.
#[pyfunction]
pub(crate) fn type_limits(py: Python<'_>, store: &Store) -> PyResult<Pending> {
    store.call(py, |storage| async move { Ok(Reply::TypeLimits(storage.type_limits().await?)) })
}

/// Tokens, newest first.
#[pyfunction]
pub(crate) fn tokens(
    py: Python<'_>,
    store: &Store,
    status: &Any<'_>,
    after: &Any<'_>,
    limit: &Any<'_>,
) -> PyResult<Pending> {
    let status = optional(status, |name| {
        let name = text("status", name)?;
        let unknown = || exception(py, &Error::Invalid(format!("there is no status {name:?} of a token")));
        TokenStatus::parse(&name).ok_or_else(unknown)
    })?;
    let after = optional(after, |id| text("cursor", id))?;
    let query = TokenQuery { status, after, limit: arguments::count("limit", limit)? };
    store.call(py, |storage| async move { Ok(Reply::Tokens(storage.tokens(&query).await?)) })
}

/// Looks through jobs, newest first. `asked` holds `text`, `error`, `group`, `created_at` and `dead_lettered`, each where it is asked for.
#[pyfunction]
pub(crate) fn search(
    py: Python<'_>,
    store: &Store,
    filters: &Bound<'_, PyDict>,
    asked: &Bound<'_, PyDict>,
    before: &Any<'_>,
    limit: &Any<'_>,
) -> PyResult<Pending> {
    let part = |name: &str| {
        let value = asked.get_item(name)?;
        value.map(|value| text(name, &value)).transpose()
    };
    let search = Search {
        filter: arguments::filter(py, filters)?,
        text: part("text")?,
        error: part("error")?,
        group: part("group")?,
        created_at: match asked.get_item("created_at")? {
            Some(range) => arguments::bounds("created_at", range.cast::<PyDict>()?)?,
            None => crate::model::RunAtFilter::default(),
        },
        dead_lettered: match asked.get_item("dead_lettered")? {
            Some(flag) => Some(arguments::boolean("dead_lettered", &flag)?),
            None => None,
        },
        before: optional(before, |id| arguments::int64("cursor", id))?,
        limit: arguments::count("limit", limit)?,
        looks: MOST_LOOKS,
    };
    store.call(py, |storage| async move { Ok(Reply::Searched(Box::new(storage.search(&search).await?))) })
}

/// Jobs that wait for one before they run.
#[pyfunction]
pub(crate) fn dependents(py: Python<'_>, store: &Store, job_id: &Any<'_>, limit: &Any<'_>) -> PyResult<Pending> {
    let (id, limit) = (arguments::job_id(job_id)?, arguments::count("limit", limit)?);
    store.call(py, |storage| async move { Ok(Reply::Ids(storage.dependents(id, limit).await?)) })
}

/// Deletes a job.
#[pyfunction]
pub(crate) fn delete(py: Python<'_>, store: &Store, job_id: &Any<'_>) -> PyResult<Pending> {
    store.change(py, job_id, Change::Delete)
}

/// Deletes the jobs that match.
#[pyfunction]
pub(crate) fn delete_all(py: Python<'_>, store: &Store, filters: &Bound<'_, PyDict>) -> PyResult<Pending> {
    let filter = arguments::filter(py, filters)?;
    store.call(py, |storage| async move {
        Ok(Reply::Count(storage::change_all(storage.as_ref(), &filter, &Change::Delete).await?))
    })
}
