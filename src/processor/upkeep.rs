//! What every processor does for the fleet: it takes jobs from dead workers, gives back jobs it cannot start, and does the
//! chores.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::model::Outstanding;

use super::calls::Call;
use super::chores::Chore;
use super::engine::{Engine, Phase};
use super::lookout::found;
use super::pulse::resting;

/// Jobs reclaimed in one statement.
const SWEEP: u32 = 500;

/// How often a processor looks after tokens whose time is up, and after jobs that a crash kept waiting, at most.
const TIDY: Duration = Duration::from_secs(60);

/// A sweep that no look asked for.
const RARELY: Duration = Duration::from_secs(600);

/// Tokens marked in one statement.
const TOKENS: u32 = 500;

/// A job that was claimed in advance and finds no slot for this long goes back, for a worker that is free.
const STALE: Duration = Duration::from_secs(1);

/// Sweeps when the lease of another worker has run out, as the processor's looks foresee it; the first time as soon as the worker is
/// registered, since one that was restarted finds its old jobs.
pub(super) async fn sweep(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    let lease = engine.config.lease;
    let mut looks = engine.found.subscribe();
    loop {
        let pause = if may_reclaim(&engine) {
            match reclaim(&engine).await {
                Ok(true) => continue,
                Ok(false) => {
                    // What dead workers counted for is given back with their jobs; this is for what nobody gave back.
                    if let Err(error) = engine.storage.tend_limits().await {
                        engine.failed(Call::Limit, &error, "counting what runs");
                    }
                    RARELY
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    engine.failed(Call::Reclaim, &error, "reclaiming jobs of dead workers");
                    lease / 3
                }
            }
        } else {
            lease / 6
        };
        let mut due = Instant::now() + pause;
        loop {
            tokio::select! {
                ended = engine.sleep_or(due.saturating_duration_since(Instant::now()), Phase::Draining) => {
                    if ended { return }
                    break;
                }
                () = resting(found(&mut looks, |_| true)) => {
                    let found = looks.borrow().reclaim_in;
                    // Processors of a fleet see the same; the first one that comes takes all.
                    due = Instant::now() + found.map_or(RARELY, |span| span + lease.mul_f64(rand::random::<f64>() / 10.0));
                }
            }
        }
    }
}

/// After an outage every worker is late: they get the time to renew before anyone takes their jobs. A worker that is late itself,
/// because its process was stopped, would take its own.
fn may_reclaim(engine: &Engine) -> bool {
    let span = engine.config.lease / 2;
    !engine.outage_within(span) && (engine.renewed_within(span) || engine.holds_nothing())
}

/// Takes a number of jobs; whether there may be more.
async fn reclaim(engine: &Engine) -> Result<bool> {
    let reclaimed = engine.storage.reclaim(SWEEP).await?;
    engine.stats.reclaimed(reclaimed.len());
    if !reclaimed.is_empty() {
        tracing::warn!("took {} jobs from workers that died", reclaimed.len());
    }
    Ok(reclaimed.len() >= SWEEP as usize && engine.phase() < Phase::Closed)
}

/// Does the chores of this processor about as often as its options say. A fleet does them more often than it must, but not
/// all of it at once, since each begins at a moment of its own.
pub(super) async fn clean_up(engine: Arc<Engine>) {
    let Some(upkeep) = &engine.config.upkeep else { return };
    let mut pause = upkeep.every.mul_f64(rand::random());
    while !engine.sleep_or(pause, Phase::Draining).await {
        tokio::select! {
            () = do_chores(&engine, &upkeep.chores) => {}
            // A step that is cut off is a transaction that took place or did not.
            () = engine.reached(Phase::Draining) => return,
        }
        pause = upkeep.every.mul_f64(0.75 + rand::random::<f64>() / 2.0);
    }
}

async fn do_chores(engine: &Engine, chores: &[Chore]) {
    for chore in chores {
        match chore.run(engine.storage.as_ref()).await {
            Ok(_) | Err(Error::Closed) => {}
            Err(error) => engine.failed(Call::Upkeep, &error, chore.doing()),
        }
    }
}

/// Looks after what is waited for. A wait is over on time without it: this finds what a crash left behind.
pub(super) async fn tidy(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    let mut looks = engine.found.subscribe();
    let mut pause = TIDY.mul_f64(rand::random::<f64>());
    while !engine.sleep_or(pause, Phase::Draining).await {
        if !pause.is_zero() && waits_seen(&engine, &mut looks).await.is_none() {
            return;
        }
        pause = TIDY.mul_f64(0.8 + rand::random::<f64>() * 0.4);
        match engine.storage.tidy_waits(TOKENS).await {
            Ok(marked) if marked >= u64::from(TOKENS) => pause = Duration::ZERO,
            Ok(_) => {}
            Err(Error::Closed) => return,
            Err(error) => engine.failed(Call::Tidy, &error, "looking after tokens"),
        }
    }
}

/// Waits until a look finds that there is something to be looked after; `None` at the end of the processor.
async fn waits_seen(engine: &Engine, looks: &mut watch::Receiver<Outstanding>) -> Option<()> {
    if looks.borrow_and_update().waits {
        return Some(());
    }
    resting(async {
        tokio::select! {
            () = found(looks, |found| found.waits) => Some(()),
            () = engine.reached(Phase::Draining) => None,
        }
    })
    .await
}

/// Releases jobs that wait in memory for too long.
pub(super) async fn give_back(engine: Arc<Engine>) {
    while !engine.sleep_or(STALE / 2, Phase::Draining).await {
        engine.lanes.take_stale(Instant::now(), STALE);
    }
}
