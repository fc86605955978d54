//! Schedules, between Python and the engine.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::arguments::{self, optional, text};
use super::errors::OrRaise;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::clock::Timestamp;
use crate::model::{Missed, NewSchedule, ScheduleEdit, ScheduleId, ScheduleQuery, ScheduleStatus};
use crate::policy::cron::{Schedule, zone};
use crate::policy::limits::check_name;
use crate::policy::schedules::{check_schedule, check_schedule_edit};
use crate::storage;

type Any<'py> = Bound<'py, PyAny>;

/// The first `count` ticks of a cron expression after a time, by the clocks of a time zone.
#[pyfunction]
pub(crate) fn cron_ticks(
    py: Python<'_>,
    expression: &Bound<'_, PyAny>,
    timezone: &Bound<'_, PyAny>,
    after: &Bound<'_, PyAny>,
    count: &Bound<'_, PyAny>,
) -> PyResult<Vec<i64>> {
    let expression = text("cron_expression", expression)?;
    let timezone = text("timezone", timezone)?;
    let after = arguments::time("after", after)?;
    let count = arguments::count("count", count)? as usize;
    let end = Timestamp::from_micros(i64::MAX);
    let ticks = py.detach(|| {
        let (schedule, zone) = (Schedule::parse(&expression)?, zone(&timezone)?);
        Ok(schedule.ticks(after, end, count, &zone))
    });
    Ok(ticks.or_raise(py)?.into_iter().map(Timestamp::as_micros).collect())
}

/// Adds the job of a schedule once, found by its id or its name: `(id, created)`, or None where there is no such schedule.
#[pyfunction]
pub(crate) fn run_schedule(py: Python<'_>, store: &Store, schedule: &Any<'_>) -> PyResult<Pending> {
    let query = if schedule.is_instance_of::<PyString>() {
        let name = text("schedule", schedule)?;
        check_name("schedule", &name).or_raise(py)?;
        ScheduleQuery::Name(name)
    } else {
        ScheduleQuery::Id(schedule_id(schedule)?)
    };
    store.call(py, |storage| async move { Ok(Reply::AddedOne(storage::run_schedule(storage.as_ref(), &query).await?)) })
}

/// Schedules that handlers declare.
pub(crate) fn schedules(py: Python<'_>, tuples: &Bound<'_, PyList>) -> PyResult<Vec<NewSchedule>> {
    tuples.iter().map(|tuple| schedule(py, tuple.cast::<PyTuple>()?)).collect()
}

/// A schedule to be added, from the fields of `ScheduleTuple`, checked.
pub(crate) fn schedule(py: Python<'_>, tuple: &Bound<'_, PyTuple>) -> PyResult<NewSchedule> {
    let field = |at: usize| tuple.get_item(at);
    let schedule = NewSchedule {
        name: text("schedule_name", &field(0)?)?,
        expression: text("cron_expression", &field(1)?)?,
        timezone: text("timezone", &field(2)?)?,
        allow_overlap: arguments::boolean("allow_overlap", &field(3)?)?,
        missed: missed(&field(4)?)?,
        job: arguments::job(field(5)?.cast::<PyTuple>()?)?,
    };
    py.detach(|| check_schedule(&schedule)).or_raise(py)?;
    Ok(schedule)
}

/// An edit, from a `ScheduleEditDict`, and the part of it that is about the jobs, checked.
pub(crate) fn edit(py: Python<'_>, given: &Bound<'_, PyDict>, job: &Bound<'_, PyDict>) -> PyResult<ScheduleEdit> {
    let mut edit = ScheduleEdit { job: arguments::edit(py, job)?, ..ScheduleEdit::default() };
    for (key, value) in given {
        let value = &value;
        match text("the name of a field", &key)?.as_str() {
            "cron_expression" => edit.expression = Some(text("cron_expression", value)?),
            "timezone" => edit.timezone = Some(text("timezone", value)?),
            "allow_overlap" => edit.allow_overlap = Some(arguments::boolean("allow_overlap", value)?),
            "missed" => edit.missed = Some(missed(value)?),
            "job_type" => edit.job_type = Some(text("job_type", value)?),
            other => return Err(refused(format!("a schedule has no field `{other}` that can be edited"))),
        }
    }
    if edit.job.run_at.is_some() {
        return Err(refused("the jobs of a schedule have no run_at but their ticks".to_owned()));
    }
    py.detach(|| check_schedule_edit(&edit)).or_raise(py)?;
    Ok(edit)
}

/// The id of a schedule.
pub(crate) fn schedule_id(value: &Any<'_>) -> PyResult<ScheduleId> {
    arguments::int64("schedule_id", value)
}

/// A status, or None for all.
pub(crate) fn status(value: &Any<'_>) -> PyResult<Option<ScheduleStatus>> {
    optional(value, |value| {
        let name = text("status", value)?;
        ScheduleStatus::parse(&name)
            .ok_or_else(|| refused(format!("status is {name:?}: a schedule is active or paused")))
    })
}

fn missed(value: &Any<'_>) -> PyResult<Missed> {
    let name = text("missed", value)?;
    Missed::parse(&name).ok_or_else(|| refused(format!("missed is {name:?}: it must be coalesce, skip or all")))
}

fn refused(message: String) -> PyErr {
    PyValueError::new_err(message)
}
