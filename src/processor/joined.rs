//! Claims that go along with the ends of runs, so that what these release starts without a call of its own.

use std::sync::Arc;

use crate::error::Result;
use crate::model::{Claim, ClaimRequest, Settled, Settlement};

use super::claimer::room;
use super::engine::{Engine, Phase};

/// Records ends. Where they may release jobs, no claim is under way and there are free slots, it claims along with that.
pub(super) async fn settle(engine: &Arc<Engine>, settlements: &[Settlement]) -> Result<Vec<Settled>> {
    if engine.storage.may_release(settlements)
        && let Ok(_turn) = engine.claiming.try_lock()
        && let Some(request) = request(engine).await
    {
        return settle_and_claim(engine, settlements, &request).await;
    }
    engine.storage.settle(settlements).await
}

/// A claim as the claimer would make it, if it is as simple as that.
async fn request(engine: &Engine) -> Option<ClaimRequest> {
    let limit = room(engine, 0.0);
    let may_claim = engine.phase() == Phase::Running && limit > 0 && engine.unanswered.lock().is_none();
    let is_simple = !engine.config.any_type && engine.config.turns.is_none();
    let worker = engine.worker().filter(|_| may_claim && is_simple)?;
    let (token, lease) = engine.begin_claim(&worker).await;
    if lease.is_some() {
        // One that would end the worker's rest is for the claimer.
        *engine.unanswered.lock() = None;
        return None;
    }
    let job_types = engine.config.job_types.clone();
    Some(ClaimRequest { worker: worker.as_ref().clone(), token, job_types, limit, lease, turns: None })
}

async fn settle_and_claim(
    engine: &Arc<Engine>,
    settlements: &[Settlement],
    request: &ClaimRequest,
) -> Result<Vec<Settled>> {
    let holds = engine.lanes.recorded_holds();
    let answer = engine.storage.settle_and_claim(settlements, request).await;
    match answer {
        Ok((settled, claim)) => {
            let more = claim.as_ref().is_none_or(|claim| may_have_more(claim, request.limit));
            if let Some(claim) = claim {
                engine.lanes.end_holds(&holds);
                start(engine, claim);
            }
            *engine.unanswered.lock() = None;
            if more {
                engine.again.notify_one();
            }
            Ok(settled)
        }
        Err(error) => {
            if !error.retryable() {
                *engine.unanswered.lock() = None;
            }
            // Whether it was made is for the claimer to ask.
            engine.again.notify_one();
            Err(error)
        }
    }
}

fn may_have_more(claim: &Claim, limit: u32) -> bool {
    claim.more || claim.next_due.is_some() || claim.jobs.len() >= limit as usize
}

fn start(engine: &Engine, claim: Claim) {
    engine.vitals.claimed();
    if engine.phase() > Phase::Running {
        engine.lanes.refuse_claimed(&claim.jobs);
    } else {
        engine.lanes.push(claim.jobs);
    }
}
