//! Jobs that wait, and what makes them go on.

use super::bodies::{self, inline};
use super::enqueue::{Place, displace, place};
use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use super::{find, tokens};
use crate::clock::Timestamp;
use crate::model::{Awaited, EventKind, JobId, TokenStatus, Wait};
use crate::policy::status::is_final;
use crate::storage::reports::{wait_metadata, wait_step, with_steps};

/// Lets a job wait whose lease was ended; where what it waits for is over already, it goes on at once.
pub(super) fn begin(session: &mut Session<'_>, id: JobId, wait: &Wait) -> Outcome<()> {
    let steps = with_steps(session.value::<String>(sql::STEP_DATA, [id])?.as_bytes(), &wait_step(wait))?;
    let goes_on = wait.on.as_ref().map_or(Ok(false), |on| is_over(session, on))?;
    let until = if goes_on { Some(session.now) } else { wait.until };
    let key = wait.on.as_ref().filter(|_| !goes_on).map(Awaited::key);
    let mut statement = session.conn.prepare_cached(sql::WAIT)?;
    let (job_type, priority): (String, i32) = statement
        .query_row((id, session.micros(), until.map(Timestamp::as_micros), inline(&steps), key), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    bodies::replace(session, id, "step_data", &steps)?;
    if let Some(due_at) = until {
        place(session, Place { job_type: &job_type, priority, due_at, is_retry: false }, id)?;
        session.effects.wake = true;
    }
    session.event(id, EventKind::Waiting, Some(&wait_metadata(wait)))
}

/// Whether it is over, or does not exist.
fn is_over(session: &mut Session<'_>, awaited: &Awaited) -> Outcome<bool> {
    Ok(match awaited {
        Awaited::Token(id) => tokens::get(session, id)?.is_none_or(|token| token.status != TokenStatus::Waiting),
        Awaited::Job(id) => {
            let found = find::get(session, &[*id])?.pop();
            found.is_none_or(|job| is_final(job.status, job.next_attempt_at.is_some()))
        }
    })
}

/// Resumes the jobs that wait for this.
pub(super) fn resume(session: &mut Session<'_>, awaited: &Awaited) -> Outcome<()> {
    let mut statement = session.conn.prepare_cached(sql::WAITERS)?;
    let waiters = statement
        .query_map([awaited.key()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<Vec<(JobId, String, i32, Option<i64>)>, _>>()?;
    for (id, job_type, priority, until) in waiters {
        let place_at = |due_at| Place { job_type: &job_type, priority, due_at, is_retry: false };
        if let Some(until) = until {
            displace(session, place_at(Timestamp::from_micros(until)), id)?;
        }
        session.run(sql::RESUME, (id, session.micros()))?;
        place(session, place_at(session.now), id)?;
        session.effects.wake = true;
    }
    Ok(())
}

/// Resumes the jobs that wait for those that ended in this request.
pub(super) fn resume_after_ends(session: &mut Session<'_>) -> Outcome<()> {
    if session.effects.ended.is_empty() || !session.value::<bool>(sql::HAS_JOB_WAITS, [])? {
        return Ok(());
    }
    for id in session.effects.ended.clone() {
        resume(session, &Awaited::Job(id))?;
    }
    Ok(())
}
