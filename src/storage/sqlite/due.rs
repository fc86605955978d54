//! What happens next on a clock that stands still until it is moved.

use super::claim::claimable_types;
use super::fault::Outcome;
use super::flow::Gate;
use super::lines::next_opening;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;

/// When something next falls due by itself, if nothing is changed until then.
pub(super) fn next_due(session: &Session<'_>) -> Outcome<Option<Timestamp>> {
    let sources = [
        next_job(session)?,
        next_room(session)?,
        next_tick(session)?,
        next_end_of_a_lease(session)?,
        next_term(session)?,
    ];
    Ok(sources.into_iter().flatten().min().map(Timestamp::from_micros))
}

/// A start time, a retry or the end of a wait.
fn next_job(session: &Session<'_>) -> Outcome<Option<i64>> {
    let mut next = Vec::new();
    for job_type in claimable_types(session)? {
        next.extend(session.value::<Option<i64>>(sql::FALLS_DUE, (job_type, session.micros()))?);
    }
    Ok(next.into_iter().min())
}

/// When the rate of types or of a group allows for more.
fn next_room(session: &Session<'_>) -> Outcome<Option<i64>> {
    let types = claimable_types(session)?;
    let types: Vec<_> = types.iter().map(String::as_str).collect();
    let of_types = Gate::of(session, &types)?.and_then(|gate| gate.next_room(session.now));
    Ok(of_types.into_iter().chain(next_opening(session)?).min().map(Timestamp::as_micros))
}

/// The tick of a schedule.
fn next_tick(session: &Session<'_>) -> Outcome<Option<i64>> {
    session.value(sql::NEXT_TICK, [session.micros()])
}

/// The time at which a job expires, or is kept no longer.
fn next_term(session: &Session<'_>) -> Outcome<Option<i64>> {
    session.value(sql::NEXT_TERM, [session.micros()])
}

fn next_end_of_a_lease(session: &Session<'_>) -> Outcome<Option<i64>> {
    session.value(sql::LEASE_ENDS, [session.micros()])
}
