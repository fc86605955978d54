//! What the engine answers, as plain data, and how it looks in Python.

use bytes::Bytes;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::errors::exception;
use super::records::{durability_record, event_record, file_record, job_record, schedule_record, token_record};
use super::{inspection_records, traffic};
use crate::clock::Timestamp;
use crate::error::{Backend, Error};
use crate::model::{
    Added, Answer, Durability, Event, FileState, GroupRecord, Job, Overview, Placed, Schedule, Searched, Tail, Token,
    TypeLimit, WorkerRecord,
};
use crate::policy::traffic::Chart;
use crate::processor::Round;
use crate::storage::{MigrationState, MigrationStep};

/// The answer of a call, made by a thread of the engine and read by one of Python.
pub(crate) enum Reply {
    Nothing,
    Flag(bool),
    Count(u64),
    Time(Option<Timestamp>),
    Seconds(Option<f64>),
    Added(Vec<Added>),
    Job(Option<Box<Job>>),
    Jobs(Vec<Job>),
    Events(Vec<Event>),
    Tail(Tail),
    Id(i64),
    Round(Round),
    Schedule(Option<Box<Schedule>>),
    Schedules(Vec<Schedule>),
    Steps(Vec<MigrationStep>),
    Migrations(MigrationState),
    Rows(Vec<Bytes>),
    Answer(Answer),
    Durability(Box<Durability>),
    File(Box<FileState>),
    /// A job that was added, if any was.
    AddedOne(Option<Added>),
    /// Whether a token was completed, if there is one.
    Completed(Option<bool>),
    Token(Option<Box<Token>>),
    Scopes(Vec<(&'static str, String)>),
    Overview(Box<Overview>),
    Workers(Vec<WorkerRecord>),
    Groups(Vec<GroupRecord>),
    TypeLimits(Vec<TypeLimit>),
    Tokens(Vec<Token>),
    Searched(Box<Searched>),
    Ids(Vec<i64>),
    Traffic(Box<Chart>),
}

impl Reply {
    /// The Python object for this answer.
    ///
    /// # Errors
    /// When Python has no memory for it.
    pub(crate) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Self::Nothing => Ok(py.None().into_bound(py)),
            Self::Flag(flag) => flag.into_bound_py_any(py),
            Self::Count(count) => count.into_bound_py_any(py),
            Self::Time(time) => time.map(Timestamp::as_micros).into_bound_py_any(py),
            Self::Seconds(seconds) => seconds.into_bound_py_any(py),
            Self::Added(added) => list(py, added, |one| (one.id, one.created).into_bound_py_any(py)),
            Self::Job(None) => Ok(py.None().into_bound(py)),
            Self::Job(Some(job)) => Ok(job_record(py, &job)?.into_any()),
            Self::Jobs(jobs) => list(py, jobs, |job| Ok(job_record(py, &job)?.into_any())),
            Self::Events(events) => list(py, events, |event| Ok(event_record(py, &event)?.into_any())),
            Self::Tail(tail) => {
                let placed = |Placed { event, place }| (event_record(py, &event)?, place).into_bound_py_any(py);
                (list(py, tail.events, placed)?, tail.next).into_bound_py_any(py)
            }
            Self::Id(id) => id.into_bound_py_any(py),
            Self::Round(round) => list(py, round, |(chore, done)| {
                let told = match done {
                    Ok(count) => count.into_bound_py_any(py)?,
                    Err(error) => exception(py, &error).into_value(py).into_bound(py).into_any(),
                };
                (chore.name(), told).into_bound_py_any(py)
            }),
            Self::Schedule(None) => Ok(py.None().into_bound(py)),
            Self::Schedule(Some(schedule)) => Ok(schedule_record(py, &schedule)?.into_any()),
            Self::Schedules(schedules) => list(py, schedules, |one| Ok(schedule_record(py, &one)?.into_any())),
            Self::Steps(steps) => list(py, steps, |step| step_tuple(step).into_bound_py_any(py)),
            Self::Migrations(state) => (state.applied, state.known).into_bound_py_any(py),
            Self::Rows(rows) => list(py, rows, |row| Ok(PyBytes::new(py, &row).into_any())),
            Self::Answer(answer) => value(py, answer),
            Self::Completed(done) => done.into_bound_py_any(py),
            Self::Token(None) => Ok(py.None().into_bound(py)),
            Self::Token(Some(token)) => Ok(token_record(py, &token)?.into_any()),
            Self::Scopes(scopes) => scopes.into_bound_py_any(py),
            Self::Overview(told) => inspection_records::overview(py, *told),
            Self::Workers(workers) => list(py, workers, |one| inspection_records::worker(py, one)),
            Self::Groups(groups) => list(py, groups, |one| inspection_records::group(py, one)),
            Self::TypeLimits(limits) => list(py, limits, |one| inspection_records::type_limit(py, one)),
            Self::Tokens(tokens) => list(py, tokens, |one| Ok(token_record(py, &one)?.into_any())),
            Self::Searched(found) => inspection_records::searched(py, *found),
            Self::Ids(ids) => ids.into_bound_py_any(py),
            Self::File(state) => Ok(file_record(py, &state)?.into_any()),
            Self::AddedOne(added) => added.map(|one| (one.id, one.created)).into_bound_py_any(py),
            Self::Traffic(chart) => traffic::chart(py, *chart),
            Self::Durability(durability) => Ok(durability_record(py, &durability)?.into_any()),
        }
    }
}

/// What a command of the caller's own was answered.
fn value(py: Python<'_>, answer: Answer) -> PyResult<Bound<'_, PyAny>> {
    match answer {
        Answer::Nil => Ok(py.None().into_bound(py)),
        Answer::Bool(flag) => flag.into_bound_py_any(py),
        Answer::Int(number) => number.into_bound_py_any(py),
        Answer::Double(number) => number.into_bound_py_any(py),
        Answer::Bytes(bytes) => Ok(PyBytes::new(py, &bytes).into_any()),
        Answer::List(items) => list(py, items, |item| value(py, item)),
        Answer::Map(pairs) => {
            let dict = PyDict::new(py);
            for (key, item) in pairs {
                dict.set_item(value(py, key)?, value(py, item)?)?;
            }
            Ok(dict.into_any())
        }
        Answer::Error(message) => {
            let error = Error::Storage { backend: Backend::Redis, message };
            Ok(exception(py, &error).into_value(py).into_bound(py).into_any())
        }
    }
}

/// A step as `(version, name, sql)`.
pub(crate) fn step_tuple(step: MigrationStep) -> (i32, String, String) {
    (step.version, step.name, step.sql)
}

/// A list of the converted items, each dropped as soon as it was converted.
pub(super) fn list<'py, T>(
    py: Python<'py>,
    items: Vec<T>,
    convert: impl Fn(T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    for item in items {
        list.append(convert(item)?)?;
    }
    Ok(list.into_any())
}
