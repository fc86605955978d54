//! Tells the store what this processor did, for charts of what the fleet did.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::calls::Call;
use super::engine::{Engine, Phase};
use crate::error::{Error, Result};
use crate::model::{Step, Tally, Traffic, WorkerId};

/// About how often the store is told, where there is anything to tell.
const EVERY: Duration = Duration::from_secs(10);
/// About how often what is too old is deleted.
const PRUNE: Duration = Duration::from_secs(3_600);
/// Rows deleted in one statement.
const PRUNED: u32 = 1_000;

/// What the store was told, and what it may have been.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// All that was ever told, by type.
    before: HashMap<String, Tally>,
    /// The number of the last report.
    number: i64,
    /// A report without an answer: it is told again as it was, so that the store can know it. Of the worker that may have told it
    /// already, if any.
    open: Option<(Option<WorkerId>, Vec<Traffic>)>,
}

/// Held while a report is under way: a drain waits for that of the loop.
pub(super) type Telling = tokio::sync::Mutex<Told>;

/// Tells about every ten seconds, and deletes what is too old about every hour.
pub(super) async fn run(engine: Arc<Engine>) {
    let mut prune_at = Instant::now() + PRUNE.mul_f64(rand::random());
    while !engine.sleep_or(EVERY.mul_f64(0.8 + rand::random::<f64>() * 0.4), Phase::Draining).await {
        match tell(&engine).await {
            Ok(()) | Err(Error::WorkerLost { .. }) => {}
            Err(Error::Closed) => return,
            Err(error) => engine.failed(Call::Traffic, &error, "telling what was done"),
        }
        if Instant::now() >= prune_at {
            prune_at = Instant::now() + PRUNE.mul_f64(0.75 + rand::random::<f64>() / 2.0);
            match prune(&engine).await {
                Ok(()) => {}
                Err(Error::Closed) => return,
                Err(error) => engine.failed(Call::Traffic, &error, "cleaning up old traffic"),
            }
        }
    }
}

/// Tells what was not told yet, in one call or, after one that was not answered, in two. Nothing where there is nothing.
pub(super) async fn tell(engine: &Engine) -> Result<()> {
    let mut told = engine.told.lock().await;
    let Some(worker) = engine.worker() else { return Ok(()) };
    // The reports of another registration are not known to the store any more. It is better that charts lack one than that they
    // count it twice.
    if told.open.as_ref().is_some_and(|(holder, _)| holder.is_some_and(|holder| holder != worker.id)) {
        told.open = None;
    }
    loop {
        let again = told.open.is_some();
        if !again {
            let traffic = told.take(engine);
            if traffic.is_empty() {
                return Ok(());
            }
            told.number += 1;
            told.open = Some((None, traffic));
        }
        let number = told.number;
        if let Some((holder, traffic)) = &mut told.open {
            let was_told = holder.replace(worker.id).is_some();
            match engine.storage.record_traffic(&worker, number, traffic).await {
                Err(error) if error.retryable() => return Err(error),
                Err(error @ Error::WorkerLost { .. }) => {
                    if !was_told {
                        // Nobody recorded it: it is for the next registration.
                        *holder = None;
                    }
                    return Err(error);
                }
                // What the store will not have, it would not have later.
                answer => {
                    told.open = None;
                    answer?;
                }
            }
        }
        if !again {
            return Ok(());
        }
    }
}

impl Told {
    /// What was done since the last time.
    fn take(&mut self, engine: &Engine) -> Vec<Traffic> {
        let types = engine.stats.types().into_iter().map(|(name, _, tally)| (name, tally));
        let mut traffic = Vec::new();
        for (job_type, tally) in types.chain([(String::new(), engine.stats.whole())]) {
            let before = self.before.entry(job_type.clone()).or_default();
            let since = tally.since(&mem::replace(before, tally));
            if !since.is_empty() {
                traffic.push(Traffic { job_type, tally: since });
            }
        }
        traffic
    }
}

async fn prune(engine: &Engine) -> Result<()> {
    for step in Step::ALL {
        while engine.storage.prune_traffic(step, PRUNED).await? >= u64::from(PRUNED) {
            if engine.phase() > Phase::Running {
                return Ok(());
            }
        }
    }
    Ok(())
}
