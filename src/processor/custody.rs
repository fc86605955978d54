//! The engine's side of [`Lanes`]: claimed jobs come in, and are timed out, taken back, aborted or lost.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lock::Condvar;
use crate::model::{Claimed, FailureReason, Settlement};

use super::board::{State, Waiting};
use super::config::LaneKind;
use super::lanes::Lanes;
use super::processes::kill;
use super::run::{AbortReason, Control, End, RetryChoice, RunId, engine_failure, settlement};

/// How long a lane may take to answer whether a timed-out run goes on. A handler that blocks its event loop or holds
/// the interpreter cannot answer, and must not escape its deadline by that.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// How long a process may take until it runs the job that it is started for. Another worker's would take as long.
const STARTING: Duration = Duration::from_secs(15);

impl Lanes {
    /// Adds claimed jobs, in their order.
    pub(super) fn push(&self, jobs: Vec<Claimed>) {
        let mut state = self.state.lock();
        let since = Instant::now();
        let mut lost = Vec::new();
        let (jobs, held) = if state.held_back.is_empty() {
            (jobs, Vec::new())
        } else {
            jobs.into_iter().partition(|claimed| !state.held_back.contains_key(&claimed.job.job_type))
        };
        for claimed in jobs {
            let Some(handler) = self.config.handlers.get(&claimed.job.job_type) else {
                self.stats.claimed(&claimed);
                let message = format!("this worker has no handler for jobs of type {:?}", claimed.job.job_type);
                let settled = engine_failure(&claimed, FailureReason::NoHandler, message, RetryChoice::Policy);
                self.stats.ended_without(&claimed, &settled);
                lost.push(settled);
                continue;
            };
            self.stats.claimed_for(handler.index);
            state.next_run += 1;
            let run = state.next_run;
            let lane = if claimed.job.force_kill_on_timeout { LaneKind::Process } else { handler.lane };
            let waiting = Waiting { run, handler: handler.index, claimed: Arc::new(claimed), since };
            state.waiting[lane].push_back(waiting);
        }
        let idle = LaneKind::ALL.map(|lane| self.wanted(&state, lane));
        drop(state);
        self.outbox.settle(lost);
        self.refuse_claimed(&held);
        for (lane, wanted) in LaneKind::ALL.into_iter().zip(idle) {
            (0..wanted).for_each(|_| self.wake_one(lane));
        }
        self.wake_all();
    }

    /// Gives back what a claim brought and nobody is to run, having counted it.
    pub(super) fn refuse_claimed(&self, jobs: &[Claimed]) {
        for claimed in jobs {
            self.stats.claimed(claimed);
        }
        self.refuse(jobs);
    }

    /// Gives back what a claim brought that is not to be run now.
    pub(super) fn refuse(&self, jobs: &[Claimed]) {
        self.outbox.settle(jobs.iter().map(|claimed| self.released(claimed)));
    }

    fn released(&self, claimed: &Claimed) -> Settlement {
        self.stats.released(claimed);
        settlement(claimed, Duration::ZERO, End::Released)
    }

    /// Has no job of a type start for so long: those that wait here go back, behind what tells the store of it.
    pub(super) fn hold_back(&self, state: &mut State, job_type: &str, span: Duration) {
        self.outbox.back_off(job_type, span);
        state.held_back.insert(job_type.to_owned(), false);
        let mut released = Vec::new();
        for lane in state.waiting.each_mut() {
            lane.retain(|waiting| {
                let keep = waiting.claimed.job.job_type != job_type;
                if !keep {
                    released.push(self.released(&waiting.claimed));
                }
                keep
            });
        }
        self.outbox.settle(released);
    }

    /// The store was told not to give out jobs of this type for a while.
    pub(super) fn hold_is_recorded(&self, job_type: &str) {
        if let Some(recorded) = self.state.lock().held_back.get_mut(job_type) {
            *recorded = true;
        }
    }

    /// The types that the store holds back: what a claim brings that begins now may start.
    pub(super) fn recorded_holds(&self) -> Vec<String> {
        let state = self.state.lock();
        state.held_back.iter().filter(|(_, recorded)| **recorded).map(|(job_type, _)| job_type.clone()).collect()
    }

    /// A claim was answered that began when the store held these back.
    pub(super) fn end_holds(&self, job_types: &[String]) {
        if !job_types.is_empty() {
            // One that a handler held back again in the meantime stays.
            self.state.lock().held_back.retain(|job_type, recorded| !(*recorded && job_types.contains(job_type)));
        }
    }

    /// How many runs are claimed, and how many of them have started.
    pub(super) fn in_hand(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.running.len() + state.waiting(), state.running.len())
    }

    /// The smoothed time a handler takes; zero before the first has ended.
    pub(super) fn run_time(&self) -> Duration {
        Duration::from_secs_f64(self.state.lock().run_time)
    }

    /// Waits until no claimed run is left, handlers that run beyond their job's end aside.
    pub(super) async fn empty(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if self.in_hand().0 == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Takes back every waiting run, to be released.
    pub(super) fn take_waiting(&self) {
        self.take_back(|_, _| false, Duration::ZERO);
    }

    /// Takes back runs that have waited since before `since`, to be released. They were claimed because handlers seemed to
    /// be quick; as they found no slot for `stale`, handlers take at least as long. One that has a slot and waits for its process
    /// stays for longer: that may have to be started first.
    pub(super) fn take_stale(&self, now: Instant, stale: Duration) {
        let age = |waiting: &Waiting| now.saturating_duration_since(waiting.since);
        self.take_back(|waiting, starts| age(waiting) < if starts { STARTING } else { stale }, stale);
    }

    /// Takes back those that are not to be kept. Whether to keep one is asked with whether it has a slot and waits for its process.
    fn take_back(&self, keep: impl Fn(&Waiting, bool) -> bool, run_time: Duration) {
        let mut state = self.state.lock();
        let mut released = Vec::new();
        let slots = state.takeable(LaneKind::Process, self.config.concurrency);
        for lane in LaneKind::ALL {
            let mut starting = if lane == LaneKind::Process { slots } else { 0 };
            state.waiting[lane].retain(|waiting| {
                let keep = keep(waiting, starting > 0);
                starting = starting.saturating_sub(1);
                if !keep {
                    released.push(self.released(&waiting.claimed));
                }
                keep
            });
        }
        if !released.is_empty() {
            state.run_time = state.run_time.max(run_time.as_secs_f64());
        }
        drop(state);
        if !released.is_empty() {
            self.outbox.settle(released);
            self.idle.notify_waiters();
        }
    }

    /// The worker's leases are void: waiting runs vanish, running ones are aborted and can record nothing.
    pub(super) fn lose_all(&self) -> usize {
        let mut state = self.state.lock();
        let mut lost = state.waiting();
        state.waiting.each_mut().into_iter().for_each(VecDeque::clear);
        let runs: Vec<RunId> = state.running.iter().filter(|(_, r)| !r.over).map(|(run, _)| *run).collect();
        lost += runs.len();
        for run in runs {
            self.give_up(&mut state, run, AbortReason::LeaseLost);
        }
        drop(state);
        self.stats.lost(lost);
        self.idle.notify_waiters();
        self.wake_all();
        lost
    }

    /// The worker is dead: nothing that it holds is run or recorded any more, and no handler is told.
    pub(super) fn disown(&self) {
        let mut state = self.state.lock();
        state.waiting.each_mut().into_iter().for_each(VecDeque::clear);
        for running in state.running.values_mut() {
            kill(running);
            running.over = true;
        }
        drop(state);
        self.idle.notify_waiters();
    }

    /// Tells every running handler that its time to drain is up.
    pub(super) fn abort_running(&self) {
        let mut state = self.state.lock();
        let aborts: Vec<_> = state.running.iter().filter(|(_, r)| !r.over).map(|(run, r)| (*run, r.lane)).collect();
        for (run, lane) in aborts {
            state.send(lane, Control::Abort { run, reason: AbortReason::Shutdown });
        }
        drop(state);
        self.wake_all();
    }

    /// Gives back the jobs of handlers that did not end when they were told to.
    pub(super) fn release_running(&self) -> usize {
        let mut state = self.state.lock();
        let runs: Vec<RunId> = state.running.keys().copied().collect();
        let mut released = Vec::new();
        for run in &runs {
            if let Some(running) = state.running.remove(run) {
                state.disarm(*run, running.deadline);
                kill(&running);
                state.abandoned.insert(*run, running.lane);
                if !running.over {
                    released.push(self.released(&running.claimed));
                }
            }
        }
        drop(state);
        let count = released.len();
        self.outbox.settle(released);
        self.idle.notify_waiters();
        count
    }

    /// Ends every lane: threads return, loops are told once more to look.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.work.each().into_iter().for_each(Condvar::notify_all);
        self.idle.notify_waiters();
        self.wake_all();
    }

    /// Acts on the deadlines that have come; answers the next one.
    pub(super) fn expire(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let mut settled = Vec::new();
        let mut acted = false;
        while let Some(&(at, run)) = state.deadlines.first()
            && at <= now
        {
            acted = true;
            let ask = state.running.get(&run).filter(|running| running.is_asked_first()).map(|r| r.lane);
            let in_process = state.running.get(&run).is_some_and(|running| running.lane == LaneKind::Process);
            if let Some(lane) = ask {
                state.arm(run, now + ANSWER_WITHIN);
                if let Some(running) = state.running.get_mut(&run) {
                    running.asked = true;
                }
                state.send(lane, Control::AskTimeout { run });
            } else if in_process {
                state.deadlines.remove(&(at, run));
                Self::time_out_process(&mut state, run, now);
            } else {
                state.deadlines.remove(&(at, run));
                settled.extend(self.time_out(&mut state, run, RetryChoice::Policy));
            }
        }
        let next = state.deadlines.first().map(|(at, _)| *at);
        drop(state);
        if acted {
            self.outbox.settle(settled);
            self.wake_all();
            self.room.notify_one();
        }
        next
    }

    /// Ends the engine's part in a run whose handler goes on. Its slot is freed, unless too many such handlers hold
    /// threads already: then the slot stays taken until the handler returns. One in a process is killed.
    pub(super) fn give_up(&self, state: &mut State, run: RunId, reason: AbortReason) {
        let may_abandon = state.abandoned.len() < self.config.concurrency as usize;
        let Some(running) = state.running.get_mut(&run) else { return };
        kill(running);
        running.over = true;
        let (lane, deadline) = (running.lane, running.deadline.take());
        state.disarm(run, deadline);
        if may_abandon {
            state.running.remove(&run);
            state.abandoned.insert(run, lane);
        }
        state.send(lane, Control::Abort { run, reason });
    }
}
