//! The runs of a processor: claimed and waiting, or started. Lanes take and finish runs from any thread; the
//! engine's tasks add claimed jobs, watch deadlines and abort. Nothing here waits on the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::clock::{Clock, VirtualClock};
use crate::error::{Error, Result};
use crate::lock::{Condvar, Mutex};
use crate::model::{FailureReason, JobId, Note, NoteKind, Settled, Settlement};

use super::board::{Running, State};
use super::config::{Config, LaneKind};
use super::outbox::Outbox;
use super::per_lane::PerLane;
use super::run::{AbortReason, Control, Finished, RetryChoice, RunId, Start, engine_failure};
use super::stats::Stats;

/// Whose messages the monitor passes on.
const MONITORED: [LaneKind; 2] = [LaneKind::Thread, LaneKind::Process];
/// Errors kept for a monitor that is slow to ask.
const MOST_REPORTS: usize = 100;

/// The meeting place of lanes and engine.
pub struct Lanes {
    pub(super) state: Mutex<State>,
    /// Wakes idle threads of each lane.
    pub(super) work: PerLane<Condvar>,
    /// Wakes the monitor: messages about runs on threads, or reports of errors.
    attention: Condvar,
    /// Wakes the claimer: a slot is free, or the state changed.
    pub(super) room: Notify,
    /// Wakes the deadline watcher: an earlier deadline than before.
    pub(super) rearm: Notify,
    /// Wakes those who wait until no run is left.
    pub(super) idle: Notify,
    pub(super) outbox: Arc<Outbox>,
    pub(super) stats: Arc<Stats>,
    loop_waker: Mutex<Option<Waker>>,
    loop_signalled: AtomicBool,
    pub(super) config: Arc<Config>,
    /// The store's, where its owner moves it.
    clock: Option<VirtualClock>,
}

/// Called, from any thread, when the event loop's lane was told nothing since its last exchange and should look again.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// What a lane thread does next.
#[derive(Debug)]
pub enum Next {
    /// Run this job; if `more_threads`, there are more slots, or more jobs, than threads to take them.
    Start {
        /// The run.
        start: Start,
        /// Whether another thread is wanted: for what waits now, or comes while all are busy.
        more_threads: bool,
    },
    /// Nothing came in time.
    Nothing,
    /// The processor has ended.
    Closed,
}

impl Lanes {
    pub(super) fn new(
        config: Arc<Config>,
        outbox: Arc<Outbox>,
        stats: Arc<Stats>,
        clock: Option<VirtualClock>,
    ) -> Self {
        Self {
            state: Mutex::default(),
            work: PerLane::default(),
            attention: Condvar::new(),
            room: Notify::new(),
            rearm: Notify::new(),
            idle: Notify::new(),
            outbox,
            stats,
            loop_waker: Mutex::new(None),
            loop_signalled: AtomicBool::new(false),
            config,
            clock,
        }
    }

    /// Says how the event loop's lane is woken, and wakes it once.
    pub fn set_loop_waker(&self, waker: Option<Waker>) {
        *self.loop_waker.lock() = waker;
        self.loop_signalled.store(false, Ordering::SeqCst);
        self.wake_loop();
    }

    /// For the event loop: reports the ends of runs and takes up to `most` new ones, with messages about runs it has.
    /// Never blocks.
    pub fn exchange(&self, finished: Vec<Finished>, most: usize) -> (Vec<Start>, Vec<Control>) {
        let lane = LaneKind::Loop;
        self.loop_signalled.store(false, Ordering::SeqCst);
        let mut settlements = Vec::with_capacity(finished.len());
        let mut starts = Vec::new();
        let mut state = self.state.lock();
        let ended = finished.len();
        for one in finished {
            settlements.extend(self.finish(&mut state, one));
        }
        while starts.len() < most
            && let Some(start) = self.start(&mut state, lane)
        {
            starts.push(start);
        }
        let controls = state.messages(lane).into();
        self.after_exchange(state, lane, settlements, ended);
        (starts, controls)
    }

    /// For a thread of a lane, which runs handlers itself or has a process for them: reports the end of its last run and waits
    /// up to `wait` for the next.
    pub fn next(&self, lane: LaneKind, finished: Option<Finished>, wait: Duration) -> Next {
        let until = Instant::now() + wait;
        let ended = usize::from(finished.is_some());
        let mut state = self.state.lock();
        let settled = finished.and_then(|one| self.finish(&mut state, one));
        if let Some(settled) = settled {
            self.outbox.settle([settled]);
        }
        let mut announced = ended == 0;
        loop {
            if let Some(start) = self.start(&mut state, lane) {
                let left = state.takeable(lane, self.config.concurrency);
                let idle = state.idle[lane];
                if left > 0 && idle > 0 {
                    self.wake_one(lane);
                }
                // What is claimed while every thread is in a handler must not wait for one of them to end.
                let none_left = idle == 0 && state.running_on(lane) < self.config.concurrency as usize;
                let more_threads = left > idle || none_left;
                self.after_exchange(state, lane, Vec::new(), ended);
                return Next::Start { start, more_threads };
            }
            if !announced {
                announced = true;
                self.after_exchange(state, lane, Vec::new(), ended);
                state = self.state.lock();
                continue;
            }
            if state.closed {
                return Next::Closed;
            }
            state.count_idle(lane, 1);
            let timed_out;
            (state, timed_out) = self.work[lane].wait_until(state, until);
            state.count_idle(lane, -1);
            if timed_out {
                return if state.closed { Next::Closed } else { Next::Nothing };
            }
        }
    }

    /// For the monitor thread: waits up to `wait` for messages about runs on threads and in processes, and for reports of errors.
    pub fn attend(&self, wait: Duration) -> (Vec<Control>, Vec<String>) {
        let until = Instant::now() + wait;
        let mut state = self.state.lock();
        loop {
            let nothing = state.reports.is_empty() && MONITORED.iter().all(|lane| state.has_no_message(*lane));
            let mut over = !nothing || state.closed;
            if !over {
                (state, over) = self.attention.wait_until(state, until);
            }
            if over {
                let controls = MONITORED.iter().flat_map(|lane| state.messages(*lane)).collect();
                return (controls, state.reports.drain(..).collect());
            }
        }
    }

    /// Tells the monitor of an error; the oldest is dropped when nobody listens.
    pub(super) fn report(&self, message: String) {
        let mut state = self.state.lock();
        if state.reports.len() >= MOST_REPORTS {
            state.reports.pop_front();
        }
        state.reports.push_back(message);
        drop(state);
        self.attention.notify_all();
    }

    /// Moves a run's deadline to `span` from now, or to its whole time limit from now. A run without a time limit, or one
    /// that is over, is left alone. Answers whether it was moved.
    pub fn prolong(&self, run: RunId, span: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        let Some(running) = state.running.get(&run) else { return false };
        let Some(limit) = running.timeout else { return false };
        if running.over || running.verdict.is_some() {
            return false;
        }
        let span = span.unwrap_or(limit);
        let lease = running.claimed.lease;
        state.arm(run, Instant::now() + span);
        drop(state);
        self.rearm.notify_one();
        let timeout_ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.outbox.note(run, Note { lease, kind: NoteKind::Prolonged { timeout_ms } });
        true
    }

    /// Says that the run wants to be asked before it times out.
    pub fn ask_on_timeout(&self, run: RunId) {
        if let Some(running) = self.state.lock().running.get_mut(&run) {
            running.asks = true;
        }
    }

    /// Answers [`Control::AskTimeout`]: go on for `extend`, or fail with this choice of a retry.
    pub fn answer_timeout(&self, run: RunId, extend: Option<Duration>, retry: RetryChoice) {
        if let Some(span) = extend.filter(|span| !span.is_zero()) {
            let mut state = self.state.lock();
            if let Some(running) = state.running.get_mut(&run) {
                running.asked = false;
            }
            drop(state);
            self.prolong(run, Some(span));
        } else {
            let mut state = self.state.lock();
            let settled = if state.running.get(&run).is_some_and(|running| running.lane == LaneKind::Process) {
                Self::time_out_process(&mut state, run, Instant::now());
                self.rearm.notify_one();
                None
            } else {
                self.time_out(&mut state, run, retry)
            };
            drop(state);
            self.outbox.settle(settled);
            self.wake_all();
        }
    }

    /// Reports about a running job; false when the run is over.
    pub fn note(&self, run: RunId, kind: NoteKind) -> bool {
        let state = self.state.lock();
        let Some(running) = state.running.get(&run).filter(|running| !running.over) else { return false };
        let lease = running.claimed.lease;
        drop(state);
        self.outbox.note(run, Note { lease, kind });
        true
    }

    /// Records that a part of a running job's handler was done. The handler must not go on before the answer: an error, or
    /// that of a lease lost, means that it may not be kept.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when the run is over, or its lease is; [`Error::Closed`] when the processor ended before it was
    /// kept; what the store refuses.
    pub async fn step(&self, run: RunId, job: JobId, name: String, entry: Bytes) -> Result<()> {
        let lease = {
            let state = self.state.lock();
            let running = state.running.get(&run).filter(|running| !running.over);
            running.map(|running| running.claimed.lease).ok_or(Error::LeaseLost { job })?
        };
        let answered = self.outbox.step(Note { lease, kind: NoteKind::Step { name, entry } });
        match answered.await {
            Ok(Ok(Settled::Applied)) => Ok(()),
            Ok(Ok(Settled::LeaseLost)) => Err(Error::LeaseLost { job }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Whether the processor has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    pub(super) fn time_out(&self, state: &mut State, run: RunId, retry: RetryChoice) -> Option<Settlement> {
        let running = state.running.get(&run).filter(|running| !running.over)?;
        // One that somebody asked to cancel is not tried again.
        let retry = if running.verdict.is_some() { RetryChoice::Never } else { retry };
        let settled = engine_failure(&running.claimed, FailureReason::Timeout, running.overrun(), retry);
        self.stats.ended(running.handler, &running.claimed, &settled, Some(running.started.elapsed()));
        self.give_up(state, run, AbortReason::Timeout);
        Some(settled)
    }

    fn finish(&self, state: &mut State, finished: Finished) -> Option<Settlement> {
        let Some(running) = state.running.remove(&finished.run) else {
            state.abandoned.remove(&finished.run);
            return None;
        };
        state.disarm(finished.run, running.deadline);
        if running.over {
            return None;
        }
        let ran = running.started.elapsed();
        let took = ran.as_secs_f64();
        state.run_time = if state.run_time == 0.0 { took } else { state.run_time.mul_add(0.9, took * 0.1) };
        if let Some(span) = finished.end.holds_back() {
            self.hold_back(state, &running.claimed.job.job_type, span);
        }
        let settled = self.settled(&running, finished.end);
        self.stats.ended(running.handler, &running.claimed, &settled, Some(ran));
        Some(settled)
    }

    /// How long a run was held, by the store's clock.
    pub(super) fn held(&self, running: &Running) -> Duration {
        match &self.clock {
            Some(clock) => clock.now().since(running.claimed.job.locked_at.unwrap_or_default()),
            None => running.since.elapsed(),
        }
    }

    fn start(&self, state: &mut State, lane: LaneKind) -> Option<Start> {
        if state.takeable(lane, self.config.concurrency) == 0 {
            return None;
        }
        let waiting = state.waiting[lane].pop_front()?;
        let job = &waiting.claimed.job;
        let own = job.timeout_ms.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
        let timeout = own.or(self.config.default_timeout);
        let asks = self.config.handlers.get(&job.job_type).is_some_and(|handler| handler.decides_retry);
        let started = Instant::now();
        self.stats.started(waiting.handler, &waiting.claimed, started.saturating_duration_since(waiting.since));
        let (claimed, handler, since) = (Arc::clone(&waiting.claimed), waiting.handler, waiting.since);
        let running = Running {
            claimed,
            handler,
            lane,
            since,
            started,
            timeout,
            deadline: None,
            asks,
            asked: false,
            over: false,
            verdict: None,
            group: None,
        };
        state.running.insert(waiting.run, running);
        if let Some(timeout) = timeout {
            // Armed before the handler starts, so that a handler which moves its deadline first thing is not undone.
            if state.arm(waiting.run, started + timeout) {
                self.rearm.notify_one();
            }
        }
        Some(Start { run: waiting.run, claimed: waiting.claimed, handler: waiting.handler })
    }

    fn after_exchange(&self, state: MutexGuard<'_, State>, lane: LaneKind, settlements: Vec<Settlement>, ended: usize) {
        let others =
            LaneKind::ALL.map(|other| ended > 0 && other != lane && state.takeable(other, self.config.concurrency) > 0);
        let empty = state.running.is_empty() && state.waiting() == 0;
        let low = state.waiting() * 2 <= self.config.batch_size as usize;
        // Before anybody can see that no run is left: then all of them are on their way.
        self.outbox.settle(settlements);
        drop(state);
        if low {
            self.room.notify_one();
        }
        if empty && ended > 0 {
            self.idle.notify_waiters();
        }
        for (other, _) in LaneKind::ALL.into_iter().zip(others).filter(|(_, has_work)| *has_work) {
            self.wake_one(other);
        }
    }

    /// How many idle threads of a lane could take a run.
    pub(super) fn wanted(&self, state: &State, lane: LaneKind) -> usize {
        let idle = state.idle[lane];
        if idle == 0 { 0 } else { idle.min(state.takeable(lane, self.config.concurrency)) }
    }

    /// Wakes a thread of a lane, or the loop.
    pub(super) fn wake_one(&self, lane: LaneKind) {
        match lane {
            LaneKind::Loop => self.wake_loop(),
            LaneKind::Thread | LaneKind::Process => self.work[lane].notify_one(),
        }
    }

    pub(super) fn wake_all(&self) {
        self.attention.notify_all();
        self.wake_loop();
    }

    fn wake_loop(&self) {
        if self.loop_signalled.swap(true, Ordering::SeqCst) {
            return;
        }
        match &*self.loop_waker.lock() {
            Some(waker) => waker(),
            None => self.loop_signalled.store(false, Ordering::SeqCst),
        }
    }
}
