//! Hints inside this process: that there is work, that a running job is to be cancelled, that a watched one may have ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::lock::Mutex;
use crate::model::JobId;
use crate::storage::{Wakes, Watch};

/// How often a connection that only listens is tried, of which the server's answer is awaited for `patience`: a cut that nobody
/// told of must not go unnoticed for long.
pub(in crate::storage) fn between_trials(patience: Duration) -> Duration {
    patience.saturating_mul(6).min(Duration::from_secs(60))
}

/// Where hints come together and go out.
pub(in crate::storage) struct Hub {
    wake: watch::Sender<u64>,
    asked: watch::Sender<u64>,
    written: watch::Sender<u64>,
    watched: Mutex<HashMap<JobId, Watched>>,
    hears: AtomicBool,
    /// When other processes were told last.
    told: Mutex<Option<Instant>>,
    /// There is something to tell other processes.
    pub(in crate::storage) tell: Notify,
}

struct Watched {
    sender: watch::Sender<u64>,
    interested: usize,
}

impl Hub {
    pub(in crate::storage) fn new() -> Arc<Self> {
        let (wake, asked, written) = (watch::Sender::new(0), watch::Sender::new(0), watch::Sender::new(0));
        let hears = AtomicBool::new(false);
        let (watched, told, tell) = (Mutex::default(), Mutex::default(), Notify::new());
        Arc::new(Self { wake, asked, written, watched, hears, told, tell })
    }

    /// The hints that there is work.
    pub(in crate::storage) fn wakes(&self) -> Wakes {
        self.wake.subscribe()
    }

    /// There may be work.
    pub(in crate::storage) fn bump(&self) {
        self.wake.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Whether other processes are heard.
    pub(in crate::storage) fn hears(&self) -> bool {
        self.hears.load(Ordering::Relaxed)
    }

    /// Other processes are heard from now on, or not any more.
    pub(in crate::storage) fn set_hears(&self, hears: bool) {
        self.hears.store(hears, Ordering::Relaxed);
    }

    /// Whether other processes may be told now: they were not within `quiet`, and are by the caller.
    pub(in crate::storage) fn may_tell(&self, quiet: Duration) -> bool {
        self.quiet_for(quiet).is_none()
    }

    /// How long others are not to be told any more; `None` makes the caller the one that tells them now.
    pub(in crate::storage) fn quiet_for(&self, quiet: Duration) -> Option<Duration> {
        let mut told = self.told.lock();
        let left = told.and_then(|at| quiet.checked_sub(at.elapsed())).filter(|left| !left.is_zero());
        if left.is_none() {
            *told = Some(Instant::now());
        }
        left
    }

    /// The hints that somebody asked to cancel a running job.
    pub(in crate::storage) fn cancels(&self) -> Wakes {
        self.asked.subscribe()
    }

    /// Somebody asked to cancel a running job.
    pub(in crate::storage) fn ask(&self) {
        self.asked.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The hints that events were written.
    pub(in crate::storage) fn changes(&self) -> Wakes {
        self.written.subscribe()
    }

    /// Events were written.
    pub(in crate::storage) fn wrote(&self) {
        self.written.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hints may have been missed.
    pub(in crate::storage) fn look_again(&self) {
        self.bump();
        self.wrote();
        self.watched.lock().values().for_each(Watched::bump);
    }

    /// These jobs may have ended.
    pub(in crate::storage) fn ended(&self, ids: impl Iterator<Item = JobId>) {
        let watched = self.watched.lock();
        if !watched.is_empty() {
            ids.filter_map(|id| watched.get(&id)).for_each(Watched::bump);
        }
    }

    /// Takes interest in the end of a job.
    pub(in crate::storage) fn watch(self: &Arc<Self>, id: JobId) -> Watch {
        let mut watched = self.watched.lock();
        let entry = watched.entry(id).or_insert_with(|| Watched { sender: watch::Sender::new(0), interested: 0 });
        entry.interested += 1;
        Watch { hints: entry.sender.subscribe(), guard: Box::new(Interest { hub: self.clone(), id }) }
    }
}

impl Watched {
    fn bump(&self) {
        self.sender.send_modify(|count| *count = count.wrapping_add(1));
    }
}

struct Interest {
    hub: Arc<Hub>,
    id: JobId,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut watched = self.hub.watched.lock();
        if let Some(entry) = watched.get_mut(&self.id) {
            entry.interested -= 1;
            if entry.interested == 0 {
                watched.remove(&self.id);
            }
        }
    }
}
