//! Ending leases, and what is reported while they last.

use std::collections::HashMap;

use redis::Cmd;
use serde_json::json;

use super::RedisStorage;
use super::record::sortable;
use super::steps::encode_steps;
use crate::error::Result;
use crate::model::{Awaited, Failure, Lease, Note, Outcome, Settled, Settlement};
use crate::policy::limits::{MAX_ERRORS, storable};
use crate::storage::reports::{Report, merged, wait_metadata, wait_step};

/// The most settlements of one script.
const ROWS: usize = 1_000;

impl RedisStorage {
    pub(super) async fn settle_leases(&self, settlements: &[Settlement]) -> Result<Vec<Settled>> {
        let mut answers = Vec::with_capacity(settlements.len());
        for chunk in settlements.chunks(ROWS) {
            let number = self.shared.number();
            let mut applied: Vec<i64> = self
                .call(&self.scripts.settle, |call| {
                    call.arg(MAX_ERRORS);
                    chunk.iter().fold(call, describe)
                })
                .await?;
            self.holdings.end(chunk, number);
            if number != self.shared.number() {
                // An old master may have answered: a claim finds out.
                self.hub.bump();
            }
            if applied.len() > chunk.len() {
                applied.truncate(chunk.len());
                self.hub.bump();
            }
            answers.extend(applied.into_iter().map(settled));
        }
        self.hub.ended(settlements.iter().map(|settlement| settlement.lease.job_id));
        if settlements.iter().any(|settlement| settlement.outcome.runs_again()) {
            self.hub.bump();
        }
        Ok(answers)
    }

    pub(super) async fn record_notes(&self, notes: &[Note]) -> Result<Vec<Settled>> {
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let merged = merged(notes);
        let recorded: Vec<i64> = self.call(&self.scripts.note, |call| merged.iter().fold(call, report)).await?;
        let answers: HashMap<_, _> = merged.iter().map(|(lease, _)| *lease).zip(recorded).collect();
        Ok(notes.iter().map(|note| settled(answers.get(&note.lease).copied().unwrap_or(0))).collect())
    }
}

fn report<'a>(call: &'a mut Cmd, (lease, report): &(Lease, Report<'_>)) -> &'a mut Cmd {
    let metadata = report.prolonged_ms.map(|timeout_ms| json!({"timeout_ms": timeout_ms}).to_string());
    self::lease(call, *lease)
        .arg(report.progress.map(|percent| percent.to_string()).unwrap_or_default())
        .arg(report.output.map_or(&b""[..], |output| output))
        .arg(metadata.unwrap_or_default())
        .arg(encode_steps(&report.steps))
}

fn settled(answer: i64) -> Settled {
    if answer == 0 { Settled::LeaseLost } else { Settled::Applied }
}

fn lease(call: &mut Cmd, lease: Lease) -> &mut Cmd {
    call.arg(lease.job_id).arg(lease.worker_id).arg(lease.token)
}

fn describe<'a>(call: &'a mut Cmd, settlement: &Settlement) -> &'a mut Cmd {
    let call = lease(call, settlement.lease);
    match &settlement.outcome {
        Outcome::Completed { output: None } => call.arg("c"),
        Outcome::Completed { output: Some(output) } => call.arg("o").arg(&output[..]),
        Outcome::Released => call.arg("r"),
        Outcome::Cancelled { reason } => {
            call.arg("x").arg(reason.as_deref().map(storable).unwrap_or_default().as_ref())
        }
        Outcome::Waiting(wait) => call
            .arg("w")
            .arg(wait.until.map(sortable).unwrap_or_default())
            .arg(wait.on.as_ref().map(Awaited::key).unwrap_or_default())
            .arg(encode_steps(&wait_step(wait)))
            .arg(wait_metadata(wait)),
        Outcome::Failed(failure) => call
            .arg("f")
            .arg(failure.reason.as_str())
            .arg(failure.retry_in.map(|span| span.as_micros().to_string()).unwrap_or_default())
            .arg(entry(failure, settlement.attempt))
            .arg(metadata(failure, settlement.attempt)),
    }
}

/// An entry of the error history, open for the time that the script knows.
fn entry(failure: &Failure, attempt: i32) -> String {
    let entry = json!({
        "message": storable(&failure.message),
        "type": failure.kind.as_deref().map(storable),
        "traceback": failure.traceback.as_deref().map(storable),
        "attempt": attempt,
    });
    let mut text = entry.to_string();
    text.pop();
    text
}

fn metadata(failure: &Failure, attempt: i32) -> String {
    let will_retry = failure.retry_in.is_some();
    let message = storable(&failure.message);
    json!({"message": message, "reason": failure.reason.as_str(), "attempt": attempt, "will_retry": will_retry})
        .to_string()
}
