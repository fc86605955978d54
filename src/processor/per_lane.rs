//! One of something for each kind of lane.

use std::ops::{Index, IndexMut};

use super::config::LaneKind;

/// One value for each [`LaneKind`], found by it.
#[derive(Debug, Default)]
pub(super) struct PerLane<T> {
    thread: T,
    event_loop: T,
    process: T,
}

impl<T> PerLane<T> {
    /// Each of them, in the order of [`LaneKind::ALL`].
    pub fn each(&self) -> [&T; LaneKind::ALL.len()] {
        [&self.thread, &self.event_loop, &self.process]
    }

    /// Each of them, to be changed, in the order of [`LaneKind::ALL`].
    pub fn each_mut(&mut self) -> [&mut T; LaneKind::ALL.len()] {
        [&mut self.thread, &mut self.event_loop, &mut self.process]
    }
}

impl<T> Index<LaneKind> for PerLane<T> {
    type Output = T;

    fn index(&self, lane: LaneKind) -> &T {
        match lane {
            LaneKind::Thread => &self.thread,
            LaneKind::Loop => &self.event_loop,
            LaneKind::Process => &self.process,
        }
    }
}

impl<T> IndexMut<LaneKind> for PerLane<T> {
    fn index_mut(&mut self, lane: LaneKind) -> &mut T {
        match lane {
            LaneKind::Thread => &mut self.thread,
            LaneKind::Loop => &mut self.event_loop,
            LaneKind::Process => &mut self.process,
        }
    }
}
