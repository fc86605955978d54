//! The pulse of a loop: whether it rests on purpose, and otherwise when something last happened to it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::lock::Mutex;

tokio::task_local! {
    static PULSE: Arc<Pulse>;
}

/// Of one loop of the engine. Each answer of the store, each timer and each hint makes it beat; a loop that waits for an
/// answer that never comes has none.
pub(super) struct Pulse {
    pub name: &'static str,
    state: Mutex<State>,
}

struct State {
    beat: Instant,
    resting: usize,
    task: Option<AbortHandle>,
    ended: bool,
}

impl Pulse {
    pub fn new(name: &'static str) -> Arc<Self> {
        let state = State { beat: Instant::now(), resting: 0, task: None, ended: false };
        Arc::new(Self { name, state: Mutex::new(state) })
    }

    pub fn beat(&self) {
        self.state.lock().beat = Instant::now();
    }

    /// Runs a loop under this pulse.
    pub async fn run<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        let mut work = pin!(PULSE.scope(Arc::clone(&self), work));
        poll_fn(|context| {
            self.beat();
            work.as_mut().poll(context)
        })
        .await
    }

    /// The task that the loop runs in, from now on.
    pub fn runs_in(&self, task: AbortHandle) {
        let mut state = self.state.lock();
        state.task = Some(task);
        state.beat = Instant::now();
    }

    /// Ends the task of a loop that hangs, for another to begin.
    pub fn interrupt(&self) {
        if let Some(task) = self.state.lock().task.take() {
            task.abort();
        }
    }

    /// The loop is over and does not begin again.
    pub fn end(&self) {
        self.state.lock().ended = true;
    }

    pub fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    /// For how long nothing has happened, where that is longer than `bound`.
    pub fn hangs(&self, bound: Duration) -> Option<Duration> {
        let state = self.state.lock();
        let span = state.beat.elapsed();
        (!state.ended && state.resting == 0 && span > bound).then_some(span)
    }
}

/// Waits for what may take as long as it likes: in it, a loop does not hang.
pub(super) async fn resting<T>(wait: impl Future<Output = T>) -> T {
    let _rest = PULSE.try_with(Arc::clone).ok().map(Rest::begin);
    wait.await
}

struct Rest(Arc<Pulse>);

impl Rest {
    fn begin(pulse: Arc<Pulse>) -> Self {
        pulse.state.lock().resting += 1;
        Self(pulse)
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.resting = state.resting.saturating_sub(1);
        state.beat = Instant::now();
    }
}
