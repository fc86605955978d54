//! Limits, rates and pauses, between Python and the engine.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::arguments::{self, optional, text};
use super::errors::OrRaise;
use super::inspection_records;
use super::pending::Pending;
use super::reply::Reply;
use super::store::Store;
use crate::model::{GroupLimits, GroupRates, Limits, Pace, Rate, Scope, Turns, TypeLimits};
use crate::policy::limits;

type Any<'py> = Bound<'py, PyAny>;

/// The limits of a processor: of each type `(name, max_running, rate)`, where a rate is `(key, most, seconds)`; and of groups
/// `(most, tiers)`, or None, and `(rate, tiers)`, or None, where a rate is `(most, seconds)`.
pub(crate) fn limits(
    types: &Bound<'_, PyList>,
    groups: &Any<'_>,
    group_rates: &Any<'_>,
    turns: bool,
) -> PyResult<Limits> {
    let mut limits = Limits { turns, ..Limits::default() };
    for given in types {
        let given = given.cast::<PyTuple>()?;
        let rate = optional(&given.get_item(2)?, |rate| {
            let rate = rate.cast::<PyTuple>()?;
            Ok(Rate {
                key: text("the key of a rate limit", &rate.get_item(0)?)?,
                most: number("a rate limit", &rate.get_item(1)?)?,
                per: arguments::seconds("per", &rate.get_item(2)?)?,
            })
        })?;
        let max_running = optional(&given.get_item(1)?, |most| number("max_running", most))?;
        limits.types.insert(text("job_type", &given.get_item(0)?)?, TypeLimits { max_running, rate });
    }
    limits.groups = optional(groups, |groups| {
        let groups = groups.cast::<PyTuple>()?;
        let mut tiers = BTreeMap::new();
        for (tier, most) in groups.get_item(1)?.cast::<PyDict>()? {
            tiers.insert(text("the tier of a group", &tier)?, number("group_concurrency", &most)?);
        }
        Ok(GroupLimits { most: optional(&groups.get_item(0)?, |most| number("group_concurrency", most))?, tiers })
    })?;
    limits.group_rates = optional(group_rates, |rates| {
        let rates = rates.cast::<PyTuple>()?;
        let mut tiers = BTreeMap::new();
        for (tier, rate) in rates.get_item(1)?.cast::<PyDict>()? {
            tiers.insert(text("the tier of a group", &tier)?, pace(&rate)?);
        }
        Ok(GroupRates { others: optional(&rates.get_item(0)?, pace)?, tiers })
    })?;
    Ok(limits)
}

fn pace(rate: &Any<'_>) -> PyResult<Pace> {
    let rate = rate.cast::<PyTuple>()?;
    Ok(Pace {
        most: number("group_rate_limit", &rate.get_item(0)?)?,
        per: arguments::seconds("per", &rate.get_item(1)?)?,
    })
}

/// How groups take turns: weights by tier, or None where they do not.
pub(crate) fn turns(fair: &Any<'_>) -> PyResult<Option<Turns>> {
    optional(fair, |fair| {
        let mut weights = BTreeMap::new();
        for (tier, weight) in fair.cast::<PyDict>()? {
            weights.insert(text("a tier of fair", &tier)?, number("fair", &weight)?);
        }
        Ok(Turns { weights })
    })
}

fn number(field: &str, value: &Any<'_>) -> PyResult<u32> {
    // Stores keep it in 32 bits with a sign.
    Ok(u32::try_from(arguments::int32(field, value)?).unwrap_or_default())
}

/// Pauses or lets go on: a type, a group, or everything.
#[pyfunction]
pub(crate) fn set_paused(
    py: Python<'_>,
    store: &Store,
    job_type: &Any<'_>,
    group: &Any<'_>,
    paused: bool,
) -> PyResult<Pending> {
    let job_type = optional(job_type, |name| text("job_type", name))?;
    let group = optional(group, |name| text("group", name))?;
    let scope = match (job_type, group) {
        (Some(name), _) => Scope::Type(name),
        (None, Some(name)) => Scope::Group(name),
        (None, None) => Scope::All,
    };
    if let Scope::Type(name) | Scope::Group(name) = &scope {
        limits::check_name("the name of what is paused", name).or_raise(py)?;
    }
    let storage = store.storage(py)?;
    Pending::spawn(py, async move { Ok(Reply::Flag(storage.set_paused(&scope, paused).await?)) })
}

/// What is paused: pairs of `all`, `type` or `group`, and a name.
#[pyfunction]
pub(crate) fn paused(py: Python<'_>, store: &Store) -> PyResult<Pending> {
    let storage = store.storage(py)?;
    Pending::spawn(py, async move {
        Ok(Reply::Scopes(storage.paused().await?.into_iter().map(inspection_records::scope).collect()))
    })
}
