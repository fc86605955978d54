//! What is on its way to the settler: settlements, and the newest notes of each run.

use std::collections::HashMap;
use std::mem;
use std::ops::Deref;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use crate::error::Result;
use crate::lock::Mutex;
use crate::model::{Note, NoteKind, Settled, Settlement};

use super::run::RunId;

/// Filled by lanes on any thread, emptied by the settler. Notes of one run replace each other by kind, so
/// that a handler which reports in a tight loop cannot fill the memory.
#[derive(Default)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    filled: Notify,
    emptied: Notify,
}

#[derive(Default)]
struct Inner {
    settlements: Vec<Settlement>,
    notes: HashMap<(RunId, u8), Note>,
    steps: Vec<Step>,
    /// Types whose handlers asked that none of them starts for a while.
    holds: HashMap<String, Duration>,
    in_flight: bool,
    /// Nothing can be recorded any more: there is nothing to wait for.
    closed: bool,
}

impl Inner {
    fn is_empty(&self) -> bool {
        self.settlements.is_empty() && self.notes.is_empty() && self.steps.is_empty() && self.holds.is_empty()
    }
}

/// A step on its way, and who waits until it is recorded.
pub(super) struct Step {
    pub note: Note,
    pub answer: oneshot::Sender<Result<Settled>>,
}

/// What the settler takes at once.
#[derive(Default)]
pub(super) struct Load {
    pub notes: Vec<Note>,
    pub steps: Vec<Step>,
    pub holds: HashMap<String, Duration>,
    pub settlements: Vec<Settlement>,
}

impl Outbox {
    pub fn settle(&self, settlements: impl IntoIterator<Item = Settlement>) {
        let mut inner = self.inner.lock();
        if inner.closed {
            return;
        }
        let before = inner.settlements.len();
        inner.settlements.extend(settlements);
        let wake = before == 0 && !inner.settlements.is_empty();
        drop(inner);
        if wake {
            self.filled.notify_one();
        }
    }

    pub fn note(&self, run: RunId, note: Note) {
        let kind = match note.kind {
            NoteKind::Progress(_) => 0,
            NoteKind::Output(_) => 1,
            NoteKind::Prolonged { .. } => 2,
            NoteKind::Step { .. } => 3,
        };
        let mut inner = self.inner.lock();
        if inner.closed {
            return;
        }
        inner.notes.insert((run, kind), note);
        drop(inner);
        self.filled.notify_one();
    }

    /// Asks that no job of a type starts for so long; it is asked before what is settled after this.
    pub fn back_off(&self, job_type: &str, span: Duration) {
        let mut inner = self.inner.lock();
        if !inner.closed {
            let held = inner.holds.entry(job_type.to_owned()).or_default();
            *held = span.max(*held);
            drop(inner);
            self.filled.notify_one();
        }
    }

    /// Sends a step; the answer comes when it is recorded, or cannot be.
    pub fn step(&self, note: Note) -> oneshot::Receiver<Result<Settled>> {
        let (answer, answered) = oneshot::channel();
        let mut inner = self.inner.lock();
        if !inner.closed {
            inner.steps.push(Step { note, answer });
            drop(inner);
            self.filled.notify_one();
        }
        answered
    }

    /// Waits until there is something, and takes at most `most` settlements with all notes: notes of a run are written
    /// before its settlement makes its lease void.
    pub async fn take(&self, most: usize) -> Load {
        loop {
            let filled = self.filled.notified();
            {
                let mut inner = self.inner.lock();
                if !inner.is_empty() {
                    inner.in_flight = true;
                    let rest =
                        if inner.settlements.len() > most { inner.settlements.split_off(most) } else { Vec::new() };
                    let settlements = mem::replace(&mut inner.settlements, rest);
                    let notes = mem::take(&mut inner.notes).into_values().collect();
                    let (steps, holds) = (mem::take(&mut inner.steps), mem::take(&mut inner.holds));
                    return Load { notes, steps, holds, settlements };
                }
                inner.in_flight = false;
                self.emptied.notify_waiters();
            }
            filled.await;
        }
    }

    /// Keeps settlements that were taken: they come back, before all others, unless they were recorded.
    pub fn hold(&self, settlements: Vec<Settlement>) -> Held<'_> {
        Held { outbox: self, settlements }
    }

    /// The store was closed: what is here, and what comes, is dropped.
    pub fn close(&self) {
        *self.inner.lock() = Inner { closed: true, ..Inner::default() };
        self.emptied.notify_waiters();
    }

    /// Waits until everything was taken and recorded, or nothing can be.
    pub async fn flushed(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            {
                let inner = self.inner.lock();
                if inner.is_empty() && !inner.in_flight {
                    return;
                }
            }
            emptied.await;
        }
    }
}

/// Settlements on their way to the store.
pub(super) struct Held<'a> {
    outbox: &'a Outbox,
    settlements: Vec<Settlement>,
}

impl Held<'_> {
    /// They are in the store.
    pub fn recorded(mut self) {
        self.settlements.clear();
    }
}

impl Deref for Held<'_> {
    type Target = [Settlement];

    fn deref(&self) -> &[Settlement] {
        &self.settlements
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut inner = self.outbox.inner.lock();
        if self.settlements.is_empty() || inner.closed {
            return;
        }
        inner.settlements.splice(0..0, self.settlements.drain(..));
        drop(inner);
        self.outbox.filled.notify_one();
    }
}
