//! Leasing due jobs to a worker.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rusqlite::{OptionalExtension, Row};

use super::fault::Outcome;
use super::flow::{Gate, Turn};
use super::rows;
use super::session::Session;
use super::statements as sql;
use super::{lines, turns, upkeep};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{Claim, ClaimRequest, Claimed, EventKind, JobId, Lease, Worker};

/// How many due jobs of a type one claim makes claimable at most.
const PROMOTED: u32 = 10_000;

/// How many jobs one claim looks at, about, where it has to put many in line.
const LOOKED_AT: usize = 5_000;

/// A claimable job; ordered as jobs are to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ready {
    priority: Reverse<i32>,
    pub(super) due_at: i64,
    pub(super) job_id: JobId,
    /// Its type, as an index of the request's.
    job_type: usize,
    is_retry: bool,
}

impl Ready {
    /// Reads a row of what may be claimed.
    pub(super) fn read(row: &Row<'_>, job_type: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            priority: Reverse(row.get(0)?),
            due_at: row.get(1)?,
            job_id: row.get(2)?,
            job_type,
            is_retry: row.get(3)?,
        })
    }
}

/// The types of jobs that may be claimed, now or later.
pub(super) fn claimable_types(session: &Session<'_>) -> Outcome<Vec<String>> {
    let mut statement = session.conn.prepare_cached(sql::CLAIMABLE_TYPES)?;
    let types = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(types)
}

/// Leases up to `limit` jobs.
pub(super) fn claim(session: &mut Session<'_>, request: &ClaimRequest) -> Outcome<Claim> {
    if last_asked(session, &request.worker)? >= request.token {
        return Ok(Claim { now: session.now, ..Claim::default() });
    }
    let types = distinct(&request.job_types);
    for job_type in &types {
        promote(session, job_type)?;
    }
    let mut gate = Gate::of(session, &types)?;
    let lines_left = gate.is_some() && lines::open_due(session)?;
    let (jobs, left) = match &mut gate {
        None => claim_all(session, request, &types)?,
        Some(gate) => claim_limited(session, request, &types, gate)?,
    };
    if let Some(lease) = request.lease.filter(|_| !jobs.is_empty()) {
        upkeep::renew(session, request.worker.id, lease)?;
    }
    let (mut next_due, overdue) = next_due(session, &types)?;
    if let Some(gate) = gate {
        let rooms = [gate.next_room(session.now), lines::next_opening(session)?];
        next_due = rooms.into_iter().chain([next_due]).flatten().min();
    }
    Ok(Claim {
        jobs,
        more: left || overdue || lines_left,
        next_due: next_due.map(|due| due.since(session.now)),
        now: session.now,
    })
}

/// Leases the first jobs in the order of claiming, or by turns; answers whether any were left.
fn claim_all(session: &Session<'_>, request: &ClaimRequest, types: &[&str]) -> Outcome<(Vec<Claimed>, bool)> {
    let limit = request.places() as usize;
    let (picked, left) = match &request.turns {
        None => pick(session, types, limit)?,
        Some(turns) => (turns::pick(session, types, limit, turns, None)?, false),
    };
    let mut jobs = Vec::with_capacity(picked.len());
    for ready in picked {
        let Some(job_type) = types.get(ready.job_type) else { continue };
        jobs.extend(start(session, request, job_type, ready)?);
    }
    let left = left || request.turns.is_some() && !pick(session, types, 1)?.0.is_empty();
    Ok((jobs, left))
}

/// The same within limits: what has no room in its group is put in line, and types without room are left alone.
fn claim_limited(
    session: &Session<'_>,
    request: &ClaimRequest,
    types: &[&str],
    gate: &mut Gate,
) -> Outcome<(Vec<Claimed>, bool)> {
    let (limit, mut jobs, mut looked_at) = (request.places() as usize, Vec::new(), 0);
    while jobs.len() < limit {
        let open: Vec<&str> = types.iter().copied().filter(|job_type| gate.room(job_type, session.now) > 0).collect();
        let picked = match &request.turns {
            None => pick(session, &open, limit - jobs.len())?.0,
            Some(turns) => turns::pick(session, &open, limit - jobs.len(), turns, Some(&*gate))?,
        };
        if picked.is_empty() {
            break;
        }
        looked_at += picked.len();
        for ready in picked {
            let Some(job_type) = open.get(ready.job_type).filter(|name| gate.room(name, session.now) > 0) else {
                continue;
            };
            match gate.turn(session, ready.job_id)? {
                Turn::Go(group) => {
                    let started = start(session, request, job_type, ready)?;
                    gate.started(session, (job_type, ready.job_id), group.as_deref(), started.is_some())?;
                    jobs.extend(started);
                }
                Turn::Wait(group) => {
                    let (priority, due_at, id) = (ready.priority.0, ready.due_at, ready.job_id);
                    session.run(sql::DROP_READY, (job_type, priority, due_at, id))?;
                    session.run(sql::ADD_LINE, (group, job_type, priority, due_at, id, ready.is_retry))?;
                }
            }
        }
        if looked_at >= LOOKED_AT {
            break;
        }
    }
    gate.close(session)?;
    let open: Vec<&str> = types.iter().copied().filter(|job_type| gate.room(job_type, session.now) > 0).collect();
    let left = !pick(session, &open, 1)?.0.is_empty();
    Ok((jobs, left))
}

/// The jobs that an earlier claim leased.
pub(super) fn reclaim_reply(session: &mut Session<'_>, worker: &Worker, token: i64) -> Outcome<Claim> {
    last_asked(session, worker)?;
    session.run(sql::ASK_CLAIM, (worker.id, token))?;
    let mut statement = session.conn.prepare_cached(&sql::GET_JOB)?;
    let mut jobs = Vec::new();
    for job_id in session.ids(sql::CLAIM_LEASES, (worker.id, token))? {
        let lease = Lease { job_id, worker_id: worker.id, token };
        jobs.push(Claimed { lease, job: statement.query_row([job_id], rows::job)?, due_at: None });
    }
    Ok(Claim { jobs, more: true, next_due: None, now: session.now })
}

/// The last claim that a registered worker asked about.
fn last_asked(session: &Session<'_>, worker: &Worker) -> Outcome<i64> {
    let mut statement = session.conn.prepare_cached(sql::LAST_ASKED)?;
    let found = statement.query_row([worker.id], |row| row.get(0)).optional()?;
    Ok(found.ok_or(Error::WorkerLost { worker: worker.id })?)
}

fn distinct(types: &[String]) -> Vec<&str> {
    let mut types: Vec<&str> = types.iter().map(String::as_str).collect();
    types.sort_unstable();
    types.dedup();
    types
}

fn promote(session: &Session<'_>, job_type: &str) -> Outcome<()> {
    if session.run(sql::PROMOTE, (job_type, session.micros(), PROMOTED))? > 0 {
        session.run(sql::DROP_PROMOTED, (job_type, session.micros(), PROMOTED))?;
    }
    Ok(())
}

/// The first `limit` claimable jobs of all types, in order, and whether any were left.
fn pick(session: &Session<'_>, types: &[&str], limit: usize) -> Outcome<(Vec<Ready>, bool)> {
    let mut best = BinaryHeap::with_capacity(limit.min(1024) + 1);
    let mut left = false;
    let mut statement = session.conn.prepare_cached(sql::PICK)?;
    for (job_type, name) in types.iter().enumerate() {
        let mut found = statement.query((name, i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)))?;
        while let Some(row) = found.next()? {
            let ready = Ready::read(row, job_type)?;
            if best.len() < limit {
                best.push(ready);
                continue;
            }
            left = true;
            match best.peek_mut() {
                Some(mut worst) if ready < *worst => *worst = ready,
                // The rest of this type comes even later.
                _ => break,
            }
        }
    }
    Ok((best.into_sorted_vec(), left))
}

fn start(session: &Session<'_>, request: &ClaimRequest, job_type: &str, ready: Ready) -> Outcome<Option<Claimed>> {
    let (job_id, worker) = (ready.job_id, &request.worker);
    session.run(sql::DROP_READY, (job_type, ready.priority.0, ready.due_at, job_id))?;
    let start = (job_id, session.micros(), &worker.name, worker.id, request.token, ready.due_at);
    if session.run(sql::START_JOB, start)? == 0 {
        return Ok(None);
    }
    // Read apart: an update that returned the row would keep all of it in a table of its own first.
    let job = session.with(&sql::GET_JOB, |found| Ok(found.query_row([job_id], rows::job)?))?;
    session.run(sql::ADD_LEASE, (worker.id, job_id, request.token, ready.is_retry))?;
    session.event(job_id, EventKind::Processing, None)?;
    let lease = Lease { job_id, worker_id: worker.id, token: request.token };
    Ok(Some(Claimed { lease, job, due_at: Some(Timestamp::from_micros(ready.due_at)) }))
}

/// When the next job of these types falls due, and whether one already is.
fn next_due(session: &Session<'_>, types: &[&str]) -> Outcome<(Option<Timestamp>, bool)> {
    let mut next: Option<Timestamp> = None;
    for job_type in types {
        if let Some(due) = session.value::<Option<i64>>(sql::NEXT_DUE, [job_type])?.map(Timestamp::from_micros) {
            next = Some(next.map_or(due, |next| next.min(due)));
        }
    }
    Ok((next, next.is_some_and(|due| due <= session.now)))
}
