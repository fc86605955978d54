//! The store as Python sees it: each method checks its arguments, spawns a call and answers a `Pending`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use tokio::time::Instant;

use super::arguments::{self, optional};
use super::errors::{OrRaise, exception};
use super::external::{self, External};
use super::fork::Reopening;
use super::happenings::Hooks;
use super::opening;
use super::pending::Pending;
use super::reply::{Reply, step_tuple};
use super::schedules;
use super::transfers;
use crate::clock::{Clock, VirtualClock};
use crate::error::{Error, Result};
use crate::model::{Change, ScheduleQuery};
use crate::policy::limits;
use crate::storage::{self, Observed, Storage, migrate, url};

type Any<'py> = Bound<'py, PyAny>;

/// A store, connected when first used, shareable by queues and threads, reopened by itself after a fork.
#[pyclass(frozen, module = "dataqueue._core")]
pub(crate) struct Store {
    pub(super) store: Arc<Reopening>,
    hooks: Arc<storage::Hooks>,
}

impl Store {
    /// This process's store.
    ///
    /// # Errors
    /// `DataQueueError` once it was closed; `UnsupportedBackend` for a store in memory after a `fork()`.
    pub(crate) fn storage(&self, py: Python<'_>) -> PyResult<Arc<dyn Storage>> {
        let store = py.detach(|| self.store.storage()).or_raise(py)?;
        Ok(Arc::new(Observed::new(store, Arc::clone(&self.hooks))))
    }

    fn of(store: Reopening) -> Self {
        Self { store: Arc::new(store), hooks: Arc::default() }
    }

    pub(super) fn call<F>(&self, py: Python<'_>, call: impl FnOnce(Arc<dyn Storage>) -> F) -> PyResult<Pending>
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        Pending::spawn(py, call(self.storage(py)?))
    }

    /// The clock that the caller moves.
    fn clock(&self, py: Python<'_>) -> PyResult<VirtualClock> {
        self.storage(py)?.virtual_clock().cloned().ok_or_else(|| {
            exception(py, &Error::Unsupported("this queue's clock is not one that can be moved".to_owned()))
        })
    }

    pub(super) fn change(&self, py: Python<'_>, job_id: &Any<'_>, change: Change) -> PyResult<Pending> {
        let id = arguments::job_id(job_id)?;
        self.call(py, |storage| async move { Ok(Reply::Flag(storage.change(id, &change).await?)) })
    }
}

#[pymethods]
impl Store {
    #[new]
    fn new(py: Python<'_>, url: &Any<'_>, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        opening::by_url(py, url, settings).map(Self::of)
    }

    /// A store in memory whose clock begins at `start`, or now, and is moved by `advance`.
    #[staticmethod]
    fn virtual_time(py: Python<'_>, start: Option<i64>, ticks: bool) -> PyResult<Self> {
        opening::in_virtual_time(py, start, ticks).map(Self::of)
    }

    /// The same store for one queue, whose listeners are told of what is done through it.
    fn observed(&self, hooks: &Hooks) -> Self {
        Self { store: Arc::clone(&self.store), hooks: Arc::clone(&hooks.0) }
    }

    fn now(&self, py: Python<'_>) -> PyResult<i64> {
        Ok(self.clock(py)?.now().as_micros())
    }

    fn advance(&self, py: Python<'_>, micros: u64) -> PyResult<i64> {
        Ok(self.clock(py)?.advance(Duration::from_micros(micros)).as_micros())
    }

    fn next_due(&self, py: Python<'_>) -> PyResult<Pending> {
        self.call(py, |storage| async move { Ok(Reply::Time(storage.next_due().await?)) })
    }

    #[getter]
    fn backend(&self) -> &'static str {
        self.store.options().backend().name()
    }

    #[getter]
    fn location(&self) -> String {
        url::location(self.store.options())
    }

    #[getter]
    fn external_transactions(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.storage(py)?.capabilities().external_transactions)
    }

    fn add(&self, py: Python<'_>, jobs: &Bound<'_, PyList>) -> PyResult<Pending> {
        let jobs = arguments::jobs(py, jobs)?;
        self.call(py, |storage| async move {
            let added = storage.add(jobs).await?;
            tracing::debug!("added {} jobs", added.len());
            Ok(Reply::Added(added))
        })
    }

    fn external_add(&self, py: Python<'_>, jobs: &Bound<'_, PyList>) -> PyResult<External> {
        let jobs = arguments::jobs(py, jobs)?;
        let storage = self.storage(py)?;
        py.detach(|| external::add(storage.as_ref(), &jobs)).or_raise(py)
    }

    fn external_ties(
        &self,
        py: Python<'_>,
        jobs: &Bound<'_, PyList>,
        added: Vec<(i64, bool)>,
    ) -> PyResult<Vec<(String, String)>> {
        let jobs = arguments::jobs(py, jobs)?;
        let storage = self.storage(py)?;
        py.detach(|| external::ties(storage.as_ref(), &jobs, added)).or_raise(py)
    }

    fn receive(&self, py: Python<'_>, jobs: &Bound<'_, PyList>) -> PyResult<Pending> {
        let jobs = transfers::transfers(py, jobs)?;
        self.call(py, |storage| async move { Ok(Reply::Added(storage.receive(jobs).await?)) })
    }

    fn get_many(&self, py: Python<'_>, job_ids: &Bound<'_, PyList>) -> PyResult<Pending> {
        let ids = job_ids.iter().map(|id| arguments::job_id(&id)).collect::<PyResult<Vec<_>>>()?;
        self.call(py, |storage| async move { Ok(Reply::Jobs(storage.get(&ids).await?)) })
    }

    fn get(&self, py: Python<'_>, job_id: &Any<'_>) -> PyResult<Pending> {
        let id = arguments::job_id(job_id)?;
        self.call(py, |storage| async move { Ok(Reply::Job(storage.get(&[id]).await?.pop().map(Box::new))) })
    }

    fn find(
        &self,
        py: Python<'_>,
        filters: &Bound<'_, PyDict>,
        limit: &Any<'_>,
        offset: &Any<'_>,
        before: &Any<'_>,
    ) -> PyResult<Pending> {
        let filter = arguments::filter(py, filters)?;
        let page = arguments::page(limit, offset, before)?;
        self.call(py, |storage| async move { Ok(Reply::Jobs(storage.find(&filter, page).await?)) })
    }

    #[pyo3(signature = (filters, most=None))]
    fn count(&self, py: Python<'_>, filters: &Bound<'_, PyDict>, most: Option<u64>) -> PyResult<Pending> {
        let filter = arguments::filter(py, filters)?;
        self.call(py, |storage| async move { Ok(Reply::Count(storage.count_up_to(&filter, most).await?)) })
    }

    fn events(&self, py: Python<'_>, job_id: &Any<'_>) -> PyResult<Pending> {
        let id = arguments::job_id(job_id)?;
        self.call(py, |storage| async move { Ok(Reply::Events(storage.events(id).await?)) })
    }

    fn cancel(&self, py: Python<'_>, job_id: &Any<'_>, running: bool) -> PyResult<Pending> {
        self.change(py, job_id, if running { Change::CancelRunning } else { Change::Cancel })
    }

    fn retry(&self, py: Python<'_>, job_id: &Any<'_>) -> PyResult<Pending> {
        self.change(py, job_id, Change::Retry)
    }

    fn edit(&self, py: Python<'_>, job_id: &Any<'_>, edit: &Bound<'_, PyDict>) -> PyResult<Pending> {
        let edit = arguments::edit(py, edit)?;
        if edit.is_empty() {
            return Ok(Pending::ready(Reply::Flag(false)));
        }
        self.change(py, job_id, Change::Edit(edit))
    }

    fn cancel_all(&self, py: Python<'_>, filters: &Bound<'_, PyDict>) -> PyResult<Pending> {
        self.change_all(py, filters, Change::Cancel)
    }

    fn retry_all(&self, py: Python<'_>, filters: &Bound<'_, PyDict>, every: &Any<'_>) -> PyResult<Pending> {
        let Some(every) = optional(every, |every| arguments::seconds("every", every))? else {
            return self.change_all(py, filters, Change::Retry);
        };
        let filter = arguments::filter(py, filters)?;
        self.call(py, |storage| async move {
            Ok(Reply::Count(storage::retry_all_spaced(storage.as_ref(), &filter, every).await?))
        })
    }

    fn edit_all(&self, py: Python<'_>, filters: &Bound<'_, PyDict>, edit: &Bound<'_, PyDict>) -> PyResult<Pending> {
        let edit = arguments::edit(py, edit)?;
        if edit.is_empty() {
            return Ok(Pending::ready(Reply::Count(0)));
        }
        self.change_all(py, filters, Change::Edit(edit))
    }

    fn prune_jobs(&self, py: Python<'_>, older_than: &Any<'_>, statuses: &Any<'_>) -> PyResult<Pending> {
        let prune = arguments::prune(older_than, statuses)?;
        self.call(
            py,
            |storage| async move { Ok(Reply::Count(storage::prune_all_jobs(storage.as_ref(), &prune).await?)) },
        )
    }

    fn prune_payloads(&self, py: Python<'_>, older_than: &Any<'_>) -> PyResult<Pending> {
        let older_than = arguments::seconds("older_than", older_than)?;
        self.call(py, |storage| async move {
            Ok(Reply::Count(storage::prune_all_payloads(storage.as_ref(), older_than).await?))
        })
    }

    fn prune_events(&self, py: Python<'_>, older_than: &Any<'_>) -> PyResult<Pending> {
        let older_than = arguments::seconds("older_than", older_than)?;
        self.call(py, |storage| async move {
            Ok(Reply::Count(storage::prune_all_events(storage.as_ref(), older_than).await?))
        })
    }

    fn reclaim_stuck(&self, py: Python<'_>, max_processing: &Any<'_>) -> PyResult<Pending> {
        let max_processing = arguments::seconds("max_processing", max_processing)?;
        self.call(py, |storage| async move {
            Ok(Reply::Count(storage::reclaim_all_stuck(storage.as_ref(), max_processing).await?))
        })
    }

    fn add_schedule(&self, py: Python<'_>, schedule: &Bound<'_, PyTuple>) -> PyResult<Pending> {
        let schedule = schedules::schedule(py, schedule)?;
        self.call(py, |storage| async move { Ok(Reply::Id(storage::add_schedule(storage.as_ref(), &schedule).await?)) })
    }

    fn edit_schedule(
        &self,
        py: Python<'_>,
        schedule_id: &Any<'_>,
        edit: &Bound<'_, PyDict>,
        job: &Bound<'_, PyDict>,
    ) -> PyResult<Pending> {
        let (id, edit) = (schedules::schedule_id(schedule_id)?, schedules::edit(py, edit, job)?);
        self.call(
            py,
            |storage| async move { Ok(Reply::Flag(storage::edit_schedule(storage.as_ref(), id, &edit).await?)) },
        )
    }

    fn remove_schedule(&self, py: Python<'_>, schedule_id: &Any<'_>) -> PyResult<Pending> {
        let id = schedules::schedule_id(schedule_id)?;
        self.call(py, |storage| async move { Ok(Reply::Flag(storage.remove_schedule(id).await?)) })
    }

    fn pause_schedule(&self, py: Python<'_>, schedule_id: &Any<'_>) -> PyResult<Pending> {
        let id = schedules::schedule_id(schedule_id)?;
        self.call(py, |storage| async move { Ok(Reply::Flag(storage::pause_schedule(storage.as_ref(), id).await?)) })
    }

    fn resume_schedule(&self, py: Python<'_>, schedule_id: &Any<'_>) -> PyResult<Pending> {
        let id = schedules::schedule_id(schedule_id)?;
        self.call(py, |storage| async move { Ok(Reply::Flag(storage::resume_schedule(storage.as_ref(), id).await?)) })
    }

    fn get_schedule(&self, py: Python<'_>, schedule_id: &Any<'_>) -> PyResult<Pending> {
        self.schedule(py, ScheduleQuery::Id(schedules::schedule_id(schedule_id)?))
    }

    fn get_schedule_by_name(&self, py: Python<'_>, name: &Any<'_>) -> PyResult<Pending> {
        let name = arguments::text("schedule_name", name)?;
        limits::check_name("schedule_name", &name).or_raise(py)?;
        self.schedule(py, ScheduleQuery::Name(name))
    }

    fn list_schedules(&self, py: Python<'_>, status: &Any<'_>) -> PyResult<Pending> {
        let status = schedules::status(status)?;
        self.call(py, |storage| async move {
            Ok(Reply::Schedules(storage::list_schedules(storage.as_ref(), status).await?))
        })
    }

    fn fire_schedules(&self, py: Python<'_>) -> PyResult<Pending> {
        self.call(py, |storage| async move { Ok(Reply::Count(storage::fire_all(storage.as_ref()).await?)) })
    }

    fn create_token(
        &self,
        py: Python<'_>,
        token_id: &Any<'_>,
        job_id: &Any<'_>,
        timeout: &Any<'_>,
        tags: &Any<'_>,
    ) -> PyResult<Pending> {
        let token = arguments::token(token_id, job_id, timeout, tags)?;
        self.call(py, |storage| async move { Ok(Reply::Token(Some(Box::new(storage.create_token(&token).await?)))) })
    }

    fn complete_token(&self, py: Python<'_>, token_id: &Any<'_>, output: &Any<'_>) -> PyResult<Pending> {
        let id = arguments::text("token_id", token_id)?;
        let output = optional(output, |output| arguments::json("data", output))?;
        self.call(
            py,
            |storage| async move { Ok(Reply::Completed(storage.complete_token(&id, output.as_ref()).await?)) },
        )
    }

    fn get_token(&self, py: Python<'_>, token_id: &Any<'_>) -> PyResult<Pending> {
        let id = arguments::text("token_id", token_id)?;
        self.call(py, |storage| async move { Ok(Reply::Token(storage.get_token(&id).await?.map(Box::new))) })
    }

    fn expire_tokens(&self, py: Python<'_>) -> PyResult<Pending> {
        self.call(py, |storage| async move { Ok(Reply::Count(storage::expire_all_tokens(storage.as_ref()).await?)) })
    }

    fn prune_tokens(&self, py: Python<'_>, older_than: &Any<'_>) -> PyResult<Pending> {
        let older_than = arguments::seconds("older_than", older_than)?;
        self.call(py, |storage| async move {
            Ok(Reply::Count(storage::prune_all_tokens(storage.as_ref(), older_than).await?))
        })
    }

    fn expect_end(&self, py: Python<'_>, job_id: &Any<'_>) -> PyResult<Pending> {
        let id = arguments::job_id(job_id)?;
        self.call(py, |storage| async move { Ok(Reply::Job(storage.expect_end(id).await?.map(Box::new))) })
    }

    fn wait_for_end(&self, py: Python<'_>, job_id: &Any<'_>, timeout: &Any<'_>) -> PyResult<Pending> {
        let id = arguments::job_id(job_id)?;
        let timeout: Option<Duration> = optional(timeout, |value| arguments::seconds("timeout", value))?;
        // A deadline beyond the end of time is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let storage = self.storage(py)?;
        Pending::spawn_while_wanted(py, async move {
            Ok(Reply::Job(storage::wait_for_end(storage.as_ref(), id, deadline).await?.map(Box::new)))
        })
    }

    fn migrate(&self, py: Python<'_>, target: Option<i32>) -> PyResult<Pending> {
        self.call(py, |storage| async move { Ok(Reply::Steps(storage.migrate(target).await?)) })
    }

    fn migration_state(&self, py: Python<'_>) -> PyResult<Pending> {
        self.call(py, |storage| async move { Ok(Reply::Migrations(storage.migration_state().await?)) })
    }

    #[allow(clippy::needless_pass_by_value, reason = "pyo3 hands over what it extracted")]
    fn migration_sql(
        &self,
        py: Python<'_>,
        target: Option<i32>,
        applied: Vec<i32>,
    ) -> PyResult<Vec<(i32, String, String)>> {
        let steps = migrate::preview(self.store.options(), &applied, target).or_raise(py)?;
        Ok(steps.into_iter().map(step_tuple).collect())
    }

    fn query(&self, py: Python<'_>, sql: &Any<'_>, params: &Any<'_>) -> PyResult<Pending> {
        let (sql, params) = (arguments::sql("sql", sql)?, arguments::parameters(params)?);
        self.call(py, |storage| async move { Ok(Reply::Rows(storage.query(&sql, &params).await?)) })
    }

    fn execute(&self, py: Python<'_>, sql: &Any<'_>, params: &Any<'_>) -> PyResult<Pending> {
        let (sql, params) = (arguments::sql("sql", sql)?, arguments::parameters(params)?);
        self.call(py, |storage| async move { Ok(Reply::Count(storage.execute(&sql, &params).await?)) })
    }

    fn command(&self, py: Python<'_>, command: &Any<'_>) -> PyResult<Pending> {
        let command = arguments::command(py, command)?;
        self.call(py, |storage| async move { Ok(Reply::Answer(storage.command(&command).await?)) })
    }

    fn durability(&self, py: Python<'_>) -> PyResult<Pending> {
        self.call(py, |storage| async move { Ok(Reply::Durability(Box::new(storage.durability().await?))) })
    }

    fn close(&self, py: Python<'_>) -> PyResult<Pending> {
        let Some(storage) = self.store.close() else { return Ok(Pending::ready(Reply::Nothing)) };
        Pending::spawn(py, async move {
            storage.close().await;
            Ok(Reply::Nothing)
        })
    }
}
