//! The lines of groups: jobs that a claim met while their group had no room, and when they go on.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row};

use super::enqueue::{Place, place};
use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::JobId;
use crate::policy::rates::Window;

/// How many jobs of a type one end lets go on from a line.
const HEADS: i64 = 1_000;
/// How many groups one claim lets go on whose rates leave room again.
const OPENED: u32 = 100;

/// What is kept of a group.
pub(super) struct GroupState {
    pub(super) running: i64,
    pub(super) most: Option<u32>,
    pub(super) paused: bool,
    /// The span of its rate, where it has one.
    per: Option<Duration>,
    pub(super) starts: Option<i64>,
    /// What was spent of its rate, whether or not it has one now.
    pub(super) spent: Vec<(i64, i64)>,
    pub(super) opens_at: Option<Timestamp>,
}

pub(super) fn group_state(session: &Session<'_>, group: &str) -> Outcome<Option<GroupState>> {
    let read = |row: &Row<'_>| {
        let (per, spent): (Option<i64>, String) = (row.get(4)?, row.get(5)?);
        Ok(GroupState {
            running: row.get(0)?,
            most: row.get(1)?,
            paused: row.get(2)?,
            starts: row.get(3)?,
            per: per.map(|per| Duration::from_micros(per.unsigned_abs())),
            spent: serde_json::from_str(&spent).unwrap_or_default(),
            opens_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
        })
    };
    session.with(sql::GROUP_LIMITS, |found| Ok(found.query_row([group], read).optional()?))
}

/// The next group that has a line, behind one.
pub(super) fn next_group(session: &Session<'_>, behind: &str) -> Outcome<Option<String>> {
    session.with(sql::LINE_GROUPS, |found| Ok(found.query_row([behind], |row| row.get(0)).optional()?))
}

/// Lets as many go on, of each type in a group's line, as there is room for. A claim that finds no room puts them back.
pub(super) fn admit(session: &mut Session<'_>, group: &str) -> Outcome<()> {
    let Some(state) = group_state(session, group)? else { return Ok(()) };
    // A line that waits for its rate alone is left to the claim that finds it due.
    if state.paused || state.most.is_none() && state.opens_at.is_some() {
        return Ok(());
    }
    let_go(session, group, state)
}

/// Lets the lines go on whose rates leave room again; whether there are more of them.
pub(super) fn open_due(session: &mut Session<'_>) -> Outcome<bool> {
    let due = session.with(sql::OPEN_LINES, |found| {
        Ok(found.query_map((session.micros(), OPENED + 1), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?)
    })?;
    for group in due.iter().take(OPENED as usize) {
        if let Some(state) = group_state(session, group)? {
            let_go(session, group, state)?;
        }
    }
    Ok(due.len() > OPENED as usize)
}

/// When the next line goes on.
pub(super) fn next_opening(session: &Session<'_>) -> Outcome<Option<Timestamp>> {
    Ok(session.value::<Option<i64>>(sql::NEXT_OPENING, [session.micros()])?.map(Timestamp::from_micros))
}

fn let_go(session: &mut Session<'_>, group: &str, state: GroupState) -> Outcome<()> {
    let (now, known) = (session.now, state.opens_at);
    let has_rate = state.starts.is_some() || known.is_some();
    let places = state.most.map_or(HEADS, |most| i64::from(most) - state.running).min(HEADS);
    let per = state.per.unwrap_or(Duration::from_secs(1));
    let window = state.starts.map(|starts| Window::new(starts, per, state.spent));
    let room = window.as_ref().map_or(places, |window| window.room(now).min(places));
    let moved = !state.paused && room > 0 && release(session, group, room)?;
    let opens_at = if state.paused || places <= 0 {
        // The end of a run or of the pause lets it go on.
        None
    } else if known.is_some_and(|at| at > now) {
        known
    } else if room > 0 {
        // Looked at again after a span, unless claims know better by then.
        moved.then(|| now.plus(per))
    } else if next_type(session, group, "")?.is_some() {
        window.and_then(|window| window.next_at(now))
    } else {
        None
    };
    if has_rate && opens_at != known {
        session.run(sql::OPEN_AT, (group, opens_at.map(Timestamp::as_micros)))?;
    }
    Ok(())
}

/// Lets the whole line of a group go on.
pub(super) fn disband(session: &mut Session<'_>, group: &str) -> Outcome<()> {
    release(session, group, i64::MAX).map(drop)
}

/// Lets so many of each type go on; whether there were any.
fn release(session: &mut Session<'_>, group: &str, most: i64) -> Outcome<bool> {
    let (mut behind, mut any) = (String::new(), false);
    while let Some(job_type) = next_type(session, group, &behind)? {
        let heads = session.with(sql::LINE_HEADS, |found| {
            let head = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            Ok(found.query_map((group, &job_type, most), head)?.collect::<Result<Vec<(i32, i64, JobId, bool)>, _>>()?)
        })?;
        for (priority, due_at, id, is_retry) in heads {
            session.run(sql::DROP_LINE, [id])?;
            let due_at = Timestamp::from_micros(due_at);
            place(session, Place { job_type: &job_type, priority, due_at, is_retry }, id)?;
            session.effects.wake = true;
            any = true;
        }
        behind = job_type;
    }
    Ok(any)
}

fn next_type(session: &Session<'_>, group: &str, behind: &str) -> Outcome<Option<String>> {
    session.with(sql::LINE_TYPES, |found| Ok(found.query_row((group, behind), |row| row.get(0)).optional()?))
}
