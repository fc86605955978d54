//! What every processor does for the fleet: it takes jobs from dead workers, gives back jobs it cannot start, and does the
//! chores.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;

use super::chores::Chore;
use super::engine::{Engine, Phase};

/// Jobs reclaimed in one statement.
const SWEEP: u32 = 500;

/// How often a processor looks after tokens whose time is up, and after jobs that a crash kept waiting, at most.
const TIDY: Duration = Duration::from_secs(60);

/// Tokens marked in one statement.
const TOKENS: u32 = 500;

/// A job that was claimed in advance and finds no slot for this long goes back, for a worker that is free.
const STALE: Duration = Duration::from_secs(1);

/// Sweeps three times in a lease, the first time as soon as the worker is registered: one that was restarted finds its
/// old jobs.
pub(super) async fn sweep(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    loop {
        let interval = (engine.config.lease / 3).mul_f64(0.8 + rand::random::<f64>() * 0.4);
        // After an outage every worker is late: they get the time to renew before anyone takes their jobs. A worker that
        // is late itself, because its process was stopped, would take its own.
        if !engine.outage_within(engine.config.lease / 2) && engine.renewed_within(engine.config.lease / 2) {
            match engine.storage.reclaim(SWEEP).await {
                Ok(reclaimed) => {
                    engine.stats.reclaimed(reclaimed.len());
                    if !reclaimed.is_empty() {
                        tracing::warn!("took {} jobs from workers that died", reclaimed.len());
                    }
                    if reclaimed.len() >= SWEEP as usize && engine.phase() < Phase::Closed {
                        continue;
                    }
                }
                Err(Error::Closed) => return,
                Err(error) => engine.report(&error, "reclaiming jobs of dead workers"),
            }
        }
        if engine.sleep_or(interval, Phase::Draining).await {
            return;
        }
    }
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
            Err(error) => engine.report(&error, chore.doing()),
        }
    }
}

/// Looks after what is waited for. A wait is over on time without it: this finds what a crash left behind.
pub(super) async fn tidy(engine: Arc<Engine>) {
    if engine.registered().await.is_none() {
        return;
    }
    let mut pause = TIDY.mul_f64(rand::random::<f64>());
    while !engine.sleep_or(pause, Phase::Draining).await {
        pause = TIDY.mul_f64(0.8 + rand::random::<f64>() * 0.4);
        match engine.storage.tidy_waits(TOKENS).await {
            Ok(marked) if marked >= u64::from(TOKENS) => pause = Duration::ZERO,
            Ok(_) => {}
            Err(Error::Closed) => return,
            Err(error) => engine.report(&error, "looking after tokens"),
        }
    }
}

/// Releases jobs that wait in memory for too long.
pub(super) async fn give_back(engine: Arc<Engine>) {
    while !engine.sleep_or(STALE / 2, Phase::Draining).await {
        if let Some(since) = Instant::now().checked_sub(STALE) {
            engine.lanes.take_stale(since, STALE);
        }
    }
}
