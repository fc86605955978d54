//! What the engine logs, on its way to Python: a bounded ring that a Python thread drains.
//!
//! A thread that logs never waits for the interpreter, so it cannot hang on one that holds it.

mod layer;
mod ring;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing::Level;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

pub use ring::{About, Pump, Record};

/// The lowest level recorded, as a number of Python's `logging`; above 50 nothing is.
static THRESHOLD: AtomicU8 = AtomicU8::new(NOTHING);

const NOTHING: u8 = u8::MAX;

/// Sets the lowest level that is recorded, as a number of Python's `logging`; above 50 records nothing.
///
/// The first call that records anything installs the process's `tracing` subscriber. Answers false when another one was
/// there before, so that nothing can be recorded.
pub fn set_level(level: i64) -> bool {
    static ATTEMPTED: AtomicBool = AtomicBool::new(false);
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let threshold = u8::try_from(level.clamp(0, 255)).ok().filter(|level| *level <= 50).unwrap_or(NOTHING);
    THRESHOLD.store(threshold, Ordering::Relaxed);
    if threshold == NOTHING && !ATTEMPTED.load(Ordering::Relaxed) {
        return true;
    }
    ATTEMPTED.store(true, Ordering::Relaxed);
    *INSTALLED
        .get_or_init(|| tracing::subscriber::set_global_default(Registry::default().with(layer::RingLayer)).is_ok())
}

fn is_recorded(level: Level) -> bool {
    number(level) >= THRESHOLD.load(Ordering::Relaxed)
}

/// The number that Python's `logging` has for a level.
fn number(level: Level) -> u8 {
    match level {
        Level::TRACE => 5,
        Level::DEBUG => 10,
        Level::INFO => 20,
        Level::WARN => 30,
        Level::ERROR => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts how often it was formatted.
    struct Costly<'a>(&'a AtomicU8);

    impl std::fmt::Display for Costly<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fetch_add(1, Ordering::Relaxed);
            f.write_str("costly")
        }
    }

    #[test]
    fn what_is_below_the_level_is_not_formatted_and_the_level_can_change() {
        let (formatted, pump) = (AtomicU8::new(0), Pump::default());
        let log = |level: i64| {
            assert!(set_level(level));
            tracing::debug!(jobs = 3, job_id = 7, job_type = "a", worker = "w1", "claimed {}", Costly(&formatted));
            tracing::warn!(target: "elsewhere", "{}", Costly(&formatted));
        };
        log(60);
        log(20);
        assert_eq!(formatted.load(Ordering::Relaxed), 0);
        log(10);
        log(51);
        assert_eq!(formatted.load(Ordering::Relaxed), 1);
        pump.close();
        let about = About { job_id: Some(7), job_type: Some("a".into()), worker: Some("w1".into()) };
        let expected = Record { level: 10, message: "claimed costly jobs=3".into(), about };
        assert!(pump.next().is_some_and(|records| records.contains(&expected)));
    }
}
