//! The ring between the threads that log and the one that takes the records to Python.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::per_process::PerProcess;

/// How many records wait at most; then the oldest is dropped for each new one.
const CAPACITY: usize = 8192;

static CURRENT: PerProcess<Ring> = PerProcess::new();

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The level's number in Python's `logging`.
    pub level: u8,
    /// The message, and what else there is to it.
    pub message: String,
    /// Which job and which worker it tells of.
    pub about: About,
}

/// What a line of the log tells of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The job.
    pub job_id: Option<i64>,
    /// Its type.
    pub job_type: Option<String>,
    /// The worker.
    pub worker: Option<String>,
}

#[derive(Default)]
struct Ring {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Record>,
    dropped: u64,
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: Record) {
        let mut queue = self.lock();
        if queue.records.len() >= CAPACITY {
            queue.records.pop_front();
            queue.dropped += 1;
        }
        queue.records.push_back(record);
        if queue.records.len() == 1 {
            self.arrived.notify_one();
        }
    }
}

impl Queue {
    fn take(&mut self) -> Option<Vec<Record>> {
        if self.records.is_empty() {
            return None;
        }
        let dropped = mem::take(&mut self.dropped);
        let lost = (dropped > 0).then(|| Record {
            level: 30,
            message: format!(
                "{dropped} earlier records of the engine were dropped: it logged faster than Python took them"
            ),
            about: About::default(),
        });
        Some(lost.into_iter().chain(self.records.drain(..)).collect())
    }
}

/// Adds a record; never waits for anyone but another thread that logs.
pub(super) fn push(record: Record) {
    ring().push(record);
}

fn ring() -> &'static Ring {
    let Ok(ring) = CURRENT.get_or_try_init(|| Ok::<_, Infallible>(Ring::default()));
    ring
}

/// Takes records out of the ring, in batches.
#[derive(Debug, Default)]
pub struct Pump {
    closed: AtomicBool,
}

impl Pump {
    /// Waits for records; `None` once it was closed and nothing is left.
    pub fn next(&self) -> Option<Vec<Record>> {
        self.next_of(ring())
    }

    fn next_of(&self, ring: &Ring) -> Option<Vec<Record>> {
        let mut queue = ring.lock();
        loop {
            if let Some(records) = queue.take() {
                return Some(records);
            }
            if self.closed.load(Ordering::Relaxed) {
                return None;
            }
            queue = ring.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes [`Pump::next`] end.
    pub fn close(&self) {
        self.close_of(ring());
    }

    fn close_of(&self, ring: &Ring) {
        // Under the lock, so that no thread is between its look at the flag and its wait.
        let _queue = ring.lock();
        self.closed.store(true, Ordering::Relaxed);
        ring.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn record(message: impl ToString) -> Record {
        Record { level: 20, message: message.to_string(), about: About::default() }
    }

    #[test]
    fn the_oldest_records_give_way_and_are_counted() {
        let (ring, pump) = (Ring::default(), Pump::default());
        (0..CAPACITY + 3).for_each(|at| ring.push(record(at)));
        let records = pump.next_of(&ring).unwrap();
        assert_eq!(records.len(), CAPACITY + 1);
        assert!(records[0].level == 30 && records[0].message.starts_with("3 earlier records"));
        assert_eq!((&records[1], records.last().unwrap()), (&record(3), &record(CAPACITY + 2)));
    }

    #[test]
    fn a_waiting_pump_is_woken_by_a_record_and_ended_by_close() {
        let (ring, pump) = (Ring::default(), Pump::default());
        thread::scope(|scope| {
            let taken = scope.spawn(|| {
                let mut all = Vec::new();
                while let Some(records) = pump.next_of(&ring) {
                    all.extend(records);
                }
                all
            });
            (0..100).for_each(|at| ring.push(record(at)));
            pump.close_of(&ring);
            assert_eq!(taken.join().unwrap(), (0..100).map(record).collect::<Vec<_>>());
        });
    }
}
