//! The processor as Python sees it: lanes call in, the engine never calls out.

use std::collections::HashMap;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::bell::Bell;
use super::errors::exception;
use super::flow;
use super::health::{HealthTuple, follow, health};
use super::lane::{FinishedTuple, Run, control, retry_choice, span};
use super::pending::Pending;
use super::reply::Reply;
use super::schedules;
use super::store::Store;
use super::traffic::{MetricsTuple, metrics};
use crate::model::NoteKind;
use crate::processor::{
    AbortReason, Config, Finished, HandlerSpec, LaneKind, Lanes, Next, Processor as Engine, RunId, Upkeep,
};

/// A waiting thread looks up this often, so that an end it was not told of cannot keep it.
const SLICE: Duration = Duration::from_secs(1);

/// One session of processing.
#[pyclass(frozen, module = "dataqueue._core")]
pub struct Processor {
    engine: Arc<Engine>,
    lanes: Arc<Lanes>,
    pid: u32,
}

impl Processor {
    /// A forked child has none of the engine's threads: there a processor of the parent can do nothing.
    fn check_process(&self) -> PyResult<()> {
        if process::id() == self.pid {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "this processor was started before the process forked and does not run in the child: \
             create a processor in the child itself",
        ))
    }
}

#[pymethods]
impl Processor {
    #[new]
    #[pyo3(signature = (store, *, worker_name, handlers, job_types, any_type, batch_size, concurrency, poll_interval, default_timeout, schedules, limits, groups, group_rates, fair, upkeep, lease, unready_after))]
    #[allow(clippy::too_many_arguments, reason = "the options of a processor, all by keyword")]
    fn new(
        py: Python<'_>,
        store: &Store,
        worker_name: String,
        handlers: Vec<(String, String, bool)>,
        job_types: Vec<String>,
        any_type: bool,
        batch_size: u32,
        concurrency: u32,
        poll_interval: f64,
        default_timeout: Option<f64>,
        schedules: &Bound<'_, PyList>,
        limits: &Bound<'_, PyList>,
        groups: &Bound<'_, PyAny>,
        group_rates: &Bound<'_, PyAny>,
        fair: &Bound<'_, PyAny>,
        upkeep: bool,
        lease: f64,
        unready_after: Option<f64>,
    ) -> PyResult<Self> {
        let mut specs = HashMap::with_capacity(handlers.len());
        for (index, (name, lane, decides_retry)) in handlers.into_iter().enumerate() {
            let index = u32::try_from(index).map_err(|_| PyValueError::new_err("too many handlers"))?;
            let lane = lane_kind(&lane)?;
            specs.insert(name, HandlerSpec { lane, index, decides_retry });
        }
        let turns = flow::turns(fair)?;
        let config = Config {
            worker_name,
            handlers: specs,
            job_types,
            any_type,
            batch_size,
            concurrency,
            poll_interval: span(poll_interval)?,
            default_timeout: default_timeout.map(span).transpose()?,
            schedules: schedules::schedules(py, schedules)?,
            limits: flow::limits(limits, groups, group_rates, turns.is_some())?,
            turns,
            upkeep: upkeep.then(Upkeep::default),
            lease: span(lease)?,
            unready_after: unready_after.map(span).transpose()?,
        };
        let engine = Engine::new(store.storage(py)?, config).map_err(|error| exception(py, &error))?;
        let lanes = engine.lanes();
        Ok(Self { engine: Arc::new(engine), lanes, pid: process::id() })
    }

    /// Starts to claim and run jobs.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.check_process()?;
        self.engine.start().map_err(|error| exception(py, &error))
    }

    /// Claims one batch and runs it; how many jobs ran to an end.
    fn run_batch(&self, py: Python<'_>) -> PyResult<Pending> {
        self.check_process()?;
        let engine = Arc::clone(&self.engine);
        Pending::spawn(py, async move { engine.run_batch().await.map(Reply::Count) })
    }

    /// Claims and runs what is due until nothing is, or `most` jobs ran; how many did.
    fn run_due(&self, py: Python<'_>, most: u32) -> PyResult<Pending> {
        self.check_process()?;
        let engine = Arc::clone(&self.engine);
        Pending::spawn(py, async move { engine.run_due(most).await.map(Reply::Count) })
    }

    /// Ends the session as if its process were killed.
    fn die(&self, py: Python<'_>) -> PyResult<Pending> {
        self.check_process()?;
        let engine = Arc::clone(&self.engine);
        Pending::spawn(py, async move { engine.die().await.map(|()| Reply::Nothing) })
    }

    /// Ends the session; whether every handler ended within `timeout` seconds.
    fn drain(&self, py: Python<'_>, timeout: f64) -> PyResult<Pending> {
        self.check_process()?;
        let (engine, timeout) = (Arc::clone(&self.engine), span(timeout)?);
        engine.stop_claiming();
        Pending::spawn(py, async move { Ok(Reply::Flag(engine.drain(timeout).await.complete)) })
    }

    /// Whether it claims jobs.
    fn is_running(&self) -> bool {
        process::id() == self.pid && self.engine.is_running()
    }

    /// Whether somebody asked in the store that this worker drain.
    fn is_asked_to_drain(&self) -> bool {
        self.engine.is_asked_to_drain()
    }

    /// What was done so far, by name.
    fn counts(&self) -> HashMap<&'static str, u64> {
        let counts = self.engine.counts();
        HashMap::from([
            ("claimed", counts.claimed),
            ("completed", counts.completed),
            ("failed", counts.failed),
            ("retried", counts.retried),
            ("released", counts.released),
            ("waited", counts.waited),
            ("cancelled", counts.cancelled),
            ("lost", counts.lost),
            ("reclaimed", counts.reclaimed),
        ])
    }

    /// What was done so far by type, and what is in hand: `(worker, concurrency, running, waiting, last claim, lost, reclaimed, errors by
    /// call, types)`.
    fn metrics(&self) -> MetricsTuple {
        metrics(self.engine.metrics())
    }

    /// Writes a byte to the socket `descriptor` when the loop's lane should call `exchange`; None ends that.
    fn ring(&self, descriptor: Option<i64>) -> PyResult<()> {
        let bell = descriptor.map(Bell::new).transpose()?;
        self.lanes.set_loop_waker(bell.map(|bell| Box::new(move || bell.ring()) as crate::processor::Waker));
        Ok(())
    }

    /// For the event loop: reports ends, takes up to `most` runs, and messages `(run, what)` about running ones.
    #[allow(clippy::type_complexity, reason = "a pair of lists")]
    fn exchange(&self, finished: Vec<FinishedTuple>, most: usize) -> PyResult<(Vec<Run>, Vec<(RunId, &'static str)>)> {
        let finished = finished.into_iter().map(Finished::try_from).collect::<PyResult<_>>()?;
        let (starts, controls) = self.lanes.exchange(finished, most);
        Ok((starts.into_iter().map(Run::from).collect(), controls.into_iter().map(control).collect()))
    }

    /// For a thread of a lane: reports the end of its last run and blocks, without the GIL, for the next: `(run, whether one
    /// more thread would find work)`. None when the session has ended.
    #[pyo3(signature = (finished=None, in_process=false))]
    fn next(&self, py: Python<'_>, finished: Option<FinishedTuple>, in_process: bool) -> PyResult<Option<(Run, bool)>> {
        let lane = if in_process { LaneKind::Process } else { LaneKind::Thread };
        let finished = finished.map(Finished::try_from).transpose()?;
        // Most calls find the next run at once: giving up the GIL for it would cost more than the call.
        let mut next = self.lanes.next(lane, finished, Duration::ZERO);
        loop {
            match next {
                Next::Start { start, more_threads } => return Ok(Some((start.into(), more_threads))),
                Next::Closed => return Ok(None),
                Next::Nothing => next = py.detach(|| self.lanes.next(lane, None, SLICE)),
            }
        }
    }

    /// The run is about to go to the process group `group`, which the engine kills when the run must end; false if it must
    /// already.
    fn bind(&self, run: RunId, group: i32) -> bool {
        self.lanes.bind(run, group)
    }

    /// The process of the run is gone, and may be reaped, or is done with it.
    fn unbind(&self, run: RunId) {
        self.lanes.unbind(run);
    }

    /// Why the engine wants the run to end, if it does.
    fn verdict(&self, run: RunId) -> Option<&'static str> {
        self.lanes.verdict(run).map(AbortReason::as_str)
    }

    /// For the monitor: blocks, without the GIL, for messages about runs on threads and for reports of errors. None when
    /// the session has ended.
    #[allow(clippy::type_complexity, reason = "a pair of lists")]
    fn attend(&self, py: Python<'_>) -> Option<(Vec<(RunId, &'static str)>, Vec<String>)> {
        let (controls, reports) = py.detach(|| self.lanes.attend(SLICE));
        if controls.is_empty() && reports.is_empty() && self.lanes.is_closed() {
            return None;
        }
        Some((controls.into_iter().map(control).collect(), reports))
    }

    /// Moves a run's deadline; false when it has none.
    #[pyo3(signature = (run, seconds=None))]
    fn prolong(&self, run: RunId, seconds: Option<f64>) -> PyResult<bool> {
        Ok(self.lanes.prolong(run, seconds.map(span).transpose()?))
    }

    /// The run is to be asked before it times out.
    fn ask_on_timeout(&self, run: RunId) {
        self.lanes.ask_on_timeout(run);
    }

    /// Answers the message `ask`.
    #[pyo3(signature = (run, extend=None, retry=None))]
    fn answer_timeout(&self, run: RunId, extend: Option<f64>, retry: Option<f64>) -> PyResult<()> {
        self.lanes.answer_timeout(run, extend.map(span).transpose()?, retry_choice(retry)?);
        Ok(())
    }

    /// Reports progress; false when the run is over.
    fn progress(&self, run: RunId, percent: i32) -> bool {
        self.lanes.note(run, NoteKind::Progress(percent))
    }

    /// Records that a step was done; ends when it is kept.
    fn step(&self, py: Python<'_>, run: RunId, job: i64, name: String, entry: Vec<u8>) -> PyResult<Pending> {
        self.check_process()?;
        let lanes = Arc::clone(&self.lanes);
        Pending::spawn(py, async move { lanes.step(run, job, name, Bytes::from(entry)).await.map(|()| Reply::Nothing) })
    }

    /// Reports the output so far; false when the run is over.
    fn output(&self, run: RunId, json: Vec<u8>) -> bool {
        self.lanes.note(run, NoteKind::Output(Bytes::from(json)))
    }

    /// How it is: `(live, ready, running, waiting, last claim, last renewal, store reachable, restarts, reason)`.
    fn health(&self) -> HealthTuple {
        health(self.engine.health())
    }

    /// Writes its health, a line of JSON a second, to the socket `descriptor`, and drains when that ends: for a parent that
    /// watches. Neither needs the interpreter.
    fn follow(&self, py: Python<'_>, descriptor: i64, drain_timeout: f64) -> PyResult<()> {
        self.check_process()?;
        follow(&self.engine, descriptor, span(drain_timeout)?).map_err(|error| exception(py, &error))
    }
}

fn lane_kind(name: &str) -> PyResult<LaneKind> {
    match name {
        "thread" => Ok(LaneKind::Thread),
        "loop" => Ok(LaneKind::Loop),
        "process" => Ok(LaneKind::Process),
        _ => Err(PyValueError::new_err(format!("there is no lane {name:?}"))),
    }
}
