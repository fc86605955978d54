//! Runs jobs: claims them, hands them to lanes, renews their leases and settles them. Keeps their store in order.
//!
//! Knows the [`crate::storage::Storage`] trait and no driver, and nothing of Python: handlers run in lanes, which
//! take runs and report their ends through [`Lanes`].

mod board;
mod calls;
mod chores;
mod claimer;
mod config;
mod custody;
mod drain;
mod engine;
mod health;
mod joined;
mod lanes;
mod leases;
mod lookout;
mod meter;
mod metrics;
mod outbox;
mod per_lane;
mod processes;
mod pulse;
mod rest;
mod run;
mod schedules;
mod settler;
mod stats;
mod supervisor;
mod terms;
mod traffic;
mod upkeep;
mod wake;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use calls::Call;
pub use chores::{Chore, Upkeep};
pub use config::{Config, HandlerSpec, LaneKind, SHORTEST_LEASE};
pub use drain::Drained;
pub use health::Health;
pub use lanes::{Lanes, Next, Waker};
pub use metrics::Metrics;
pub use processes::GroupId;
pub use run::{AbortReason, Control, End, Finished, HandlerError, Pause, RetryChoice, RunId, Start, Until};
pub use stats::{Counts, OTHER};
pub use supervisor::{Round, Supervisor};

use crate::error::{Error, Result};
use crate::lock::Mutex;
use crate::runtime;
use crate::storage::Storage;
use drain::ClaimerEnd;
use engine::{Engine, Phase};
use pulse::Pulse;

/// Between the end of a loop that failed and its next beginning.
const AFTER_RESTART: Duration = Duration::from_secs(1);

/// One session of processing: from its start to its end. A processor that is started again is made again.
pub struct Processor {
    engine: Arc<Engine>,
    claimer: Mutex<Option<ClaimerEnd>>,
}

impl Processor {
    /// Makes a processor; nothing runs yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] for options outside their bounds.
    pub fn new(storage: Arc<dyn Storage>, config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { engine: Arc::new(Engine::new(storage, config)), claimer: Mutex::new(None) })
    }

    /// Where lanes take runs and report their ends.
    #[must_use]
    pub fn lanes(&self) -> Arc<Lanes> {
        Arc::clone(&self.engine.lanes)
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.engine.stats.read()
    }

    /// What was done so far by type, and what is in hand.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        metrics::read(&self.engine)
    }

    /// How it is.
    #[must_use]
    pub fn health(&self) -> Health {
        health::read(&self.engine)
    }

    /// Whether it claims jobs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.engine.phase() == Phase::Running
    }

    /// Whether somebody asked in the store that this worker drain ([`Storage::drain_worker`]): it does so by itself, and gives what runs as
    /// long as it needs.
    #[must_use]
    pub fn is_asked_to_drain(&self) -> bool {
        self.engine.is_asked_to_drain()
    }

    /// Starts to claim and run jobs, in tasks of the engine's runtime, until [`Processor::drain`] ends them.
    ///
    /// # Errors
    /// [`Error::Internal`] when the runtime cannot be made.
    pub fn start(&self) -> Result<()> {
        self.engine.rest.allow();
        self.spawn_keepers()?;
        self.spawn("lookout", lookout::run)?;
        self.spawn("sweeper", upkeep::sweep)?;
        self.spawn("tidier", upkeep::tidy)?;
        self.spawn("terms", terms::keep)?;
        self.spawn("releaser", upkeep::give_back)?;
        self.spawn("schedules", schedules::run)?;
        self.spawn("upkeep", upkeep::clean_up)?;
        self.spawn("traffic", traffic::run)?;
        let claimer = self.spawn("claimer", claimer::run)?;
        let claimer = claimer.map(drop).boxed().shared();
        *self.claimer.lock() = Some(claimer.clone());
        let engine = Arc::clone(&self.engine);
        runtime::handle()?.spawn(async move {
            if engine.is_drained_by_request().await {
                drain::run(&engine, Some(claimer), drain::FOR_EVER).await;
            }
        });
        self.spawn("watchdog", health::watch)?;
        Ok(())
    }

    /// Fires the schedules that are due, claims one batch, runs it, and answers how many jobs ran, to an end or to a wait. The processor is closed then.
    ///
    /// # Errors
    /// Those of registering and claiming; later ones are reported to the monitor.
    pub async fn run_batch(&self) -> Result<u64> {
        self.run_batches(1, self.engine.config.batch_size).await
    }

    /// As [`Processor::run_batch`], batch after batch until nothing is due or `most` jobs ran.
    ///
    /// # Errors
    /// As there.
    pub async fn run_due(&self, most: u32) -> Result<u64> {
        self.run_batches(u32::MAX, most).await
    }

    async fn run_batches(&self, batches: u32, most: u32) -> Result<u64> {
        let done = self.batches(batches, most).await;
        self.drain(Duration::ZERO).await;
        done?;
        let counts = self.counts();
        Ok(counts.completed + counts.failed + counts.waited + counts.cancelled)
    }

    async fn batches(&self, mut batches: u32, most: u32) -> Result<()> {
        let engine = &self.engine;
        let (worker, _) = engine.register().await?;
        self.spawn_keepers()?;
        schedules::fire_once(engine).await?;
        engine.storage.tidy_waits(engine.config.batch_size).await?;
        terms::end_some(engine.storage.as_ref()).await?;
        let mut left = most;
        while batches > 0 && left > 0 && engine.phase() == Phase::Running {
            batches -= 1;
            engine.storage.reclaim(engine.config.batch_size).await?;
            let most = left.min(engine.config.batch_size);
            let claim = claimer::claim_surely(engine, &worker, most).await?;
            if claim.jobs.is_empty() {
                break;
            }
            left = left.saturating_sub(u32::try_from(claim.jobs.len()).unwrap_or(u32::MAX));
            engine.lanes.push(claim.jobs);
            engine.lanes.empty().await;
            // What failed may be due again.
            if batches > 0 && timeout(drain::FLUSH, engine.outbox.flushed()).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Ends as a process that is killed does, for tests: what runs records nothing any more, and stays leased until the
    /// lease has run out.
    ///
    /// # Errors
    /// Those of the store, which is told how long the lease still lasts.
    pub async fn die(&self) -> Result<()> {
        self.engine.die().await
    }

    /// Stops claiming, at once; [`Processor::drain`] does the rest.
    pub fn stop_claiming(&self) {
        self.engine.advance(Phase::Draining);
    }

    /// Stops claiming, gives back what has not started, waits up to `timeout` for what runs, and records it. Handlers
    /// that still run are told to stop; their jobs go back. May be called from several places; each waits for the end.
    pub async fn drain(&self, timeout: Duration) -> Drained {
        let claimer = self.claimer.lock().clone();
        drain::run(&self.engine, claimer, timeout).await
    }

    fn spawn_keepers(&self) -> Result<()> {
        self.spawn("renewer", leases::renew)?;
        self.spawn("deadlines", leases::watch_deadlines)?;
        self.spawn("settler", settler::run)?;
        Ok(())
    }

    /// Runs a loop of the engine. One that panics or hangs shows a bug, is reported, and is started anew: a processor must
    /// not be alive and silently idle.
    fn spawn<F, Fut>(&self, name: &'static str, task: F) -> Result<JoinHandle<()>>
    where
        F: Fn(Arc<Engine>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let engine = Arc::clone(&self.engine);
        let runtime = runtime::handle()?;
        let inner = runtime.clone();
        let pulse = Pulse::new(name);
        engine.vitals.add_pulse(&pulse);
        Ok(runtime.spawn(async move {
            loop {
                let running = inner.spawn(Arc::clone(&pulse).run(task(Arc::clone(&engine))));
                pulse.runs_in(running.abort_handle());
                let Err(failure) = running.await else { break };
                let failure = if failure.is_cancelled() { "it made no progress".into() } else { failure.to_string() };
                engine.vitals.restarted();
                engine.report(&Error::Internal(failure), &format!("the {name} was restarted"));
                if engine.sleep_or(AFTER_RESTART, Phase::Closed).await {
                    break;
                }
            }
            pulse.end();
        }))
    }
}
