//! What somebody who looks at a store is told, as the dicts that the Python records are made of. A count is `(value, kind)`, a rate
//! `(most, seconds, spent)`.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::records::{job_record, micros};
use super::reply::list;
use crate::model::{Count, GroupRecord, Overview, RateState, Scope, Searched, TypeDepth, TypeLimit, WorkerRecord};

type Answer<'py> = PyResult<Bound<'py, PyAny>>;

fn counted(count: Count) -> (u64, &'static str) {
    (count.value, count.kind.as_str())
}

fn rate(rate: Option<RateState>) -> Option<(u32, f64, u64)> {
    rate.map(|rate| (rate.most, rate.per, rate.spent))
}

/// A scope as `all`, `type` or `group`, and a name.
pub(super) fn scope(scope: Scope) -> (&'static str, String) {
    match scope {
        Scope::All => ("all", String::new()),
        Scope::Type(name) => ("type", name),
        Scope::Group(name) => ("group", name),
    }
}

macro_rules! record {
    ($py:ident, { $($key:literal: $value:expr),+ $(,)? }) => {{
        let record = PyDict::new($py);
        $(record.set_item(pyo3::intern!($py, $key), $value)?;)+
        Ok(record.into_any())
    }};
}

/// The store at a glance.
pub(super) fn overview(py: Python<'_>, overview: Overview) -> Answer<'_> {
    let counts = overview.counts.into_iter().map(|(status, count)| (status.as_str(), counted(count)));
    let types = list(py, overview.types, |one| depth(py, one))?;
    let paused: Vec<_> = overview.paused.into_iter().map(scope).collect();
    record!(py, {
        "now": overview.now.as_micros(),
        "counts": counts.collect::<Vec<_>>(),
        "types": types,
        "more_types": overview.more_types,
        "oldest_due_at": micros(overview.oldest_due_at),
        "next_due_at": micros(overview.next_due_at),
        "workers": overview.workers,
        "paused": paused,
    })
}

fn depth(py: Python<'_>, depth: TypeDepth) -> Answer<'_> {
    record!(py, {
        "job_type": depth.job_type,
        "ready": counted(depth.ready),
        "scheduled": counted(depth.scheduled),
        "oldest_due_at": micros(depth.oldest_due_at),
        "is_handled": depth.is_handled,
        "is_paused": depth.is_paused,
    })
}

/// A worker.
pub(super) fn worker(py: Python<'_>, worker: WorkerRecord) -> Answer<'_> {
    let profile = worker.profile;
    record!(py, {
        "id": worker.id,
        "name": profile.name,
        "host": profile.host,
        "pid": profile.pid,
        "version": profile.version,
        "concurrency": profile.concurrency,
        "job_types": profile.job_types,
        "started_at": micros(worker.started_at),
        "renewed_at": worker.renewed_at.as_micros(),
        "lease_expires_at": worker.lease_expires_at.as_micros(),
        "is_alive": worker.is_alive,
        "is_draining": worker.is_draining,
        "running": counted(worker.running),
        "job_ids": worker.job_ids,
    })
}

/// A group.
pub(super) fn group(py: Python<'_>, group: GroupRecord) -> Answer<'_> {
    record!(py, {
        "id": group.id,
        "running": group.running,
        "most": group.most,
        "in_line": counted(group.in_line),
        "is_paused": group.is_paused,
        "opens_at": micros(group.opens_at),
        "rate": rate(group.rate),
    })
}

/// The limits of a type.
pub(super) fn type_limit(py: Python<'_>, limit: TypeLimit) -> Answer<'_> {
    record!(py, {
        "job_type": limit.job_type,
        "running": limit.running,
        "max_running": limit.max_running,
        "rate": rate(limit.rate),
        "held_until": micros(limit.held_until),
        "is_paused": limit.is_paused,
    })
}

/// What a search found, as `(jobs, where to go on, how many were looked at, when the oldest of these was added)`.
pub(super) fn searched(py: Python<'_>, searched: Searched) -> Answer<'_> {
    let jobs = PyList::empty(py);
    for job in &searched.jobs {
        jobs.append(job_record(py, job)?)?;
    }
    (jobs, searched.next, searched.looked_at, micros(searched.oldest_looked_at)).into_bound_py_any(py)
}
