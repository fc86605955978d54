//! Runs in processes of their own, which are killed here, off the interpreter; and runs that are to be cancelled.

use std::time::{Duration, Instant};

use crate::model::{FailureReason, Lease, Outcome, Settlement};

use super::board::{Running, State};
use super::config::LaneKind;
use super::lanes::Lanes;
use super::run::{AbortReason, Control, End, RetryChoice, RunId, engine_failure, settlement};

/// How long a handler in a process has, once it was told that its time is up, before the process is killed.
pub(super) const AFTER_SIGNAL: Duration = Duration::from_secs(1);

/// The number of a process group: that of a handler's process and of those it started.
pub type GroupId = i32;

impl Lanes {
    /// Says that a run is about to go to a process, whose group is killed when the run must end. False where it must already:
    /// then it may not start. The process may not be reaped before [`Lanes::unbind`], so that its number names no other.
    pub fn bind(&self, run: RunId, group: GroupId) -> bool {
        let mut state = self.state.lock();
        let Some(running) = state.running.get_mut(&run).filter(|running| !running.over) else { return false };
        if running.verdict.is_some() {
            return false;
        }
        running.group = Some(group);
        true
    }

    /// Says that the process of a run is gone, or is done with it.
    pub fn unbind(&self, run: RunId) {
        if let Some(running) = self.state.lock().running.get_mut(&run) {
            running.group = None;
        }
    }

    /// Why the engine ended a run, or wants it to end.
    pub fn verdict(&self, run: RunId) -> Option<AbortReason> {
        self.state.lock().running.get(&run)?.verdict
    }

    /// Breaks off the runs of jobs that somebody asked to cancel: what has not started ends here, handlers are told, and
    /// processes killed.
    pub(super) fn cancel(&self, leases: &[Lease]) {
        if leases.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        let mut stopped = Vec::new();
        for queue in state.waiting.each_mut() {
            queue.retain(|waiting| {
                let asked = leases.contains(&waiting.claimed.lease);
                if asked {
                    let (lease, attempt) = (waiting.claimed.lease, waiting.claimed.job.attempts);
                    let settled = Settlement { lease, attempt, outcome: Outcome::Cancelled { reason: None } };
                    self.stats.ended(waiting.handler, &waiting.claimed, &settled, None);
                    stopped.push(settled);
                }
                !asked
            });
        }
        let is_asked =
            |running: &Running| !running.over && running.verdict.is_none() && leases.contains(&running.claimed.lease);
        let runs: Vec<RunId> =
            state.running.iter().filter(|(_, running)| is_asked(running)).map(|(run, _)| *run).collect();
        for run in runs {
            if let Some(job) = state.running.get(&run).map(|running| &running.claimed.job) {
                let (job_type, worker) = (job.job_type.as_str(), self.config.worker_name.as_str());
                tracing::info!(job_id = job.id, job_type, worker, "job {} is cancelled, as somebody asked for", job.id);
            }
            condemn(&mut state, run, AbortReason::Cancelled, true);
        }
        drop(state);
        self.outbox.settle(stopped);
        self.idle.notify_waiters();
        self.wake_all();
    }

    /// Ends a run in a process whose time is up: at once where that was asked for, otherwise the handler is told first.
    pub(super) fn time_out_process(state: &mut State, run: RunId, now: Instant) {
        let Some(running) = state.running.get(&run) else { return };
        let (is_second, at_once) = (running.verdict.is_some(), running.claimed.job.force_kill_on_timeout);
        if is_second {
            kill(running);
            return;
        }
        condemn(state, run, AbortReason::Timeout, at_once);
        if !at_once {
            state.arm(run, now + AFTER_SIGNAL);
        }
    }

    /// What a run comes to that ended as its lane says, or by the engine's verdict.
    pub(super) fn settled(&self, running: &Running, end: End) -> Settlement {
        let claimed = &running.claimed;
        match (running.verdict, end) {
            // What was done is done, whoever wanted it to end.
            (_, end @ End::Completed(_)) => settlement(claimed, self.held(running), end),
            (Some(AbortReason::Cancelled), _) => {
                let outcome = Outcome::Cancelled { reason: None };
                Settlement { lease: claimed.lease, attempt: claimed.job.attempts, outcome }
            }
            (Some(AbortReason::Timeout), end) => {
                let retry = match end {
                    End::Failed(error) | End::Lost(error) => error.retry,
                    _ => RetryChoice::Policy,
                };
                engine_failure(claimed, FailureReason::Timeout, running.overrun(), retry)
            }
            (_, end) => settlement(claimed, self.held(running), end),
        }
    }
}

/// Marks a run as ended by the engine, kills its process or tells its handler.
fn condemn(state: &mut State, run: RunId, reason: AbortReason, at_once: bool) {
    let Some(running) = state.running.get_mut(&run) else { return };
    running.verdict = Some(reason);
    let (lane, deadline) = (running.lane, running.deadline);
    if lane == LaneKind::Process && at_once {
        kill(running);
        running.deadline = None;
        state.disarm(run, deadline);
    }
    state.send(lane, Control::Abort { run, reason });
}

/// Kills the process of a run, and those that it started.
pub(super) fn kill(running: &Running) {
    if let Some(group) = running.group {
        kill_group(group);
    }
}

#[cfg(unix)]
fn kill_group(group: GroupId) {
    use rustix::process::{Pid, Signal, kill_process_group};

    // One that is gone already needs no killing.
    if let Some(pid) = Pid::from_raw(group) {
        let _gone = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_group: GroupId) {}
