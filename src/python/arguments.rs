//! What Python passes in, made into the engine's data. Whatever does not fit is named, with what is allowed.

use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use super::errors::OrRaise;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{
    After, DependsOn, EventKind, Extras, Filter, Group, JobEdit, JobId, NewJob, NewToken, Page, Prune, Retry,
    RunAtFilter, Status, TagFilter, TagMode, Unique, Wanted,
};
use crate::policy::{commands, dependencies, limits};

type Any<'py> = Bound<'py, PyAny>;

/// Jobs to be added, each a tuple of the thirteen fields of `JobTuple`, checked.
pub(crate) fn jobs(py: Python<'_>, tuples: &Bound<'_, PyList>) -> PyResult<Vec<NewJob>> {
    let jobs = tuples.iter().map(|tuple| job(tuple.cast::<PyTuple>()?)).collect::<PyResult<Vec<_>>>()?;
    let checked = py.detach(|| {
        let refused = jobs.iter().enumerate().find_map(|(at, job)| Some((at, limits::check_job(job).err()?)));
        match refused {
            Some((at, Error::Invalid(why))) if jobs.len() > 1 => {
                Err(Error::Invalid(format!("job {} of {}: {why}", at + 1, jobs.len())))
            }
            Some((_, error)) => Err(error),
            None => dependencies::check(&jobs),
        }
    });
    checked.or_raise(py)?;
    Ok(jobs)
}

pub(crate) fn job(tuple: &Bound<'_, PyTuple>) -> PyResult<NewJob> {
    let field = |at: usize| tuple.get_item(at);
    Ok(NewJob {
        job_type: text("job_type", &field(0)?)?,
        payload: json("payload", &field(1)?)?,
        priority: int32("priority", &field(2)?)?,
        run_at: optional(&field(3)?, |value| time("run_at", value))?,
        max_attempts: int32("max_attempts", &field(4)?)?,
        timeout_ms: optional(&field(5)?, |value| int32("timeout in milliseconds", value))?,
        tags: texts("tags", &field(6)?)?,
        idempotency_key: optional(&field(7)?, |value| text("idempotency_key", value))?,
        retry: Retry {
            delay: optional(&field(8)?, |value| seconds("retry_delay", value))?,
            backoff: optional(&field(9)?, |value| boolean("retry_backoff", value))?,
            delay_max: optional(&field(10)?, |value| seconds("retry_delay_max", value))?,
        },
        force_kill_on_timeout: boolean("force_kill_on_timeout", &field(11)?)?,
        extras: optional(&field(12)?, |value| extras(value.cast::<PyDict>()?))?.and_then(Extras::boxed),
    })
}

/// What few jobs have, from an `ExtrasDict`.
fn extras(given: &Bound<'_, PyDict>) -> PyResult<Extras> {
    let mut extras = Extras::default();
    for (key, value) in given {
        let value = &value;
        match text("the name of an option", &key)?.as_str() {
            "group" => {
                let group = value.cast::<PyTuple>()?;
                let tier = optional(&group.get_item(1)?, |tier| text("the tier of a group", tier))?;
                extras.group = Some(Group { id: text("the id of a group", &group.get_item(0)?)?, tier });
            }
            "dead_letter_job_type" => extras.dead_letter_job_type = Some(text("dead_letter_job_type", value)?),
            "expires_in" => extras.expires_in = Some(seconds("expires_in", value)?),
            "keep_result_for" => extras.keep_result_for = Some(seconds("keep_result_for", value)?),
            "traceparent" => extras.traceparent = Some(text("traceparent", value)?),
            "unique" => extras.unique = Some(unique(value.cast::<PyTuple>()?)?),
            "depends_on" => {
                let given = value.cast::<PyTuple>()?;
                let job_ids =
                    given.get_item(0)?.try_iter()?.map(|id| int64("depends_on", &id?)).collect::<PyResult<_>>()?;
                extras.depends_on =
                    Some(DependsOn { job_ids, tags: texts("the tags of depends_on", &given.get_item(1)?)? });
            }
            other => return Err(invalid(format!("a job has no option `{other}`"))),
        }
    }
    Ok(extras)
}

fn unique(given: &Bound<'_, PyTuple>) -> PyResult<Unique> {
    Ok(Unique {
        key: text("the key of a kind of jobs", &given.get_item(0)?)?,
        within: optional(&given.get_item(1)?, |span| seconds("within", span))?,
        states: statuses(&given.get_item(2)?)?,
        debounce: optional(&given.get_item(3)?, |span| seconds("debounce", span))?,
    })
}

/// The id of a job.
pub(crate) fn job_id(value: &Any<'_>) -> PyResult<JobId> {
    int64("job_id", value)
}

/// Where a stream of events begins: now, behind an event's id, or behind a place.
pub(crate) fn after(value: &Any<'_>) -> PyResult<After> {
    if value.is_none() {
        Ok(After::Now)
    } else if value.is_instance_of::<PyString>() {
        text("after", value).map(After::Place)
    } else {
        int64("after", value).map(After::Event)
    }
}

/// Which events belong to a stream.
pub(crate) fn wanted(kinds: &Bound<'_, PyList>, job_id: &Any<'_>) -> PyResult<Wanted> {
    let kind = |kind: Any<'_>| {
        let name = text("types", &kind)?;
        EventKind::parse(&name).ok_or_else(|| invalid(format!("types has {name:?}, which is no type of event")))
    };
    let kinds = kinds.iter().map(kind).collect::<PyResult<_>>()?;
    Ok(Wanted { kinds, job_id: optional(job_id, self::job_id)? })
}

/// A page: of at least one job, after none or some.
pub(crate) fn page(limit: &Any<'_>, offset: &Any<'_>, before: &Any<'_>) -> PyResult<Page> {
    let limit = count("limit", limit)?;
    let offset = int64("offset", offset)?;
    let Some(offset) = u32::try_from(offset).ok().filter(|offset| i32::try_from(*offset).is_ok()) else {
        return Err(invalid(format!("offset is {offset}: it must be from 0 to {}", i32::MAX)));
    };
    Ok(Page { limit, offset, before: optional(before, |value| int64("cursor", value))? })
}

/// How many of something that there may be without end.
pub(crate) fn count(field: &str, value: &Any<'_>) -> PyResult<u32> {
    let count = int64(field, value)?;
    let allowed = u32::try_from(count).ok().filter(|count| (1..=limits::MAX_PAGE).contains(count));
    allowed.ok_or_else(|| invalid(format!("{field} is {count}: it must be from 1 to {}", limits::MAX_PAGE)))
}

/// A filter, from a `FilterDict`.
pub(crate) fn filter(py: Python<'_>, given: &Bound<'_, PyDict>) -> PyResult<Filter> {
    let mut filter = Filter::default();
    for (key, value) in given {
        match text("the name of a filter", &key)?.as_str() {
            "job_types" => filter.job_types = names(py, "job_type", &value)?,
            "statuses" => filter.statuses = statuses(&value)?,
            "priority" => filter.priority = Some(int32("priority", &value)?),
            "run_at" => filter.run_at = bounds("run_at", value.cast::<PyDict>()?)?,
            "ids" => filter.ids = Some(ids(value.cast::<PyList>()?)?),
            "tags" => filter.tags = Some(tags(py, value.cast::<PyTuple>()?)?),
            other => return Err(invalid(format!("there is no filter `{other}`"))),
        }
    }
    Ok(filter)
}

fn ids(given: &Bound<'_, PyList>) -> PyResult<Vec<JobId>> {
    if given.len() > limits::MAX_IDS {
        return Err(invalid(format!("ids has {} ids: at most {} are allowed", given.len(), limits::MAX_IDS)));
    }
    given.iter().map(|id| job_id(&id)).collect()
}

/// Bounds of a time.
pub(crate) fn bounds(field: &str, given: &Bound<'_, PyDict>) -> PyResult<RunAtFilter> {
    let mut bounds = RunAtFilter::default();
    for (key, value) in given {
        let bound = match text("a bound of a time", &key)?.as_str() {
            "gt" => &mut bounds.gt,
            "gte" => &mut bounds.gte,
            "lt" => &mut bounds.lt,
            "lte" => &mut bounds.lte,
            "eq" => &mut bounds.eq,
            other => return Err(invalid(format!("{field} has no bound `{other}`: use gt, gte, lt, lte or eq"))),
        };
        *bound = Some(time(field, &value)?);
    }
    Ok(bounds)
}

fn tags(py: Python<'_>, given: &Bound<'_, PyTuple>) -> PyResult<TagFilter> {
    let mode = text("the mode of tags", &given.get_item(1)?)?;
    let Some(mode) = TagMode::parse(&mode) else {
        return Err(invalid(format!("the mode of tags is {mode:?}: it must be exact, all, any or none")));
    };
    Ok(TagFilter { values: names(py, "a tag", &given.get_item(0)?)?, mode })
}

fn names(py: Python<'_>, field: &str, value: &Any<'_>) -> PyResult<Vec<String>> {
    let names = texts(field, value)?;
    names.iter().try_for_each(|name| limits::check_name(field, name)).or_raise(py)?;
    Ok(names)
}

fn statuses(value: &Any<'_>) -> PyResult<Vec<Status>> {
    let parse = |name: &String| {
        Status::parse(name).ok_or_else(|| {
            let all: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
            invalid(format!("there is no status {name:?}: it must be one of {}", all.join(", ")))
        })
    };
    texts("status", value)?.iter().map(parse).collect()
}

/// An edit, from an `EditDict`, checked: a key that is there and None clears.
pub(crate) fn edit(py: Python<'_>, given: &Bound<'_, PyDict>) -> PyResult<JobEdit> {
    let mut edit = JobEdit::default();
    for (key, value) in given {
        let value = &value;
        match text("the name of a field", &key)?.as_str() {
            "payload" => edit.payload = Some(json("payload", value)?),
            "priority" => edit.priority = Some(int32("priority", value)?),
            "max_attempts" => edit.max_attempts = Some(int32("max_attempts", value)?),
            "run_at" => edit.run_at = Some(optional(value, |value| time("run_at", value))?),
            "timeout_ms" => edit.timeout_ms = Some(optional(value, |value| int32("timeout in milliseconds", value))?),
            "force_kill_on_timeout" => {
                edit.force_kill_on_timeout = Some(boolean("force_kill_on_timeout", value)?);
            }
            "tags" => edit.tags = Some(texts("tags", value)?),
            "retry_delay" => edit.retry_delay = Some(optional(value, |value| seconds("retry_delay", value))?),
            "retry_backoff" => edit.retry_backoff = Some(optional(value, |value| boolean("retry_backoff", value))?),
            "retry_delay_max" => {
                edit.retry_delay_max = Some(optional(value, |value| seconds("retry_delay_max", value))?);
            }
            other => return Err(invalid(format!("a job has no field `{other}` that can be edited"))),
        }
    }
    py.detach(|| limits::check_edit(&edit)).or_raise(py)?;
    Ok(edit)
}

/// A token to be stored.
pub(crate) fn token(id: &Any<'_>, job: &Any<'_>, timeout: &Any<'_>, tags: &Any<'_>) -> PyResult<NewToken> {
    Ok(NewToken {
        id: text("the id of a token", id)?,
        job_id: optional(job, job_id)?,
        timeout: optional(timeout, |timeout| seconds("timeout", timeout))?,
        tags: texts("tags", tags)?,
    })
}

/// Which old jobs to delete.
pub(crate) fn prune(older_than: &Any<'_>, names: &Any<'_>) -> PyResult<Prune> {
    let statuses = statuses(names)?;
    if let Some(status) =
        statuses.iter().find(|status| !matches!(status, Status::Completed | Status::Failed | Status::Cancelled))
    {
        return Err(invalid(format!(
            "jobs that are {} cannot be cleaned up: statuses must be of completed, failed, cancelled",
            status.as_str()
        )));
    }
    Ok(Prune { older_than: seconds("older_than", older_than)?, statuses })
}

/// The parameters of a caller's own statement.
pub(crate) fn parameters(given: &Any<'_>) -> PyResult<Vec<Option<String>>> {
    given.try_iter()?.map(|value| optional(&value?, |value| sql("a parameter", value))).collect()
}

/// Text for the server, which takes no NUL.
pub(crate) fn sql(field: &str, value: &Any<'_>) -> PyResult<String> {
    let text = text(field, value)?;
    if text.contains('\0') {
        return Err(invalid(format!(
            "{field} holds a NUL character (U+0000), which PostgreSQL cannot take: remove it"
        )));
    }
    Ok(text)
}

/// A command of Redis: its name and its arguments, as bytes.
pub(crate) fn command(py: Python<'_>, value: &Any<'_>) -> PyResult<Vec<Bytes>> {
    let word = |item: PyResult<Any<'_>>| {
        let item = item?;
        let bytes = item.cast::<PyBytes>().map_err(|_| mismatch("a word of the command", "bytes", &item))?;
        Ok(Bytes::copy_from_slice(bytes.as_bytes()))
    };
    let command = value.try_iter()?.map(word).collect::<PyResult<Vec<_>>>()?;
    commands::check_command(&command).or_raise(py)?;
    Ok(command)
}

/// A string.
pub(crate) fn text(field: &str, value: &Any<'_>) -> PyResult<String> {
    let text = value.cast::<PyString>().map_err(|_| mismatch(field, "a str", value))?;
    // Python's own error would carry the whole text, which may be a password.
    text.to_str()
        .map(str::to_owned)
        .map_err(|_| invalid(format!("{field} holds a lone surrogate, which no store can keep as text: remove it")))
}

fn texts(field: &str, value: &Any<'_>) -> PyResult<Vec<String>> {
    if value.is_instance_of::<PyString>() {
        return Err(mismatch(field, "a list of str", value));
    }
    value.try_iter()?.map(|item| text(field, &item?)).collect()
}

/// JSON text; the one copy between Python's memory and the engine's.
pub(crate) fn json(field: &str, value: &Any<'_>) -> PyResult<Bytes> {
    let bytes = value.cast::<PyBytes>().map_err(|_| mismatch(field, "bytes of JSON", value))?;
    Ok(Bytes::copy_from_slice(bytes.as_bytes()))
}

/// Seconds, of which there may be none but not less.
pub(crate) fn seconds(field: &str, value: &Any<'_>) -> PyResult<Duration> {
    let given: f64 = value.extract().map_err(|_| mismatch(field, "a number of seconds", value))?;
    Duration::try_from_secs_f64(given)
        .map_err(|_| invalid(format!("{field} is {given:?} seconds: it must be a finite number and not negative")))
}

pub(crate) fn boolean(field: &str, value: &Any<'_>) -> PyResult<bool> {
    value.extract().map_err(|_| mismatch(field, "a bool", value))
}

pub(crate) fn time(field: &str, value: &Any<'_>) -> PyResult<Timestamp> {
    Ok(Timestamp::from_micros(int64(field, value)?))
}

pub(crate) fn int32(field: &str, value: &Any<'_>) -> PyResult<i32> {
    integer(field, value, 32)
}

pub(crate) fn int64(field: &str, value: &Any<'_>) -> PyResult<i64> {
    integer(field, value, 64)
}

fn integer<'py, N>(field: &str, value: &Any<'py>, bits: u32) -> PyResult<N>
where
    N: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            let shown = value.str().map_or_else(|_| "an int".to_owned(), |text| text.to_string());
            let shown: String = shown.chars().take(40).collect();
            invalid(format!("{field} is {shown}: it must fit in {bits} bits"))
        } else {
            mismatch(field, "an int", value)
        }
    })
}

/// None, or what `convert` makes of anything else.
pub(crate) fn optional<'py, T>(
    value: &Any<'py>,
    convert: impl FnOnce(&Any<'py>) -> PyResult<T>,
) -> PyResult<Option<T>> {
    if value.is_none() { Ok(None) } else { convert(value).map(Some) }
}

fn mismatch(field: &str, wanted: &str, value: &Any<'_>) -> PyErr {
    let kind = value.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{field} must be {wanted}, not {kind}"))
}

fn invalid(message: String) -> PyErr {
    PyValueError::new_err(message)
}
