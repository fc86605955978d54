//! One run of a job by this processor: how it starts and how it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::model::{Awaited, Claimed, Failure, FailureReason, Outcome, Settlement, Wait};
use crate::policy::{limits, retry};

/// The number of a run, unique in its processor and growing in the order of claiming.
pub type RunId = u64;

/// A run that a lane is to start.
#[derive(Debug, Clone)]
pub struct Start {
    /// Its number.
    pub run: RunId,
    /// The job and its lease.
    pub claimed: Arc<Claimed>,
    /// The handler's place in the border's table.
    pub handler: u32,
}

/// The end of a run, as a lane reports it.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its number.
    pub run: RunId,
    /// How it ended.
    pub end: End,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The handler returned.
    Completed(Option<Bytes>),
    /// The handler failed.
    Failed(HandlerError),
    /// The run was broken off because the worker stops: the claim is not counted.
    Released,
    /// The handler waits.
    Waiting(Pause),
    /// The handler cancelled its job, for this reason.
    Cancelled(String),
    /// The process of the handler died.
    Lost(HandlerError),
}

/// What a handler waits for, as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The name of the wait among the job's steps.
    pub name: String,
    /// The handler's own name for it.
    pub label: Option<String>,
    /// What it waits for: `duration`, `date`, `token`, `job`, or `snooze` and `rate_limited` where the handler begins anew.
    pub kind: String,
    /// When it goes on at the latest.
    pub until: Option<Until>,
    /// What else it goes on for.
    pub on: Option<Awaited>,
}

impl End {
    /// For how long no job of the type is to start, where the handler met the limit of a rate.
    pub(super) fn holds_back(&self) -> Option<Duration> {
        match self {
            Self::Waiting(Pause { kind, until: Some(Until::After(span)), .. }) if kind == "rate_limited" => Some(*span),
            _ => None,
        }
    }
}

/// The end of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// So long after the handler says it.
    After(Duration),
    /// At this time.
    At(Timestamp),
}

/// What a handler failed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerError {
    /// The message.
    pub message: String,
    /// The name of the exception's type.
    pub kind: Option<String>,
    /// The traceback.
    pub traceback: Option<String>,
    /// When to try again.
    pub retry: RetryChoice,
}

/// Who decides when a failed job is tried again. Never more often than `max_attempts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryChoice {
    /// The job's own options.
    Policy,
    /// The handler's own rule: after this long.
    After(Duration),
    /// It cannot get better.
    Never,
}

/// A message to a lane about one of its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The run is over for the engine, or should end: tell the handler, and cancel it where that is possible.
    Abort {
        /// The run.
        run: RunId,
        /// Why.
        reason: AbortReason,
    },
    /// The deadline has come: ask the handler's callback, and answer with `Lanes::answer_timeout`.
    AskTimeout {
        /// The run.
        run: RunId,
    },
}

/// Why a handler is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortReason {
    /// Its time is up, and the job has failed.
    Timeout,
    /// The job belongs to another worker now.
    LeaseLost,
    /// The processor's time to drain is up, and the job goes back.
    Shutdown,
    /// Somebody asked to cancel the job.
    Cancelled,
}

impl AbortReason {
    /// The name that handlers see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::LeaseLost => "lease_lost",
            Self::Shutdown => "shutdown",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The settlement that records `end`.
pub(super) fn settlement(claimed: &Claimed, held: Duration, end: End) -> Settlement {
    let outcome = match end {
        End::Completed(output) => Outcome::Completed { output },
        End::Released => Outcome::Released,
        End::Waiting(pause) => Outcome::Waiting(wait(claimed, held, pause)),
        End::Cancelled(reason) => Outcome::Cancelled { reason: Some(reason) },
        End::Failed(error) => Outcome::Failed(failure(claimed, FailureReason::HandlerError, error)),
        End::Lost(error) => Outcome::Failed(failure(claimed, FailureReason::Lost, lost(claimed, error))),
    };
    Settlement { lease: claimed.lease, attempt: claimed.job.attempts, outcome }
}

/// What is told of a process that died. A job that killed its last one has used up all that it may.
fn lost(claimed: &Claimed, error: HandlerError) -> HandlerError {
    let is_last = claimed.job.crashes + 1 >= limits::MAX_CRASHES;
    HandlerError { retry: if is_last { RetryChoice::Never } else { error.retry }, ..error }
}

/// A wait by the store's clock, which told the time of the claim.
fn wait(claimed: &Claimed, held: Duration, pause: Pause) -> Wait {
    let until = pause.until.map(|until| match until {
        Until::At(until) => until,
        Until::After(span) => claimed.job.locked_at.unwrap_or_default().plus(held).plus(span),
    });
    let resume_at = until.map(Timestamp::to_rfc3339);
    let (token, job) = match &pause.on {
        Some(Awaited::Token(id)) => (Some(id.as_str()), None),
        Some(Awaited::Job(id)) => (None, Some(*id)),
        None => (None, None),
    };
    let all = [
        ("type", json!(pause.kind)),
        ("name", json!(pause.label)),
        ("completed", json!(false)),
        ("resumeAt", json!(resume_at)),
        ("tokenId", json!(token)),
        ("jobId", json!(job)),
    ];
    let told = |(key, value): &(&str, Value)| *key == "name" || !value.is_null();
    let entry: Map<_, _> = all.into_iter().filter(told).map(|(key, value)| (key.to_owned(), value)).collect();
    Wait { until, on: pause.on, name: pause.name, entry: Value::from(entry).to_string().into() }
}

/// The settlement of a run that the engine itself ended.
pub(super) fn engine_failure(
    claimed: &Claimed,
    reason: FailureReason,
    message: String,
    retry: RetryChoice,
) -> Settlement {
    let error = HandlerError { message, kind: None, traceback: None, retry };
    let outcome = Outcome::Failed(failure(claimed, reason, error));
    Settlement { lease: claimed.lease, attempt: claimed.job.attempts, outcome }
}

fn failure(claimed: &Claimed, reason: FailureReason, error: HandlerError) -> Failure {
    let job = &claimed.job;
    let by_policy = retry::delay(&job.retry, job.attempts, job.max_attempts, rand::random());
    let retry_in = match error.retry {
        RetryChoice::Policy => by_policy,
        RetryChoice::After(span) => by_policy.map(|_| span.min(retry::LONGEST_DELAY)),
        RetryChoice::Never => None,
    };
    Failure {
        reason,
        message: shortened(error.message, limits::MAX_MESSAGE),
        kind: error.kind.map(|kind| shortened(kind, limits::MAX_NAME)),
        traceback: error.traceback.map(|text| shortened(text, limits::MAX_TRACEBACK)),
        retry_in,
    }
}

/// Keeps the beginning and the end of a text that is too long, and takes out what PostgreSQL cannot store.
fn shortened(text: String, most: usize) -> String {
    let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    if text.len() <= most {
        return text;
    }
    let head = floor_boundary(&text, most / 2);
    let tail = ceil_boundary(&text, text.len() - most / 2);
    let (start, end) = (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default());
    format!("{start}\n[{} bytes left out]\n{end}", tail - head)
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end_on_character_boundaries() {
        let text = "ä".repeat(100) + "end";
        let short = shortened(text, 51);
        assert!(short.starts_with("ä") && short.ends_with("end") && short.contains("left out"));
    }

    #[test]
    fn a_nul_in_an_error_message_is_replaced() {
        assert_eq!(shortened("a\0b".into(), 100), "a\u{fffd}b");
    }
}
