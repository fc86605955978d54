//! What the callers in this process are told: that there may be work, that a job may have ended, or is to be cancelled.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::session::Effects;
use crate::lock::Mutex;
use crate::model::JobId;
use crate::storage::driver::{Wakes, Watch};

/// Those who want to be told.
pub(super) struct Hints {
    wakes: watch::Sender<u64>,
    asked: watch::Sender<u64>,
    written: watch::Sender<u64>,
    ends: Mutex<HashMap<JobId, Interest>>,
    probing: AtomicBool,
}

struct Interest {
    sender: watch::Sender<u64>,
    watchers: usize,
}

impl Hints {
    pub(super) fn new() -> Arc<Self> {
        let (wakes, asked, written) = (watch::channel(0).0, watch::channel(0).0, watch::channel(0).0);
        Arc::new(Self { wakes, asked, written, ends: Mutex::default(), probing: AtomicBool::new(false) })
    }

    /// Hints that there may be work.
    pub(super) fn wakes(&self) -> Wakes {
        self.wakes.subscribe()
    }

    /// Hints that somebody asked to cancel a running job.
    pub(super) fn cancels(&self) -> Wakes {
        self.asked.subscribe()
    }

    /// Hints that something was written.
    pub(super) fn changes(&self) -> Wakes {
        self.written.subscribe()
    }

    /// Hints that this job may have ended.
    pub(super) fn watch(self: &Arc<Self>, id: JobId) -> Watch {
        let mut ends = self.ends.lock();
        let interest = ends.entry(id).or_insert_with(|| Interest { sender: watch::channel(0).0, watchers: 0 });
        interest.watchers += 1;
        Watch { hints: interest.sender.subscribe(), guard: Box::new(Guard { hints: Arc::clone(self), id }) }
    }

    /// Tells what a committed transaction did.
    pub(super) fn tell(&self, effects: &Effects) {
        bump(&self.written);
        if effects.wake {
            bump(&self.wakes);
        }
        if effects.asked {
            bump(&self.asked);
        }
        if effects.ended.is_empty() {
            return;
        }
        let ends = self.ends.lock();
        if ends.is_empty() {
            return;
        }
        for interest in effects.ended.iter().filter_map(|id| ends.get(id)) {
            bump(&interest.sender);
        }
    }

    /// Tells that another connection changed the database, nobody knows what.
    pub(super) fn changed_elsewhere(&self, has_work: bool) {
        bump(&self.written);
        if has_work {
            bump(&self.wakes);
        }
        for interest in self.ends.lock().values() {
            bump(&interest.sender);
        }
    }

    /// Tells that another connection asked to cancel a running job.
    pub(super) fn asked_elsewhere(&self) {
        bump(&self.asked);
    }

    /// Whether a probe may be sent: there is one under way at most.
    pub(super) fn may_probe(&self) -> bool {
        !self.probing.swap(true, Ordering::AcqRel)
    }

    /// A probe was answered.
    pub(super) fn probed(&self) {
        self.probing.store(false, Ordering::Release);
    }
}

fn bump(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

struct Guard {
    hints: Arc<Hints>,
    id: JobId,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut ends = self.hints.ends.lock();
        if let Some(interest) = ends.get_mut(&self.id) {
            interest.watchers -= 1;
            if interest.watchers == 0 {
                ends.remove(&self.id);
            }
        }
    }
}
