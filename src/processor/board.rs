//! The books of [`super::Lanes`]: which runs wait, which have started, and when their time is up. Kept under its lock.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::Claimed;

use super::config::LaneKind;
use super::run::{Control, RunId};

#[derive(Default)]
pub(super) struct State {
    pub next_run: RunId,
    pub waiting: [VecDeque<Waiting>; 2],
    pub running: HashMap<RunId, Running>,
    /// Runs whose job is over for the engine while the handler still runs; they hold no slot.
    pub abandoned: HashMap<RunId, LaneKind>,
    pub deadlines: BTreeSet<(Instant, RunId)>,
    pub controls: [VecDeque<Control>; 2],
    pub reports: VecDeque<String>,
    pub idle_threads: usize,
    pub closed: bool,
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
}

impl State {
    pub fn waiting(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// How many runs with a slot are on threads.
    pub fn on_threads(&self) -> usize {
        self.running.values().filter(|running| running.lane == LaneKind::Thread).count()
    }

    /// How many waiting runs of `lane` have a slot now. Slots go to runs in the order they were claimed, whichever
    /// lane they are for, so that one kind of handler cannot starve the other.
    pub fn takeable(&self, lane: LaneKind, concurrency: u32) -> usize {
        let free = (concurrency as usize).saturating_sub(self.running.len());
        let (Some(mine), Some(others)) = (self.waiting.get(lane.index()), self.waiting.get(lane.other().index()))
        else {
            return 0;
        };
        if others.is_empty() {
            return free.min(mine.len());
        }
        let mut older_others = 0;
        for (taken, waiting) in mine.iter().take(free).enumerate() {
            while others.get(older_others).is_some_and(|other| other.run < waiting.run) {
                older_others += 1;
            }
            if taken + older_others >= free {
                return taken;
            }
        }
        free.min(mine.len())
    }

    pub fn send(&mut self, lane: LaneKind, control: Control) {
        if let Some(queue) = self.controls.get_mut(lane.index()) {
            queue.push_back(control);
        }
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
