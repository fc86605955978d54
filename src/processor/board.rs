//! The books of [`super::Lanes`]: which runs wait, which have started, and when their time is up. Kept under its lock.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::Claimed;

use super::config::LaneKind;
use super::per_lane::PerLane;
use super::processes::GroupId;
use super::run::{AbortReason, Control, RunId};

#[derive(Default)]
pub(super) struct State {
    pub next_run: RunId,
    pub waiting: PerLane<VecDeque<Waiting>>,
    pub running: HashMap<RunId, Running>,
    /// Runs whose job is over for the engine while the handler still runs; they hold no slot.
    pub abandoned: HashMap<RunId, LaneKind>,
    pub deadlines: BTreeSet<(Instant, RunId)>,
    pub controls: PerLane<VecDeque<Control>>,
    pub reports: VecDeque<String>,
    /// Threads of each lane that wait for a run.
    pub idle: PerLane<usize>,
    pub closed: bool,
    /// Types of which nothing is to start, until a claim that the store answered knowing that; whether the store knows.
    pub held_back: HashMap<String, bool>,
    /// The smoothed time a handler takes, in seconds.
    pub run_time: f64,
}

pub(super) struct Waiting {
    pub run: RunId,
    pub handler: u32,
    pub claimed: Arc<Claimed>,
    pub since: Instant,
}

pub(super) struct Running {
    pub claimed: Arc<Claimed>,
    pub handler: u32,
    pub lane: LaneKind,
    /// When its claim was answered.
    pub since: Instant,
    pub started: Instant,
    pub timeout: Option<Duration>,
    pub deadline: Option<Instant>,
    pub asks: bool,
    pub asked: bool,
    /// The engine has settled it; what the handler still says does not count.
    pub over: bool,
    /// Why the engine wants it to end, where it waits for that.
    pub verdict: Option<AbortReason>,
    /// The process that it runs in.
    pub group: Option<GroupId>,
}

impl Running {
    /// Whether its lane is asked before its time is up. One that is to be killed then has nothing to say.
    pub fn is_asked_first(&self) -> bool {
        self.asks && !self.asked && self.verdict.is_none() && !self.claimed.job.force_kill_on_timeout
    }

    /// What is told of a run whose time is up.
    pub fn overrun(&self) -> String {
        let (ran, limit) = (self.started.elapsed(), self.timeout.unwrap_or_default());
        format!("timed out: ran for {:.3} s with a limit of {} s", ran.as_secs_f64(), limit.as_secs_f64())
    }
}

impl State {
    pub fn waiting(&self) -> usize {
        self.waiting.each().into_iter().map(VecDeque::len).sum()
    }

    /// How many runs with a slot are on `lane`.
    pub fn running_on(&self, lane: LaneKind) -> usize {
        self.running.values().filter(|running| running.lane == lane).count()
    }

    /// How many waiting runs of `lane` have a slot now. Slots go to runs in the order they were claimed, whichever
    /// lane they are for, so that one kind of handler cannot starve the other.
    pub fn takeable(&self, lane: LaneKind, concurrency: u32) -> usize {
        let free = (concurrency as usize).saturating_sub(self.running.len());
        let mine = &self.waiting[lane];
        if mine.len() == self.waiting() {
            return free.min(mine.len());
        }
        let mut others = self.waiting.each().map(|queue| queue.iter().peekable());
        let mut older = 0;
        for (taken, waiting) in mine.iter().take(free).enumerate() {
            for queue in &mut others {
                while queue.next_if(|other| other.run < waiting.run).is_some() {
                    older += 1;
                }
            }
            // Its own lane's earlier runs are among the older ones.
            if older >= free {
                return taken;
            }
        }
        free.min(mine.len())
    }

    pub fn send(&mut self, lane: LaneKind, control: Control) {
        self.controls[lane].push_back(control);
    }

    pub fn has_no_message(&self, lane: LaneKind) -> bool {
        self.controls[lane].is_empty()
    }

    /// One thread more, or less, waits for a run.
    pub fn count_idle(&mut self, lane: LaneKind, change: isize) {
        self.idle[lane] = self.idle[lane].saturating_add_signed(change);
    }

    /// Takes the messages to a lane.
    pub fn messages(&mut self, lane: LaneKind) -> VecDeque<Control> {
        mem::take(&mut self.controls[lane])
    }

    /// Sets a run's deadline; true when it is now the earliest of all.
    pub fn arm(&mut self, run: RunId, at: Instant) -> bool {
        let Some(running) = self.running.get_mut(&run) else { return false };
        if let Some(old) = running.deadline.replace(at) {
            self.deadlines.remove(&(old, run));
        }
        self.deadlines.insert((at, run));
        self.deadlines.first() == Some(&(at, run))
    }

    pub fn disarm(&mut self, run: RunId, deadline: Option<Instant>) {
        if let Some(at) = deadline {
            self.deadlines.remove(&(at, run));
        }
    }
}
