//! Opening a store: by a URL and settings, or in memory by a clock that the caller moves.

use std::collections::BTreeMap;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::arguments::{self, optional};
use super::errors::{OrRaise, exception};
use super::fork::Reopening;
use crate::clock::{Clock, SystemClock, Timestamp, VirtualClock};
use crate::error::Error;
use crate::storage::{SqliteOptions, StoreOptions, url};

type Any<'py> = Bound<'py, PyAny>;

/// The store that a URL and settings name.
///
/// # Errors
/// `ConfigError`.
pub(crate) fn by_url(py: Python<'_>, url: &Any<'_>, settings: &Bound<'_, PyDict>) -> PyResult<Reopening> {
    let (url, settings) = given(py, url, settings)?;
    py.detach(|| Reopening::open(url::parse(url.as_deref(), &settings)?)).or_raise(py)
}

/// A store in memory whose clock begins at `start`, or now.
///
/// # Errors
/// `DataQueueError` where there is no memory for it.
pub(crate) fn in_virtual_time(py: Python<'_>, start: Option<i64>, ticks: bool) -> PyResult<Reopening> {
    let start = start.map_or_else(|| SystemClock.now(), Timestamp::from_micros);
    let clock = Some(VirtualClock::new(start, ticks));
    // No other process can hold what is in memory.
    let options = SqliteOptions { path: None, busy_timeout: Duration::ZERO, clock };
    py.detach(|| Reopening::open(StoreOptions::Sqlite(options))).or_raise(py)
}

/// The URL and the settings as text; what is no text is refused as any bad option, never shown.
fn given(
    py: Python<'_>,
    url: &Any<'_>,
    settings: &Bound<'_, PyDict>,
) -> PyResult<(Option<String>, BTreeMap<String, String>)> {
    let read = || {
        let url = optional(url, |url| arguments::text("the URL", url))?;
        let pair = |(key, value): (Any<'_>, Any<'_>)| {
            let key = arguments::text("the name of a setting", &key)?;
            let value = arguments::text(&format!("`{key}`"), &value)?;
            Ok((key, value))
        };
        Ok((url, settings.iter().map(pair).collect::<PyResult<_>>()?))
    };
    read().map_err(|error: PyErr| {
        if error.is_instance_of::<PyValueError>(py) {
            exception(py, &Error::Config(error.value(py).to_string()))
        } else {
            error
        }
    })
}
