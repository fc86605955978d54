//! Runs on their way to a lane, and their ends on the way back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::records::job_record;
use crate::clock::Timestamp;
use crate::model::Awaited;
use crate::model::Claimed;
use crate::processor::{Control, End, Finished, HandlerError, Pause, RetryChoice, RunId, Start, Until};

/// One run of a job, for a lane to start.
#[pyclass(frozen, module = "dataqueue._core")]
pub struct Run {
    /// The number of the run in its processor.
    #[pyo3(get)]
    id: RunId,
    /// The handler's place in the table given to the processor.
    #[pyo3(get)]
    handler: u32,
    claimed: Arc<Claimed>,
}

#[pymethods]
impl Run {
    #[getter]
    fn job_id(&self) -> i64 {
        self.claimed.job.id
    }

    #[getter]
    fn job_type(&self) -> &str {
        &self.claimed.job.job_type
    }

    #[getter]
    fn attempt(&self) -> i32 {
        self.claimed.job.attempts
    }

    /// Whether its process is killed when its time is up.
    #[getter]
    fn force_kill(&self) -> bool {
        self.claimed.job.force_kill_on_timeout
    }

    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.claimed.job.payload)
    }

    /// The whole job as it was claimed.
    fn record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        job_record(py, &self.claimed.job)
    }
}

impl From<Start> for Run {
    fn from(start: Start) -> Self {
        Self { id: start.run, handler: start.handler, claimed: start.claimed }
    }
}

/// `(run, "completed", output)`, `(run, "released")`, `(run, "cancelled", reason)`, `(run, "lost", message, retry)`, `(run, "waiting", name, label, (kind, is_date, micros, awaited))`, or
/// `(run, "failed", message, type, traceback, retry)`, where `retry` is None for the job's own options, a number of seconds, or a negative number for never.
#[derive(FromPyObject)]
pub enum FinishedTuple {
    Failed(RunId, String, String, Option<String>, Option<String>, Option<f64>),
    Completed(RunId, String, Option<Vec<u8>>),
    Cancelled(RunId, String, String),
    Lost(RunId, String, String, Option<f64>),
    Waiting(RunId, String, String, Option<String>, (String, bool, Option<i64>, Option<String>)),
    Released(RunId, String),
}

impl TryFrom<FinishedTuple> for Finished {
    type Error = PyErr;

    fn try_from(tuple: FinishedTuple) -> PyResult<Self> {
        Ok(match tuple {
            FinishedTuple::Completed(run, _, output) => Self { run, end: End::Completed(output.map(Bytes::from)) },
            FinishedTuple::Waiting(run, _, name, label, (kind, is_date, micros, awaited)) => {
                let until = micros.map(|micros| {
                    if is_date {
                        Until::At(Timestamp::from_micros(micros))
                    } else {
                        Until::After(Duration::from_micros(micros.unsigned_abs()).min(LONGEST))
                    }
                });
                let on = awaited.as_deref().map(Awaited::of);
                Self { run, end: End::Waiting(Pause { name, label, kind, until, on }) }
            }
            FinishedTuple::Lost(run, _, message, retry) => {
                let retry = retry_choice(retry)?;
                Self { run, end: End::Lost(HandlerError { message, kind: None, traceback: None, retry }) }
            }
            FinishedTuple::Cancelled(run, _, reason) => Self { run, end: End::Cancelled(reason) },
            FinishedTuple::Released(run, _) => Self { run, end: End::Released },
            FinishedTuple::Failed(run, _, message, kind, traceback, retry) => {
                Self { run, end: End::Failed(HandlerError { message, kind, traceback, retry: retry_choice(retry)? }) }
            }
        })
    }
}

pub fn retry_choice(retry: Option<f64>) -> PyResult<RetryChoice> {
    match retry {
        None => Ok(RetryChoice::Policy),
        Some(seconds) if seconds < 0.0 => Ok(RetryChoice::Never),
        Some(seconds) => span(seconds).map(RetryChoice::After),
    }
}

/// Longer than anyone waits, and short enough to be added to any point in time.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

pub fn span(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map(|span| span.min(LONGEST))
        .map_err(|error| PyValueError::new_err(format!("{seconds} is not a duration in seconds: {error}")))
}

/// `(run, reason)`: abort it, or with the reason `ask`: answer whether it goes on.
pub fn control(control: Control) -> (RunId, &'static str) {
    match control {
        Control::Abort { run, reason } => (run, reason.as_str()),
        Control::AskTimeout { run } => (run, "ask"),
    }
}
