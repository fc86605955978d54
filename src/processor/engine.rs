//! What the tasks of one processor share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::clock::VirtualClock;
use crate::error::{Error, Result};
use crate::lock::Mutex;
use crate::model::{Outstanding, Worker, WorkerId};
use crate::storage::Storage;

use super::calls::Call;
use super::config::Config;
use super::health::Vitals;
use super::lanes::Lanes;
use super::outbox::Outbox;
use super::pulse::resting;
use super::rest::Rest;
use super::stats::Stats;
use super::traffic::Telling;

/// How far a processor is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Claims and runs.
    Running,
    /// Claims no more; runs end.
    Draining,
    /// Nothing is left to do.
    Closed,
}

pub(super) struct Engine {
    pub storage: Arc<dyn Storage>,
    pub config: Arc<Config>,
    pub lanes: Arc<Lanes>,
    pub outbox: Arc<Outbox>,
    pub stats: Arc<Stats>,
    pub told: Telling,
    pub vitals: Vitals,
    /// A claim without an answer yet: its jobs may be ours without our knowing. Kept here, so that a claimer that is started
    /// anew asks for them.
    pub unanswered: Mutex<Option<(Arc<Worker>, i64)>>,
    /// Held from the choice of a claim's token to its answer.
    pub claiming: tokio::sync::Mutex<()>,
    /// Wakes the claimer: there may be more than a claim brought that went along with ends.
    pub again: Notify,
    /// Whether handlers did not end in the time that a drain gave them.
    pub overdue: AtomicBool,
    /// Whether somebody asked this worker, in the store, to drain.
    asked_to_drain: watch::Sender<bool>,
    phase: watch::Sender<Phase>,
    worker: watch::Sender<Option<Arc<Worker>>>,
    /// The last number used for a claim, across registrations.
    token: AtomicU64,
    pub rest: Rest,
    /// What the last look at the store found.
    pub found: watch::Sender<Outstanding>,
    renewed: Mutex<Option<(Instant, Duration)>>,
    last_outage: Mutex<Option<Instant>>,
    outage_reported: AtomicBool,
    /// The store's, where its owner moves it.
    pub clock: Option<VirtualClock>,
}

impl Engine {
    pub fn new(storage: Arc<dyn Storage>, config: Config) -> Self {
        let (config, outbox) = (Arc::new(config), Arc::new(Outbox::default()));
        let stats = Arc::new(Stats::new(&config));
        let clock = storage.virtual_clock().cloned();
        let lanes = Lanes::new(Arc::clone(&config), Arc::clone(&outbox), Arc::clone(&stats), clock.clone());
        let lanes = Arc::new(lanes);
        let vitals = Vitals::new(storage.patience());
        Self {
            storage,
            config,
            lanes,
            outbox,
            stats,
            told: Telling::default(),
            vitals,
            unanswered: Mutex::new(None),
            claiming: tokio::sync::Mutex::default(),
            again: Notify::new(),
            overdue: AtomicBool::new(false),
            asked_to_drain: watch::Sender::new(false),
            phase: watch::Sender::new(Phase::Running),
            worker: watch::Sender::new(None),
            token: AtomicU64::new(0),
            rest: Rest::default(),
            found: watch::Sender::new(Outstanding::default()),
            renewed: Mutex::new(None),
            last_outage: Mutex::new(None),
            outage_reported: AtomicBool::new(false),
            clock,
        }
    }

    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Goes on to `phase`; never back.
    pub fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let later = phase > *now;
            if later {
                *now = phase;
            }
            later
        });
        self.lanes.room.notify_one();
    }

    /// Waits until `phase` is reached.
    pub async fn reached(&self, phase: Phase) {
        let mut phases = self.phase.subscribe();
        // The sender lives as long as this engine, so that waiting cannot fail.
        let _reached = phases.wait_for(|now| *now >= phase).await;
    }

    /// Claims no more, as somebody asked in the store; the rest of the way to the end is for who waits for it.
    pub fn ask_to_drain(&self) {
        if !self.asked_to_drain.send_replace(true) {
            tracing::info!("worker {} was asked to drain", self.config.worker_name);
        }
        self.advance(Phase::Draining);
    }

    /// Whether somebody asked for that.
    pub fn is_asked_to_drain(&self) -> bool {
        *self.asked_to_drain.borrow()
    }

    /// Waits until somebody asks for that; false at the end.
    pub async fn is_drained_by_request(&self) -> bool {
        let mut asked = self.asked_to_drain.subscribe();
        tokio::select! {
            asked = asked.wait_for(|asked| *asked) => asked.is_ok(),
            () = self.reached(Phase::Closed) => false,
        }
    }

    /// Sleeps for `span`, or until `phase` is reached; true if it was.
    pub async fn sleep_or(&self, span: Duration, phase: Phase) -> bool {
        resting(async {
            tokio::select! {
                () = tokio::time::sleep(span) => self.phase() >= phase,
                () = self.reached(phase) => true,
            }
        })
        .await
    }

    /// Sleeps until the next renewal, in `span`, until the leases are lost, or until the end; true if it has come.
    pub async fn sleep_leased(&self, span: Duration) -> bool {
        let mut workers = self.worker.subscribe();
        let leased = workers.borrow_and_update().is_some();
        tokio::select! {
            closed = self.sleep_or(span, Phase::Closed) => closed,
            _lost = resting(workers.wait_for(Option::is_none)), if leased => false,
        }
    }

    pub fn worker(&self) -> Option<Arc<Worker>> {
        self.worker.borrow().clone()
    }

    pub async fn registered(&self) -> Option<Arc<Worker>> {
        let mut workers = self.worker.subscribe();
        resting(async {
            tokio::select! {
                found = workers.wait_for(Option::is_some) => found.ok().and_then(|worker| worker.clone()),
                () = self.reached(Phase::Draining) => None,
            }
        })
        .await
    }

    pub fn set_worker(&self, worker: &Arc<Worker>) {
        self.worker.send_replace(Some(Arc::clone(worker)));
    }

    /// The leases were renewed for so long by a call that began then.
    pub fn renewed(&self, began: Instant, lease: Duration) {
        *self.renewed.lock() = Some((began, lease));
    }

    /// How long leases last from each renewal. A clock that jumps leaves a living worker no time to renew: there its leases
    /// last until it ends.
    pub fn lease(&self) -> Duration {
        if self.clock.is_some() { FOR_LIFE } else { self.config.lease }
    }

    /// Ends as a process that is killed does: nothing more is recorded, and its leases run out.
    pub async fn die(&self) -> Result<()> {
        self.advance(Phase::Closed);
        self.lanes.disown();
        self.outbox.close();
        match self.worker.send_replace(None) {
            Some(worker) => self.storage.renew(&worker, self.config.lease).await.map(drop),
            None => Ok(()),
        }
    }

    /// Since when the leases were last renewed.
    pub fn renewed_ago(&self) -> Option<Duration> {
        self.renewed.lock().map(|(at, _)| at.elapsed())
    }

    /// Whether the leases have run out, as far as is known here.
    pub fn is_overdue(&self) -> bool {
        self.renewed.lock().is_some_and(|(at, lease)| at.elapsed() > lease)
    }

    /// Whether the leases were renewed within the last `span`.
    pub fn renewed_within(&self, span: Duration) -> bool {
        self.renewed_ago().is_some_and(|ago| ago < span)
    }

    /// The leases of `worker` are void: everything it holds is given up.
    pub fn worker_lost(&self, worker: WorkerId) {
        let was_current = self.worker.send_if_modified(|current| {
            let matches = current.as_ref().is_some_and(|current| current.id == worker);
            if matches {
                *current = None;
            }
            matches
        });
        if was_current {
            let lost = self.lanes.lose_all();
            self.report(&Error::WorkerLost { worker }, &format!("renewing leases ({lost} jobs in hand)"));
        }
    }

    pub fn next_token(&self) -> i64 {
        i64::try_from(self.token.fetch_add(1, Ordering::Relaxed) + 1).unwrap_or(i64::MAX)
    }

    /// Reports what went wrong in a call to the store, and counts it.
    pub fn failed(&self, call: Call, error: &Error, doing: &str) {
        if !matches!(error, Error::Closed) {
            self.stats.erred(call);
        }
        self.report(error, doing);
    }

    /// Logs an error and hands it to the monitor. An outage is told once, not at every attempt to reach the store.
    pub fn report(&self, error: &Error, doing: &str) {
        let worker = self.config.worker_name.as_str();
        self.vitals.failed(format!("{doing}: {error}"));
        if error.retryable() {
            *self.last_outage.lock() = Some(Instant::now());
            if self.outage_reported.swap(true, Ordering::Relaxed) {
                tracing::debug!(worker, "{doing}: {error}");
                return;
            }
        }
        tracing::warn!(worker, "{doing}: {error}");
        self.lanes.report(format!("{doing}: {error}"));
    }

    /// The store answered.
    pub fn reached_store(&self) {
        self.vitals.reached_store();
        if self.outage_reported.swap(false, Ordering::Relaxed) {
            tracing::info!("the store answers again");
        }
    }

    /// Whether the store answered when it was last asked.
    pub fn is_store_reachable(&self) -> bool {
        !self.outage_reported.load(Ordering::Relaxed)
    }

    /// Whether the store was out of reach within the last `span`.
    pub fn outage_within(&self, span: Duration) -> bool {
        self.last_outage.lock().is_some_and(|at| at.elapsed() < span)
    }
}

/// Longer than any test lets time pass.
const FOR_LIFE: Duration = Duration::from_secs(1_000 * 366 * 86_400);

/// Growing pauses with jitter, for a store that does not answer.
pub(super) struct Backoff {
    next: Duration,
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Backoff {
    pub fn new() -> Self {
        Self { next: FIRST_PAUSE }
    }

    pub fn pause(&mut self) -> Duration {
        let pause = self.next.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        pause
    }

    pub fn reset(&mut self) {
        self.next = FIRST_PAUSE;
    }
}
