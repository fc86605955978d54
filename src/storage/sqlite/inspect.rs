//! The store at a glance, its workers, its limits and its tokens, for those who look at it.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row};

use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use super::{claim, flow, rows, tokens};
use crate::clock::Timestamp;
use crate::model::{
    Count, Fleet, GroupRecord, JobId, Overview, Profile, RateState, Status, Token, TokenQuery, TokenStatus, TypeLimit,
    WorkerId, WorkerRecord,
};
use crate::policy::rates::Window;
use crate::storage::inspection::{Depth, Glance, MOST_RUNNING, SHOWN_JOBS, TYPES, longest_due, missing_token};

/// How many priorities of a type are looked at for its oldest job.
const PRIORITIES: u32 = 100;

/// A type, when its oldest claimable job fell due, and when its next one does.
type Aged = (String, Option<Timestamp>, Option<Timestamp>);

/// The store at a glance.
pub(super) fn overview(session: &Session<'_>, most: u32, most_of_type: u32) -> Outcome<Overview> {
    let mut types = claim::claimable_types(session)?;
    types.truncate(TYPES as usize);
    let mut aged = types.into_iter().map(|name| age(session, name)).collect::<Outcome<Vec<_>>>()?;
    let mut glance = Glance { now: session.now, counts: counts(session, most)?, ..Glance::default() };
    glance.oldest_due_at = aged.iter().filter_map(|(_, oldest, _)| *oldest).min();
    glance.next_due_at = aged.iter().filter_map(|(_, _, next)| *next).min();
    glance.types = longest_due(&mut aged, |(name, oldest, _)| (*oldest, name));
    for (job_type, oldest_due_at, _) in aged {
        let asked = (&job_type, session.micros(), i64::from(most_of_type) + 1);
        let ready = Count::up_to(most_of_type, session.value::<i64>(sql::TALLY_READY, asked)?.unsigned_abs());
        let scheduled = Count::up_to(most_of_type, session.value::<i64>(sql::TALLY_SCHEDULED, asked)?.unsigned_abs());
        glance.depths.push(Depth { job_type, oldest_due_at, ready, scheduled });
    }
    (glance.fleet, glance.paused) = (fleet(session)?, flow::paused(session)?);
    Ok(glance.overview())
}

fn counts(session: &Session<'_>, most: u32) -> Outcome<Vec<(Status, Count)>> {
    let looks = i64::from(most) + 1;
    let count = |status: Status| {
        let (looked_at, matched) = if status == Status::Completed {
            let pair = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            session.with(sql::TALLY_COMPLETED, |read| Ok(read.query_row([looks], pair)?))?
        } else {
            let found = session.value(sql::TALLY_OPEN, (status.as_str(), looks))?;
            (found, found)
        };
        Ok((status, Count::of(most, looked_at.unsigned_abs(), matched.unsigned_abs())))
    };
    Status::ALL.into_iter().map(count).collect()
}

fn age(session: &Session<'_>, job_type: String) -> Outcome<Aged> {
    let mut oldest: Option<i64> = None;
    let mut below = i64::MAX;
    for _ in 0..PRIORITIES {
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
        let found =
            session.with(sql::FIRST_READY, |read| Ok(read.query_row((&job_type, below), pair).optional()?))?;
        let Some((priority, due_at)) = found else { break };
        oldest = Some(oldest.map_or(due_at, |oldest| oldest.min(due_at)));
        below = priority;
    }
    let first_after = |moment: i64| -> Outcome<Option<i64>> {
        session
            .with(sql::FIRST_SCHEDULED, |read| Ok(read.query_row((&job_type, moment), |row| row.get(0)).optional()?))
    };
    let late = first_after(i64::MIN)?.filter(|at| *at <= session.micros());
    let oldest = oldest.into_iter().chain(late).min().map(Timestamp::from_micros);
    let next = first_after(session.micros())?.map(Timestamp::from_micros);
    Ok((job_type, oldest, next))
}

fn fleet(session: &Session<'_>) -> Outcome<Fleet> {
    let mut statement = session.conn.prepare_cached(sql::FLEET)?;
    let claimed = statement.query_map([session.micros()], |row| row.get::<_, Option<String>>(0))?;
    let mut fleet = Fleet::default();
    for types in claimed {
        fleet.workers += 1;
        match listed(types?) {
            Some(types) => fleet.types.extend(types),
            None => fleet.any = true,
        }
    }
    Ok(fleet)
}

/// A page of workers.
pub(super) fn workers(session: &Session<'_>, after: WorkerId, limit: u32) -> Outcome<Vec<WorkerRecord>> {
    let mut statement = session.conn.prepare_cached(sql::WORKER_PAGE)?;
    let time = |row: &Row<'_>, at| Ok::<_, rusqlite::Error>(Timestamp::from_micros(row.get(at)?));
    let read = |row: &Row<'_>| {
        let lease_expires_at = time(row, 9)?;
        Ok(WorkerRecord {
            id: row.get(0)?,
            profile: Profile {
                name: row.get(1)?,
                host: row.get(2)?,
                pid: row.get(3)?,
                version: row.get(4)?,
                concurrency: row.get(5)?,
                job_types: listed(row.get(6)?),
            },
            started_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_micros),
            renewed_at: time(row, 8)?,
            lease_expires_at,
            is_alive: lease_expires_at > session.now,
            is_draining: row.get(10)?,
            running: Count::exact(0),
            job_ids: Vec::new(),
        })
    };
    let mut workers = statement.query_map((after, limit), read)?.collect::<Result<Vec<_>, _>>()?;
    for worker in &mut workers {
        let mut runs = session.with(sql::WORKER_RUNS, |read| {
            let pair = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, JobId>(1)?));
            Ok(read.query_map([worker.id], pair)?.collect::<Result<Vec<_>, _>>()?)
        })?;
        runs.sort_unstable();
        worker.running = Count::up_to(MOST_RUNNING, runs.len() as u64);
        worker.job_ids = runs.into_iter().map(|(_, id)| id).take(SHOWN_JOBS).collect();
    }
    Ok(workers)
}

/// Asks a living worker to drain.
pub(super) fn drain(session: &mut Session<'_>, worker: WorkerId) -> Outcome<bool> {
    let asked = session.run(sql::DRAIN_WORKER, (worker, session.micros()))? > 0;
    session.effects.asked |= asked;
    Ok(asked)
}

/// A page of groups.
pub(super) fn groups(session: &Session<'_>, after: &str, limit: u32, most: u32) -> Outcome<Vec<GroupRecord>> {
    let mut statement = session.conn.prepare_cached(sql::GROUP_PAGE)?;
    let read = |row: &Row<'_>| {
        Ok(GroupRecord {
            id: row.get(0)?,
            running: row.get::<_, i64>(1)?.unsigned_abs(),
            most: row.get(2)?,
            is_paused: row.get(3)?,
            opens_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_micros),
            rate: rate(row, 5, session.now)?,
            in_line: Count::exact(0),
        })
    };
    let mut groups = statement.query_map((after, limit), read)?.collect::<Result<Vec<_>, _>>()?;
    for group in &mut groups {
        let found: i64 = session.value(sql::TALLY_LINE, (&group.id, i64::from(most) + 1))?;
        group.in_line = Count::up_to(most, found.unsigned_abs());
    }
    Ok(groups)
}

/// The types that have a limit or are paused.
pub(super) fn type_limits(session: &Session<'_>) -> Outcome<Vec<TypeLimit>> {
    let mut statement = session.conn.prepare_cached(sql::LIMIT_PAGE)?;
    let read = |row: &Row<'_>| {
        let held_until = row.get::<_, Option<i64>>(4)?.map(Timestamp::from_micros);
        Ok(TypeLimit {
            job_type: row.get(0)?,
            running: row.get::<_, i64>(1)?.unsigned_abs(),
            max_running: row.get(2)?,
            is_paused: row.get(3)?,
            held_until: held_until.filter(|until| *until > session.now),
            rate: rate(row, 5, session.now)?,
        })
    };
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// A page of tokens.
pub(super) fn token_page(session: &Session<'_>, query: &TokenQuery) -> Outcome<Vec<Token>> {
    let (made_at, id) = match &query.after {
        None => (i64::MAX, ""),
        Some(id) => {
            let token = tokens::get(session, id)?.ok_or_else(|| missing_token(id))?;
            (token.created_at.as_micros(), id.as_str())
        }
    };
    let mut found = Vec::new();
    for status in TokenStatus::ALL.into_iter().filter(|status| query.status.is_none_or(|wanted| wanted == *status)) {
        // Only one that waits has a time that may be up.
        let late = if query.status == Some(TokenStatus::Waiting) { session.micros() } else { i64::MIN };
        let mut statement = session.conn.prepare_cached(sql::TOKEN_PAGE)?;
        let page = statement.query_map((status.as_str(), made_at, id, late, query.limit), rows::token)?;
        for token in page {
            found.push(tokens::as_of(token?, session.now));
        }
    }
    found.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    found.truncate(query.limit as usize);
    Ok(found)
}

/// A page of the jobs that wait for one.
pub(super) fn dependents(session: &Session<'_>, id: JobId, limit: u32) -> Outcome<Vec<JobId>> {
    session.ids(sql::DEPENDENT_PAGE, (id, limit))
}

/// Three columns from `first` on: how many may start, within how many microseconds, and what was spent.
fn rate(row: &Row<'_>, first: usize, now: Timestamp) -> rusqlite::Result<Option<RateState>> {
    let (most, per): (Option<u32>, Option<i64>) = (row.get(first)?, row.get(first + 1)?);
    let spent: Option<String> = row.get(first + 2)?;
    let spent = spent.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(most.zip(per).map(|(most, per)| {
        let per = Duration::from_micros(per.unsigned_abs());
        let spent = Window::new(most.into(), per, spent).used(now).unsigned_abs();
        RateState { most, per: per.as_secs_f64(), spent }
    }))
}

fn listed(types: Option<String>) -> Option<Vec<String>> {
    types.and_then(|text| serde_json::from_str(&text).ok())
}
