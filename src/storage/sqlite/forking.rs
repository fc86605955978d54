//! Around a `fork()`. SQLite keeps in a process's memory which files that process has locked. A child inherits this memory but
//! not the locks: it would take the parent's locks for its own, and both could write at once. So no file is open, and
//! no thread inside SQLite, at the moment of a fork.

use std::convert::Infallible;
use std::process;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, Weak};
use std::time::{Duration, Instant};

use super::threads::Threads;
use crate::error::{Error, Result};
use crate::lock::{Condvar, Mutex};
use crate::per_process::PerProcess;

/// How long a fork waits for statements under way.
const LONGEST: Duration = Duration::from_secs(10);

static GATE: PerProcess<Gate> = PerProcess::new();

/// The connections to files that are open, and the process they are open in.
static OPEN: AtomicUsize = AtomicUsize::new(0);
static OPENED_BY: AtomicU32 = AtomicU32::new(0);

/// One connection to a file, counted until dropped.
pub(super) struct Counted;

impl Counted {
    /// Counts one more.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where this process was forked while connections were open: it must not open any.
    pub(super) fn new() -> Result<Self> {
        let inherited = OPENED_BY.swap(process::id(), Ordering::AcqRel) != process::id();
        if inherited && OPEN.load(Ordering::Acquire) > 0 {
            OPENED_BY.store(0, Ordering::Release);
            return Err(Error::Unsupported(
                "this process was forked, not by Python's os.fork(), while an SQLite queue was open: close queues before \
                 such a fork, or open them in the children only"
                    .into(),
            ));
        }
        OPEN.fetch_add(1, Ordering::AcqRel);
        Ok(Self)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    databases: Vec<Weak<Threads>>,
    opening: usize,
    /// The forks under way, and what they have in common.
    forks: usize,
    pause: Option<Arc<Pause>>,
}

fn gate() -> &'static Gate {
    let Ok(gate) = GATE.get_or_try_init(|| Ok::<_, Infallible>(Gate::default()));
    gate
}

impl Gate {
    /// Waits until `condition` holds no longer, or until then.
    fn wait_while(&self, until: Instant, condition: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let (mut state, mut over) = (self.state.lock(), false);
        while !over && condition(&state) {
            (state, over) = self.changed.wait_until(state, until);
        }
        state
    }
}

/// A database being opened, which a fork waits for.
pub(super) struct Opening(());

impl Opening {
    /// Waits for a fork under way.
    pub(super) fn begin() -> Self {
        let mut state = gate().wait_while(Instant::now() + LONGEST, |state| state.forks > 0);
        state.opening += 1;
        Self(())
    }

    /// It is open; forks take notice of it from now on.
    pub(super) fn done(self, threads: &Arc<Threads>) {
        let mut state = gate().state.lock();
        state.databases.retain(|database| database.strong_count() > 0);
        state.databases.push(Arc::downgrade(threads));
        drop(state);
        drop(self);
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        gate().state.lock().opening -= 1;
        gate().changed.notify_all();
    }
}

/// Closes every file and stops every thread that uses SQLite, until [`after_fork_in_parent`].
pub fn before_fork() {
    let until = Instant::now() + LONGEST;
    let gate = gate();
    gate.state.lock().forks += 1;
    let mut state = gate.wait_while(until, |state| state.opening > 0);
    let databases = &state.databases;
    let pause = state.pause.clone().unwrap_or_else(|| {
        let pause = Arc::new(Pause::default());
        databases.iter().filter_map(Weak::upgrade).for_each(|threads| threads.pause(&pause));
        pause
    });
    state.pause = Some(Arc::clone(&pause));
    drop(state);
    pause.wait_for_all(until);
}

/// Lets them go on.
pub fn after_fork_in_parent() {
    let mut state = gate().state.lock();
    state.forks = state.forks.saturating_sub(1);
    if state.forks == 0 {
        if let Some(pause) = state.pause.take() {
            pause.end();
        }
        gate().changed.notify_all();
    }
}

/// What the threads of all databases keep during a fork.
#[derive(Default)]
pub(super) struct Pause {
    state: Mutex<PauseState>,
    changed: Condvar,
}

#[derive(Default)]
struct PauseState {
    awaited: usize,
    over: bool,
}

impl Pause {
    /// An invitation for one thread more. One that ends instead has no connection either.
    pub(super) fn invite(self: &Arc<Self>) -> Invitation {
        self.state.lock().awaited += 1;
        Invitation { pause: Arc::clone(self), arrived: false }
    }

    fn wait_for_all(&self, until: Instant) {
        let (mut state, mut over) = (self.state.lock(), false);
        while !over && state.awaited > 0 {
            (state, over) = self.changed.wait_until(state, until);
        }
    }

    fn end(&self) {
        self.state.lock().over = true;
        self.changed.notify_all();
    }
}

/// One thread's part in a pause.
pub(super) struct Invitation {
    pause: Arc<Pause>,
    arrived: bool,
}

impl Invitation {
    fn arrive(&mut self) {
        if !self.arrived {
            self.arrived = true;
            self.pause.state.lock().awaited -= 1;
            self.pause.changed.notify_all();
        }
    }

    /// Blocks until the fork is over. The thread has closed its file.
    pub(super) fn keep(mut self) {
        self.arrive();
        let mut state = self.pause.state.lock();
        while !state.over {
            state = self.pause.changed.wait(state);
        }
    }
}

impl Drop for Invitation {
    fn drop(&mut self) {
        self.arrive();
    }
}
