//! Fires the schedules that are due: exactly at their ticks, and when a hint may tell of a change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::calls::Call;
use super::engine::{Backoff, Engine, Phase};
use super::pulse::resting;
use super::wake::Wake;
use crate::clock::VirtualClock;
use crate::error::{Error, Result};
use crate::model::{NewSchedule, ScheduleId};
use crate::storage;

/// Schedules are read at least about this often. Those that are due are found by the processor's looks.
const READ: Duration = Duration::from_secs(600);
/// The hints tell of jobs too: while they keep coming, the pause between two readings grows from the one to the other.
const FIRST_GAP: Duration = Duration::from_millis(100);
const LONGEST_GAP: Duration = Duration::from_secs(30);

pub(super) async fn run(engine: Arc<Engine>) {
    tokio::select! {
        () = fire(&engine) => {}
        // A firing that is cut off is a transaction that took place or did not.
        () = engine.reached(Phase::Draining) => {}
    }
}

/// What was done so far, by one session.
#[derive(Default)]
struct Books {
    /// The schedules that handlers declare and that are not in the store yet.
    declared: Vec<NewSchedule>,
    /// Why schedules could not be fired, so that it is told once.
    faults: HashMap<ScheduleId, Error>,
}

async fn fire(engine: &Engine) {
    let mut books = Books { declared: engine.config.schedules.clone(), faults: HashMap::new() };
    let (mut wake, mut backoff, mut gap) = (Wake::new(engine), Backoff::new(), FIRST_GAP);
    while engine.registered().await.is_some() {
        wake.mark(engine).await;
        let next = match look(engine, &mut books).await {
            Ok(next) => next,
            Err(Error::Closed) => return,
            Err(error) => {
                engine.failed(Call::Schedule, &error, "firing schedules");
                engine.sleep_or(backoff.pause(), Phase::Draining).await;
                continue;
            }
        };
        backoff.reset();
        let looked = Instant::now();
        let until = looked + READ.mul_f64(0.8 + rand::random::<f64>() * 0.4);
        // A tick does not come nearer on a clock that stands still.
        let next = next.filter(|_| engine.clock.as_ref().is_none_or(VirtualClock::ticks));
        let until = next.map_or(until, |next| until.min(next));
        if wake.hinted_before(until).await {
            resting(sleep_until(until.min(looked + gap))).await;
            gap = (gap * 2).min(LONGEST_GAP);
        } else if looked.elapsed() >= gap {
            gap = FIRST_GAP;
        }
    }
}

/// Before a batch: what is due is among the jobs to be claimed.
pub(super) async fn fire_once(engine: &Engine) -> Result<()> {
    let mut books = Books { declared: engine.config.schedules.clone(), faults: HashMap::new() };
    look(engine, &mut books).await.map(drop)
}

/// Fires what is due, and answers when there is more.
async fn look(engine: &Engine, books: &mut Books) -> Result<Option<Instant>> {
    while let Some(declared) = books.declared.last() {
        match storage::ensure_schedule(engine.storage.as_ref(), declared).await {
            Ok(changed) if changed => tracing::info!("the schedule {:?} was stored", declared.name),
            Ok(_) => {}
            Err(error @ (Error::Unavailable { .. } | Error::Closed | Error::MigrationRequired(_))) => {
                return Err(error);
            }
            Err(error) => engine.failed(Call::Schedule, &error, &format!("storing the schedule {:?}", declared.name)),
        }
        books.declared.pop();
    }
    let round = storage::fire_due(engine.storage.as_ref()).await?;
    engine.reached_store();
    if round.added > 0 {
        tracing::debug!("schedules added {} jobs", round.added);
    }
    for (id, error) in &round.faults {
        if books.faults.get(id) != Some(error) {
            engine.failed(Call::Schedule, error, &format!("firing schedule {id}"));
        }
    }
    books.faults = round.faults.into_iter().collect();
    Ok(round.next)
}
