//! Looks at the store now and then for what no hint told of. The loops that would act on it wait for what this finds, so that an
//! idle processor sends one statement where each of them would send its own.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::calls::Call;
use super::drain::FOR_EVER;
use super::engine::{Backoff, Engine, Phase};
use crate::error::{Error, Result};
use crate::model::{Outstanding, Worker};

/// A processor that hears hints looks for jobs so many times more seldom than one that does not.
const HEARING: u32 = 3;

pub(super) async fn run(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    let mut backoff = Backoff::new();
    // Workers that died before this one came are seen at once.
    let mut times = Times { look: Instant::now(), poll: next_poll(&engine) };
    loop {
        if engine.sleep_or(times.next().saturating_duration_since(Instant::now()), Phase::Draining).await {
            return;
        }
        let polls = times.poll <= Instant::now();
        // One that is not registered is about to be, and claims then.
        if let Some(worker) = engine.worker() {
            match look(&engine, &worker, polls).await {
                Ok(found) => {
                    engine.reached_store();
                    backoff.reset();
                    engine.found.send_replace(found);
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    engine.failed(Call::Look, &error, "looking for what is to be done");
                    times.put_off(Instant::now() + backoff.pause());
                    continue;
                }
            }
        }
        times.look = next_look(&engine);
        if polls {
            times.poll = next_poll(&engine);
        }
    }
}

/// When to look next, and when for jobs too.
struct Times {
    look: Instant,
    poll: Instant,
}

impl Times {
    fn next(&self) -> Instant {
        self.look.min(self.poll)
    }

    /// Nothing is asked before then, of a store that does not answer.
    fn put_off(&mut self, until: Instant) {
        self.look = until;
        self.poll = self.poll.max(until);
    }
}

async fn look(engine: &Engine, worker: &Worker, polls: bool) -> Result<Outstanding> {
    let job_types = if polls { engine.config.job_types.as_slice() } else { &[] };
    let mut found = engine.storage.look(worker.id, job_types).await?;
    // Which other types there are the claim finds out.
    found.jobs |= polls && engine.config.any_type;
    Ok(found)
}

/// Often enough to see the lease of any other worker before it runs out. Processors of a fleet do not keep in step.
fn next_look(engine: &Engine) -> Instant {
    Instant::now() + (engine.config.lease / 2).mul_f64(0.8 + rand::random::<f64>() * 0.4)
}

fn next_poll(engine: &Engine) -> Instant {
    let interval = engine.config.poll_interval;
    let interval = if engine.storage.hears() { interval.saturating_mul(HEARING) } else { interval };
    Instant::now() + interval.min(FOR_EVER)
}

/// Waits until a look finds what is asked for.
pub(super) async fn found(looks: &mut watch::Receiver<Outstanding>, is_meant: impl Fn(&Outstanding) -> bool) {
    while looks.changed().await.is_ok() {
        if is_meant(&looks.borrow_and_update()) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_store_that_does_not_answer_is_asked_no_sooner_for_a_poll_that_is_due() {
        let now = Instant::now();
        let until = now + Duration::from_secs(1);
        for (look, poll) in [(now, now), (now + Duration::from_secs(9), now), (now, now + Duration::from_secs(9))] {
            let mut times = Times { look, poll };
            times.put_off(until);
            assert_eq!(times.next(), until);
        }
    }
}
