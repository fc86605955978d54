//! Whether a processor does its work: when it last reached the store, which of its loops hang, and why it is not ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::engine::{Engine, Phase};
use super::pulse::Pulse;
use crate::lock::Mutex;

/// How often the loops are looked after.
const LOOK: Duration = Duration::from_secs(1);
/// A look that is late by this much means that the whole process stood still, or that the runtime does not answer.
const LATE: Duration = Duration::from_secs(10);
/// Without these nothing is claimed, kept, recorded or found: they end with the processor.
const VITAL: [&str; 5] = ["claimer", "renewer", "settler", "deadlines", "lookout"];

/// How a processor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// False when only a new process would help: a loop hangs beyond every deadline, or has ended before its time.
    pub live: bool,
    /// Whether it claims jobs, or would if it had room for more.
    pub ready: bool,
    /// Handlers that run.
    pub running: usize,
    /// Jobs that are claimed and not started.
    pub waiting: usize,
    /// Since a claim last succeeded, one that found nothing too.
    pub last_claim: Option<Duration>,
    /// Since the leases were last renewed.
    pub last_renewal: Option<Duration>,
    /// Whether the store answered when it was last asked.
    pub store_reachable: bool,
    /// How often a loop of the engine was started anew.
    pub restarts: u64,
    /// Why it is not ready.
    pub reason: Option<String>,
    /// Whether it has drained: nothing is left to do.
    pub ended: bool,
}

/// What health is read from.
pub(super) struct Vitals {
    /// How long a loop may be at one thing.
    bound: Duration,
    pulses: Mutex<Vec<Arc<Pulse>>>,
    looked: Mutex<Option<Instant>>,
    claims: Mutex<Claims>,
    /// When the store last answered.
    reached: Mutex<Option<Instant>>,
    /// What was last told of the store, while it does not answer.
    fault: Mutex<Option<String>>,
    restarts: AtomicU64,
}

#[derive(Default)]
struct Claims {
    succeeded: Option<Instant>,
    owed: Owed,
}

/// Whether the claimer should have claimed.
#[derive(Default)]
enum Owed {
    /// Since then.
    Since(Instant),
    /// Not while all slots are taken.
    #[default]
    Full,
    /// Not until something tells of jobs.
    Resting,
}

impl Vitals {
    /// `patience` is the longest that a call to the store may take.
    pub fn new(patience: Duration) -> Self {
        Self {
            bound: patience.saturating_mul(2),
            pulses: Mutex::default(),
            looked: Mutex::default(),
            claims: Mutex::default(),
            reached: Mutex::default(),
            fault: Mutex::default(),
            restarts: AtomicU64::new(0),
        }
    }

    pub fn add_pulse(&self, pulse: &Arc<Pulse>) {
        self.pulses.lock().push(Arc::clone(pulse));
    }

    pub fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// Since a claim last succeeded.
    pub fn last_claim(&self) -> Option<Duration> {
        self.claims.lock().succeeded.map(|at| at.elapsed())
    }

    pub fn claimed(&self) {
        self.claims.lock().succeeded = Some(Instant::now());
    }

    /// There is room for jobs, or not any more. A claim is owed from when there is.
    pub fn has_room(&self, room: bool) {
        let mut claims = self.claims.lock();
        claims.owed = match claims.owed {
            _ if !room => Owed::Full,
            Owed::Since(since) => Owed::Since(since),
            Owed::Full | Owed::Resting => Owed::Since(Instant::now()),
        };
    }

    /// The last claim left nothing to be claimed: none is owed until something tells of jobs.
    pub fn rests(&self) {
        self.claims.lock().owed = Owed::Resting;
    }

    pub fn failed(&self, fault: String) {
        *self.fault.lock() = Some(fault);
    }

    pub fn reached_store(&self) {
        *self.reached.lock() = Some(Instant::now());
        *self.fault.lock() = None;
    }

    /// The loops that hang, having looked in time. After a look that is late nobody had the time to go on.
    fn look(&self) -> Vec<(Arc<Pulse>, Duration)> {
        let before = self.looked.lock().replace(Instant::now());
        let pulses = self.pulses.lock();
        if before.is_some_and(|before| before.elapsed() > LATE / 2) {
            pulses.iter().for_each(|pulse| pulse.beat());
        }
        pulses.iter().filter_map(|pulse| Some((Arc::clone(pulse), pulse.hangs(self.bound)?))).collect()
    }

    /// Why a new process is needed.
    fn mortal(&self, running: bool) -> Option<String> {
        let late = self.looked.lock().map(|looked| looked.elapsed()).filter(|late| *late > LATE);
        if let Some(late) = late {
            return Some(format!("the engine did not answer for {:.1} s", late.as_secs_f64()));
        }
        self.pulses.lock().iter().find_map(|pulse| {
            if let Some(span) = pulse.hangs(self.bound + LATE) {
                return Some(format!("the {} hangs for {:.1} s", pulse.name, span.as_secs_f64()));
            }
            let ended = running && VITAL.contains(&pulse.name) && pulse.has_ended();
            ended.then(|| format!("the {} has ended: its queue was closed", pulse.name))
        })
    }

    /// Why no jobs are claimed, for a processor that should.
    fn idle(&self, engine: &Engine, started: bool) -> Option<String> {
        if !started {
            return Some("it was not started".to_owned());
        }
        let patience = engine.config.unready_after();
        let fault = || self.fault.lock().as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
        let claims = self.claims.lock();
        let Some(succeeded) = claims.succeeded else {
            return Some(format!("no claim has succeeded yet{}", fault()));
        };
        let (late, bound, what) = match claims.owed {
            Owed::Since(since) => (Some(succeeded.max(since).elapsed()), patience, "no claim succeeded"),
            // Nothing is claimed on purpose: that the leases are kept shows that the store answers.
            Owed::Full => (engine.renewed_ago(), patience.max(engine.config.lease), "the leases were not renewed"),
            // A store that is only read does not say that its locks are free: the lease does.
            Owed::Resting if engine.is_overdue() => (engine.renewed_ago(), patience, "the leases were not renewed"),
            Owed::Resting => {
                let is_at_fault = self.fault.lock().is_some();
                let bound = if is_at_fault { patience } else { patience.max(engine.config.lease) };
                (self.reached.lock().map(|at| at.elapsed()), bound, "the store has not answered")
            }
        };
        let late = late.filter(|late| *late > bound)?;
        Some(format!("{what} for {:.1} s{}", late.as_secs_f64(), fault()))
    }
}

/// Reads the health. Asks nobody, and waits for nothing.
pub(super) fn read(engine: &Engine) -> Health {
    let (vitals, phase) = (&engine.vitals, engine.phase());
    let (in_hand, running) = engine.lanes.in_hand();
    let started = !vitals.pulses.lock().is_empty();
    let mortal = if phase == Phase::Closed { None } else { vitals.mortal(phase == Phase::Running) };
    let live = mortal.is_none();
    let reason = match phase {
        Phase::Closed => Some("it has ended".to_owned()),
        Phase::Draining => Some(mortal.unwrap_or_else(|| "it drains, and claims no more jobs".to_owned())),
        Phase::Running => mortal.or_else(|| vitals.idle(engine, started)),
    };
    Health {
        live,
        ready: reason.is_none(),
        running,
        waiting: in_hand.saturating_sub(running),
        last_claim: vitals.last_claim(),
        last_renewal: engine.renewed_ago(),
        store_reachable: engine.is_store_reachable(),
        restarts: vitals.restarts.load(Ordering::Relaxed),
        reason,
        ended: phase == Phase::Closed,
    }
}

/// Looks after the other loops: one that hangs, longer than any call to the store may take, is started anew.
pub(super) async fn watch(engine: Arc<Engine>) {
    loop {
        for (pulse, span) in engine.vitals.look() {
            tracing::warn!("the {} made no progress for {:.1} s", pulse.name, span.as_secs_f64());
            pulse.interrupt();
        }
        if engine.sleep_or(LOOK.min(engine.vitals.bound), Phase::Closed).await {
            return;
        }
    }
}
