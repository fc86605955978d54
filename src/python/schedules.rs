//! When schedules are due, for Python.

use pyo3::prelude::*;

use super::arguments;
use super::errors::OrRaise;
use crate::clock::Timestamp;
use crate::policy::cron::{Schedule, zone};

/// The first `count` ticks of a cron expression after a time, by the clocks of a time zone.
#[pyfunction]
pub(crate) fn cron_ticks(
    py: Python<'_>,
    expression: &Bound<'_, PyAny>,
    timezone: &Bound<'_, PyAny>,
    after: &Bound<'_, PyAny>,
    count: &Bound<'_, PyAny>,
) -> PyResult<Vec<i64>> {
    let expression = arguments::text("cron_expression", expression)?;
    let timezone = arguments::text("timezone", timezone)?;
    let after = arguments::time("after", after)?;
    let count = arguments::count("count", count)? as usize;
    let end = Timestamp::from_micros(i64::MAX);
    let ticks = py.detach(|| {
        let (schedule, zone) = (Schedule::parse(&expression)?, zone(&timezone)?);
        Ok(schedule.ticks(after, end, count, &zone))
    });
    Ok(ticks.or_raise(py)?.into_iter().map(Timestamp::as_micros).collect())
}
