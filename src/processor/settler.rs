//! The loop that records how runs ended. What gathers while one batch is being recorded is the next batch.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::{FailureReason, Note, Outcome, Settled, Settlement};

use super::calls::Call;
use super::engine::{Backoff, Engine, Phase};
use super::joined;
use super::outbox::{Load, Step};
use super::pulse::resting;

/// How long a result that the store refused rests.
const REFUSED: Duration = Duration::from_secs(5);

/// Most settlements in one transaction.
const BATCH: usize = 1_000;

pub(super) async fn run(engine: Arc<Engine>) {
    loop {
        let load = resting(async {
            tokio::select! {
                load = engine.outbox.take(BATCH) => Some(load),
                () = engine.reached(Phase::Closed) => None,
            }
        });
        let Some(Load { notes, steps, holds, settlements }) = load.await else { break };
        // Not lost with this task, if that is ended where it hangs.
        let settlements = engine.outbox.hold(settlements);
        write_notes(&engine, &notes).await;
        write_steps(&engine, steps).await;
        for (job_type, span) in holds {
            if let Err(error) = engine.storage.hold(&job_type, span).await {
                engine.failed(Call::Limit, &error, "holding back jobs that a handler found rate limited");
            }
            engine.lanes.hold_is_recorded(&job_type);
        }
        if !settlements.is_empty() && write(&engine, &settlements).await.is_err() {
            break;
        }
        settlements.recorded();
    }
    engine.outbox.close();
}

/// Notes are reports, not results: one that cannot be written is told of and dropped.
async fn write_notes(engine: &Engine, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    if let Err(error) = engine.storage.note(notes).await {
        engine.failed(Call::Note, &error, "recording progress");
    }
}

/// A handler waits for each of these, and must not go on before it is kept: however long the store is away. Of what the store
/// refuses, the others must not suffer.
async fn write_steps(engine: &Engine, steps: Vec<Step>) {
    if steps.is_empty() {
        return;
    }
    let (notes, answers): (Vec<_>, Vec<_>) = steps.into_iter().map(|step| (step.note, step.answer)).unzip();
    let mut backoff = Backoff::new();
    let refusal = loop {
        match engine.storage.note(&notes).await {
            Ok(settled) => {
                for (answer, settled) in answers.into_iter().zip(settled) {
                    let _ = answer.send(Ok(settled));
                }
                return;
            }
            Err(error) if error.retryable() => {
                engine.failed(Call::Note, &error, "recording steps");
                if engine.sleep_or(backoff.pause(), Phase::Closed).await {
                    break error;
                }
            }
            Err(error) => break error,
        }
    };
    let alone = notes.len() == 1 || matches!(refusal, Error::Closed | Error::Unavailable { .. });
    for (note, answer) in notes.into_iter().zip(answers) {
        if alone {
            let _ = answer.send(Err(refusal.clone()));
        } else {
            Box::pin(write_steps(engine, vec![Step { note, answer }])).await;
        }
    }
}

/// Records a batch, however long the store is away. Gives up only when the processor is closed.
async fn write(engine: &Arc<Engine>, settlements: &[Settlement]) -> Result<()> {
    let mut backoff = Backoff::new();
    loop {
        match joined::settle(engine, settlements).await {
            Ok(settled) => {
                engine.reached_store();
                tracing::debug!("recorded how {} runs ended", settlements.len());
                count_lost(engine, settlements, &settled);
                return Ok(());
            }
            Err(Error::Closed) => return Err(Error::Closed),
            Err(error) if error.retryable() => {
                engine.failed(Call::Settle, &error, "recording results");
                if engine.sleep_or(backoff.pause(), Phase::Closed).await {
                    return Err(Error::Closed);
                }
            }
            Err(error) => {
                engine.failed(Call::Settle, &error, "recording results");
                return one_by_one(engine, settlements, &error).await;
            }
        }
    }
}

/// The store refuses something in the batch: the others must not suffer for it, and its job must end.
async fn one_by_one(engine: &Arc<Engine>, settlements: &[Settlement], refusal: &Error) -> Result<()> {
    if let [refused] = settlements {
        if matches!(refused.outcome, Outcome::Completed { output: Some(_) }) {
            let failure = crate::model::Failure {
                reason: FailureReason::HandlerError,
                message: format!("the handler's output could not be stored: {refusal}"),
                kind: None,
                traceback: None,
                retry_in: None,
            };
            let failed = Settlement { outcome: Outcome::Failed(failure), ..refused.clone() };
            return Box::pin(write(engine, &[failed])).await;
        }
        // Nothing smaller is left to try, and giving it up would leave the job leased for as long as this worker lives.
        postpone(engine, refused.clone());
        return Ok(());
    }
    for one in settlements {
        Box::pin(write(engine, std::slice::from_ref(one))).await?;
    }
    Ok(())
}

/// Records a result again in a while, besides the others. What is not recorded by the end goes with the worker's leases.
fn postpone(engine: &Arc<Engine>, refused: Settlement) {
    let engine = Arc::clone(engine);
    tokio::spawn(async move {
        if !engine.sleep_or(REFUSED, Phase::Draining).await {
            engine.outbox.settle([refused]);
        }
    });
}

fn count_lost(engine: &Engine, settlements: &[Settlement], settled: &[Settled]) {
    let lost: Vec<_> = settlements.iter().zip(settled).filter(|(_, how)| **how == Settled::LeaseLost).collect();
    if let Some((first, _)) = lost.first() {
        engine.stats.lost(lost.len());
        tracing::warn!(
            job_id = first.lease.job_id,
            worker = engine.config.worker_name.as_str(),
            "{} results were refused because another worker holds the jobs, the first of them job {}",
            lost.len(),
            first.lease.job_id
        );
    }
}
