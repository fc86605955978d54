//! The loop that claims: as many jobs as there are free slots, and a few more where handlers are quick.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::model::{Claim, ClaimRequest, Worker};

use super::calls::Call;
use super::engine::{Backoff, Engine, Phase};
use super::pulse::resting;
use super::wake::Wake;

/// How many batches are claimed in advance at most: while one is run, the next is on its way.
const DEPTH: f64 = 2.0;

/// How often a claimer that has no time left asks for the reply to its last claim.
const ASKED: u32 = 5;

pub(super) async fn run(engine: Arc<Engine>) {
    let mut wake = Wake::new(&engine);
    let mut backoff = Backoff::new();
    let mut claim_time = 0.0_f64;
    while engine.phase() == Phase::Running {
        let Some(worker) = engine.registered().await else { break };
        let limit = room(&engine, claim_time);
        engine.vitals.has_room(limit > 0);
        if limit == 0 {
            resting(async {
                tokio::select! {
                    () = engine.lanes.room.notified() => {}
                    () = engine.reached(Phase::Draining) => {}
                }
            })
            .await;
            continue;
        }
        wake.mark(&engine).await;
        let turn = engine.claiming.lock().await;
        let began = Instant::now();
        let unanswered = engine.unanswered.lock().clone().filter(|(holder, _)| holder.id == worker.id);
        let asks_again = unanswered.is_some();
        let answer = if let Some((_, token)) = unanswered {
            engine.storage.reclaim_reply(&worker, token).await
        } else {
            let (token, lease) = engine.begin_claim(&worker).await;
            let claim = claim(&engine, &worker, token, limit, lease).await;
            if lease.is_some() {
                match &claim {
                    Ok(claim) if claim.jobs.is_empty() => {}
                    Ok(_) => engine.end_rest(began).await,
                    Err(_) => engine.doubt_rest(),
                }
            }
            claim
        };
        drop(turn);
        match answer {
            Ok(claim) => {
                engine.reached_store();
                engine.vitals.claimed();
                backoff.reset();
                let took = began.elapsed().as_secs_f64();
                claim_time = if claim_time == 0.0 { took } else { claim_time.mul_add(0.8, took * 0.2) };
                let full = claim.jobs.len() >= limit as usize;
                let none = claim.jobs.is_empty();
                let (more, next_due) = (claim.more, claim.next_due);
                if !none {
                    tracing::debug!(worker = worker.name.as_str(), "claimed {} jobs", claim.jobs.len());
                }
                if engine.phase() > Phase::Running {
                    *engine.unanswered.lock() = None;
                    engine.lanes.refuse_claimed(&claim.jobs);
                    return;
                }
                engine.lanes.push(claim.jobs);
                // Only now: in between, the worker would seem to hold nothing.
                *engine.unanswered.lock() = None;
                // What came since the lost claim was not looked for, although its hint was taken for seen.
                if !asks_again && !full && (!more || none) {
                    engine.vitals.rests();
                    wake.wait(&engine, more, next_due).await;
                }
            }
            Err(Error::WorkerLost { worker }) => engine.worker_lost(worker),
            Err(error @ Error::Closed) => {
                if engine.phase() == Phase::Running {
                    engine.failed(Call::Claim, &error, "claiming jobs, which ends here");
                }
                return;
            }
            Err(error) => {
                engine.failed(Call::Claim, &error, "claiming jobs");
                engine.sleep_or(backoff.pause(), Phase::Draining).await;
            }
        }
    }
    give_back_unanswered(&engine).await;
}

/// What a claim brought whose answer was lost goes back uncounted, if the store tells of it: it would count as a crash.
async fn give_back_unanswered(engine: &Engine) {
    let _turn = engine.claiming.lock().await;
    let Some((worker, token)) = engine.unanswered.lock().take() else { return };
    match ask(engine, &worker, token).await {
        Ok(claim) => engine.lanes.refuse(&claim.jobs),
        Err(error) => engine.failed(Call::Claim, &error, "asking what was claimed"),
    }
}

/// As [`claim`], but for a lost reply, after which it is asked for.
pub(super) async fn claim_surely(engine: &Engine, worker: &Worker, limit: u32) -> Result<Claim> {
    let token = engine.next_token();
    match claim(engine, worker, token, limit, None).await {
        Err(error) if error.retryable() => {
            engine.failed(Call::Claim, &error, "claiming jobs");
            ask(engine, worker, token).await
        }
        answer => answer,
    }
}

/// Asks what a claim leased whose reply was lost, a few times.
async fn ask(engine: &Engine, worker: &Worker, token: i64) -> Result<Claim> {
    let mut backoff = Backoff::new();
    for _ in 1..ASKED {
        match engine.storage.reclaim_reply(worker, token).await {
            Err(error) if error.retryable() => tokio::time::sleep(backoff.pause()).await,
            answer => return answer,
        }
    }
    engine.storage.reclaim_reply(worker, token).await
}

/// Claims up to `limit` jobs for the processor, and renews it for `lease`.
async fn claim(engine: &Engine, worker: &Worker, token: i64, limit: u32, lease: Option<Duration>) -> Result<Claim> {
    let job_types = claimable_types(engine).await?;
    if job_types.is_empty() {
        return Ok(Claim::default());
    }
    let request =
        ClaimRequest { worker: worker.clone(), token, job_types, limit, lease, turns: engine.config.turns.clone() };
    let holds = engine.lanes.recorded_holds();
    let claim = engine.storage.claim(&request).await?;
    engine.lanes.end_holds(&holds);
    Ok(claim)
}

async fn claimable_types(engine: &Engine) -> Result<Vec<String>> {
    let mut job_types = engine.config.job_types.clone();
    if engine.config.any_type {
        let found = engine.storage.claimable_types().await?;
        job_types.extend(found.into_iter().filter(|name| !engine.config.job_types.contains(name)));
    }
    Ok(job_types)
}

/// How many jobs to ask for; 0 when a claim would not be worth its round trip now.
pub(super) fn room(engine: &Engine, claim_time: f64) -> u32 {
    let concurrency = engine.config.concurrency;
    let batch_size = engine.config.batch_size;
    let (in_hand, run_time) = {
        let (in_hand, _) = engine.lanes.in_hand();
        (u32::try_from(in_hand).unwrap_or(u32::MAX), engine.lanes.run_time())
    };
    let prefetch = prefetch(concurrency, batch_size, run_time, claim_time);
    let room = (concurrency + prefetch).saturating_sub(in_hand).min(batch_size);
    let slots_without_work = in_hand < concurrency;
    if slots_without_work || room * 2 >= batch_size.min(prefetch.max(1)) { room } else { 0 }
}

/// How many jobs the slots can begin during two claims: so many may be claimed before there is a slot for them, so that
/// quick handlers need not wait for the store. Slow handlers get none in advance: another worker may be free for them.
fn prefetch(concurrency: u32, batch_size: u32, run_time: Duration, claim_time: f64) -> u32 {
    let run_time = run_time.as_secs_f64();
    if run_time <= 0.0 || claim_time <= 0.0 {
        return 0;
    }
    let begun = f64::from(concurrency) * 2.0 * claim_time / run_time;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by DEPTH batches")]
    let begun = begun.min(f64::from(batch_size) * DEPTH) as u32;
    begun
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_handlers_prefetch_two_batches_and_slow_ones_nothing() {
        assert_eq!(prefetch(3, 10, Duration::from_micros(20), 0.002), 20);
        assert_eq!(prefetch(3, 10, Duration::from_millis(100), 0.002), 0);
        assert_eq!(prefetch(3, 10, Duration::ZERO, 0.002), 0);
    }
}
