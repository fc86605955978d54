//! Does chores at an interval, for those who want them done apart from processors.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::chores::Chore;
use crate::error::{Error, Result};
use crate::lock::{Condvar, Mutex};
use crate::runtime;
use crate::storage::Storage;

/// The most reports that are kept for a monitor that does not listen.
const MOST_REPORTS: usize = 1_000;
/// How long the end of a step may take, once no further one is begun; the store's own deadlines are shorter.
const LAST_STEP: Duration = Duration::from_secs(60);

/// What each chore of a round did, in their order.
pub type Round = Vec<(Chore, Result<u64>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Idle,
    Running,
    /// The round under way is the last.
    Draining,
    /// No further step is begun.
    Stopping,
    Ended,
}

/// One session of supervising: from its start to its end.
pub struct Supervisor {
    inner: Arc<Inner>,
}

struct Inner {
    storage: Arc<dyn Storage>,
    interval: Duration,
    chores: Vec<Chore>,
    phase: watch::Sender<Phase>,
    reports: Mutex<VecDeque<String>>,
    attention: Condvar,
}

impl Supervisor {
    /// Makes a supervisor; nothing runs yet.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, interval: Duration, chores: Vec<Chore>) -> Self {
        let (phase, reports) = (watch::Sender::new(Phase::Idle), Mutex::default());
        Self { inner: Arc::new(Inner { storage, interval, chores, phase, reports, attention: Condvar::new() }) }
    }

    /// Does each chore once. One that fails does not keep the others from being done.
    pub async fn run_once(&self) -> Round {
        self.inner.round().await
    }

    /// Does the chores now and at each interval, in a task of the engine's runtime, until [`Supervisor::drain`].
    ///
    /// # Errors
    /// [`Error::Internal`] when the runtime cannot be made.
    pub fn start(&self) -> Result<()> {
        let runtime = runtime::handle()?;
        self.inner.advance(Phase::Running);
        let inner = Arc::clone(&self.inner);
        let task = runtime.spawn(async move { inner.run().await });
        let inner = Arc::clone(&self.inner);
        runtime.spawn(async move {
            if let Err(failure) = task.await {
                inner.report(&Error::Internal(failure.to_string()), "supervising");
            }
            inner.advance(Phase::Ended);
        });
        Ok(())
    }

    /// Whether there will be another round.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.inner.phase() == Phase::Running
    }

    /// Begins no further round, and no further step.
    pub fn stop(&self) {
        self.inner.advance(Phase::Stopping);
    }

    /// Begins no further round, and waits up to `time` for the one under way; then no further step is begun. Whether that
    /// round ended in time.
    pub async fn drain(&self, time: Duration) -> bool {
        self.inner.advance(Phase::Draining);
        let complete = timeout(time, self.inner.reached(Phase::Ended)).await.is_ok();
        self.inner.advance(Phase::Stopping);
        let _ended = timeout(LAST_STEP, self.inner.reached(Phase::Ended)).await;
        complete
    }

    /// For a monitor thread: waits up to `wait` for reports of errors; `None` when the session has ended and all were told.
    #[must_use]
    pub fn attend(&self, wait: Duration) -> Option<Vec<String>> {
        let until = Instant::now() + wait;
        let mut reports = self.inner.reports.lock();
        let mut over = false;
        while reports.is_empty() && !over {
            if self.inner.phase() == Phase::Ended {
                return None;
            }
            (reports, over) = self.inner.attention.wait_until(reports, until);
        }
        Some(reports.drain(..).collect())
    }
}

impl Inner {
    async fn run(&self) {
        while self.phase() == Phase::Running {
            tokio::select! {
                round = self.round() => {
                    for (chore, done) in round {
                        match done {
                            Ok(_) => {}
                            Err(Error::Closed) => return,
                            Err(error) => self.report(&error, chore.doing()),
                        }
                    }
                }
                // A step that is cut off is a transaction that took place or did not.
                () = self.reached(Phase::Stopping) => return,
            }
            tokio::select! {
                () = sleep(self.interval) => {}
                () = self.reached(Phase::Draining) => {}
            }
        }
    }

    async fn round(&self) -> Round {
        let mut round = Vec::with_capacity(self.chores.len());
        for chore in &self.chores {
            round.push((*chore, chore.run(self.storage.as_ref()).await));
        }
        round
    }

    fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Goes on to `phase`; never back. What was never started has ended as soon as it is to stop.
    fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let never_started = *now == Phase::Idle && phase > Phase::Running;
            let next = if never_started { Phase::Ended } else { phase };
            let later = next > *now;
            if later {
                *now = next;
            }
            later
        });
        self.attention.notify_all();
    }

    async fn reached(&self, phase: Phase) {
        let mut phases = self.phase.subscribe();
        // The sender lives as long as this, so that waiting cannot fail.
        let _reached = phases.wait_for(|now| *now >= phase).await;
    }

    fn report(&self, error: &Error, doing: &str) {
        tracing::warn!("{doing}: {error}");
        let mut reports = self.reports.lock();
        if reports.len() >= MOST_REPORTS {
            reports.pop_front();
        }
        reports.push_back(format!("{doing}: {error}"));
        drop(reports);
        self.attention.notify_all();
    }
}
