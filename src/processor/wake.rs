//! When to claim again: at a hint of the store, at the next due time, or when a look found jobs that no hint told of.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clock::VirtualClock;
use crate::model::Outstanding;
use crate::storage::Wakes;

use super::calls::Call;
use super::engine::{Engine, Phase};
use super::lookout::found;
use super::pulse::resting;

/// Until a hint, the next due time or a look. The claim after it is one that nothing asked for.
const FOR_LONG: Duration = Duration::from_secs(3_600);
/// When others hold the jobs that were left, they are looked for again after about this long, and then after twice as long each
/// time: a claim holds them for a moment, somebody's transaction for as long as it likes.
const CONTENDED: Duration = Duration::from_millis(5);

pub(super) struct Wake {
    hints: Option<Wakes>,
    /// Those of the store's clock, where its owner moves it.
    moves: Option<watch::Receiver<Duration>>,
    looks: watch::Receiver<Outstanding>,
    contended: Duration,
}

impl Wake {
    pub fn new(engine: &Engine) -> Self {
        let moves = engine.clock.as_ref().map(VirtualClock::moves);
        Self { hints: None, moves, looks: engine.found.subscribe(), contended: CONTENDED }
    }

    /// Marks all hints as seen: those that come from now on are about changes that the next claim may miss. Starts
    /// listening if that did not work before.
    pub async fn mark(&mut self, engine: &Engine) {
        if self.hints.is_none() {
            match engine.storage.listen().await {
                Ok(hints) => self.hints = Some(hints),
                Err(error) => engine.failed(Call::Listen, &error, "listening for new jobs"),
            }
        }
        if let Some(hints) = &mut self.hints {
            hints.borrow_and_update();
        }
        if let Some(moves) = &mut self.moves {
            moves.borrow_and_update();
        }
        self.looks.mark_unchanged();
    }

    /// Waits for a reason to claim again, or until the processor drains.
    pub async fn wait(&mut self, engine: &Engine, more: bool, next_due: Option<Duration>) {
        let mut until = Instant::now() + FOR_LONG;
        // What is due next does not come nearer on a clock that stands still.
        if let Some(due) = next_due.filter(|_| engine.clock.as_ref().is_none_or(VirtualClock::ticks)) {
            until = until.min(Instant::now() + due);
        }
        if more {
            until = until.min(Instant::now() + self.contended.mul_f64(0.5 + rand::random::<f64>()));
            self.contended = (self.contended * 2).min(engine.config.poll_interval);
        } else {
            self.contended = CONTENDED;
        }
        resting(async {
            tokio::select! {
                () = hinted(&mut self.hints) => {}
                () = moved(&mut self.moves) => {}
                () = found(&mut self.looks, |found| found.jobs) => {}
                () = engine.again.notified() => {}
                () = sleep_until(until) => {}
                () = engine.reached(Phase::Draining) => {}
            }
        })
        .await;
    }

    /// Waits until a time, until schedules are found due or the store's clock is moved; true where a hint came before it.
    pub async fn hinted_before(&mut self, until: Instant) -> bool {
        resting(async {
            tokio::select! {
                () = hinted(&mut self.hints) => true,
                () = moved(&mut self.moves) => false,
                () = found(&mut self.looks, |found| found.schedules) => false,
                () = sleep_until(until) => false,
            }
        })
        .await
    }
}

async fn moved(moves: &mut Option<watch::Receiver<Duration>>) {
    if let Some(moves) = moves
        && moves.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

async fn hinted(hints: &mut Option<Wakes>) {
    if let Some(wakes) = hints
        && wakes.changed().await.is_ok()
    {
        return;
    }
    // The listener is gone: the poll goes on alone, and the next mark listens anew.
    *hints = None;
    std::future::pending::<()>().await;
}
