//! Receiving jobs of another store.

use super::bodies::{self, inline};
use super::enqueue::{self, Place};
use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::{Added, EventKind, FailureReason, Transfer};

/// Adds the jobs with their past, or finds the holders of their keys.
pub(super) fn receive(session: &mut Session<'_>, jobs: &[Transfer]) -> Outcome<Vec<Added>> {
    let mut added = Vec::with_capacity(jobs.len());
    for one in jobs {
        added.push(receive_one(session, one)?);
    }
    session.effects.wake |= added.iter().any(|one| one.created);
    Ok(added)
}

fn receive_one(session: &Session<'_>, one: &Transfer) -> Outcome<Added> {
    let added = enqueue::store(session, &one.job)?;
    if !added.created {
        return Ok(added);
    }
    let (id, micros) = (added.id, |time: Option<Timestamp>| time.map(Timestamp::as_micros));
    session.run(
        sql::RECEIVE_PAST,
        (
            id,
            one.created_at.as_micros(),
            one.attempts,
            micros(one.next_attempt_at),
            micros(one.started_at),
            micros(one.last_failed_at),
            micros(one.last_retried_at),
            one.failure_reason.map(FailureReason::as_str),
            inline(&one.error_history),
            inline(&one.step_data),
        ),
    )?;
    bodies::put(session, id, "error_history", &one.error_history)?;
    bodies::put(session, id, "step_data", &one.step_data)?;
    let place = Place {
        job_type: &one.job.job_type,
        priority: one.job.priority,
        due_at: one.next_attempt_at.or(one.job.run_at).unwrap_or(session.now),
        is_retry: one.next_attempt_at.is_some(),
    };
    enqueue::place(session, place, id)?;
    let origin = format!(r#"{{"transferred_from":{},"attempts":{}}}"#, one.source_id, one.attempts);
    session.event(id, EventKind::Added, Some(&origin))?;
    Ok(added)
}
