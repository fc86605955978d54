//! Claims in which groups take turns: which jobs get their places.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Params, Row};

use super::claim::Ready;
use super::fault::Outcome;
use super::flow::Gate;
use super::session::Session;
use super::statements as sql;
use crate::model::{JobId, Turns};
use crate::policy::turns::{RANKS, oldest_of, place_of_oldest, place_of_other};

/// Whose turn it is among the groups of a type.
#[derive(Debug, Clone)]
struct Turn {
    /// The group that was served last, and how many jobs of its turn it got.
    group: String,
    used: u32,
    /// How many places of the type there were.
    places: i64,
    /// The number of the last of them among the places of all types.
    served: i64,
    /// From which priority on the job is looked for that has been due for longest.
    from_priority: i32,
}

/// What a claim knows of one type.
struct Share {
    /// Its place among the types that are asked for.
    at: usize,
    turn: Turn,
    /// The first jobs in the order of claiming, as many as there may be places.
    first: Vec<Ready>,
    /// How many places it gets, and the number of the last.
    places: usize,
    last: i64,
}

/// Seats up to `limit` claimable jobs of these types, of each no more than the gate has room for.
pub(super) fn pick(
    session: &Session<'_>,
    types: &[&str],
    limit: usize,
    turns: &Turns,
    gate: Option<&Gate>,
) -> Outcome<Vec<Ready>> {
    let mut shares = Vec::with_capacity(types.len());
    for (at, name) in types.iter().enumerate() {
        let room = gate.map_or(i64::MAX, |gate| gate.room(name, session.now));
        let room = usize::try_from(room).unwrap_or_default().min(limit);
        let first = ready(session, sql::PICK, (name, count(room)), at)?.into_iter().map(|(ready, _)| ready).collect();
        shares.push(Share { at, turn: turn_of(session, name)?, first, places: 0, last: 0 });
    }
    share(&mut shares, types, limit, session, gate);
    let mut seats = Vec::with_capacity(limit);
    for share in shares.iter_mut().filter(|share| share.places > 0) {
        let Some(name) = types.get(share.at) else { continue };
        let turn = share.at;
        seats.extend(seat(session, name, share, turns)?.into_iter().map(|(place, ready)| (place, turn, ready)));
    }
    let order: HashMap<usize, usize> = shares.iter().enumerate().map(|(order, share)| (share.at, order)).collect();
    seats.sort_by_key(|(place, at, _)| (*place, order.get(at).copied()));
    Ok(seats.into_iter().map(|(.., ready)| ready).collect())
}

/// Gives the types places one by one, beginning with that which was served longest ago.
fn share(shares: &mut [Share], types: &[&str], limit: usize, session: &Session<'_>, gate: Option<&Gate>) {
    shares.sort_by_key(|share| (share.turn.served, share.at));
    let served = shares.iter().map(|share| share.turn.served).max().unwrap_or_default();
    let mut rates: HashMap<&str, i64> = HashMap::new();
    let (mut given, mut round) = (0, 0);
    while given < limit && shares.iter().any(|share| share.places == round && share.first.len() > round) {
        for share in shares.iter_mut() {
            let is_next = given < limit && share.places == round && share.first.len() > round;
            let Some(name) = types.get(share.at).filter(|_| is_next) else { continue };
            if let Some((key, room)) = gate.and_then(|gate| gate.rate_of(name, session.now)) {
                let left = rates.entry(key).or_insert(room);
                if *left <= 0 {
                    continue;
                }
                *left -= 1;
            }
            given += 1;
            share.places += 1;
            share.last = served + count(given);
        }
        round += 1;
    }
}

/// The jobs of a type that get its places, each with its own; keeps whose turn is next.
fn seat(session: &Session<'_>, name: &str, share: &mut Share, turns: &Turns) -> Outcome<Vec<(i64, Ready)>> {
    let (turn, at, places) = (&mut share.turn, share.at, count(share.places));
    let before = turn.places;
    let oldest = oldest(session, name, at, turn, oldest_of(before, places))?;
    let mut taken: HashSet<JobId> = oldest.iter().map(|ready| ready.job_id).collect();
    let wanted = share.places.saturating_sub(oldest.len());
    let mut others = by_turns(session, name, at, turn, turns, wanted, &taken)?;
    taken.extend(others.iter().map(|ready| ready.job_id));
    let rest = share.first.iter().take(share.places).filter(|ready| !taken.contains(&ready.job_id));
    let missing = wanted.saturating_sub(others.len());
    others.extend(rest.take(missing).copied());
    turn.places += places;
    let kept = (name, &turn.group, turn.used, turn.places, share.last, turn.from_priority);
    session.run(sql::KEEP_TURN, kept)?;
    let oldest = (0_i64..).zip(oldest).map(|(number, ready)| (place_of_oldest(before, number), ready));
    let others = (0_i64..).zip(others).map(|(number, ready)| (place_of_other(before, number), ready));
    Ok(oldest.chain(others).collect())
}

/// The jobs of a type that have been due for longest, found among the first of each priority.
fn oldest(session: &Session<'_>, name: &str, at: usize, turn: &mut Turn, wanted: i64) -> Outcome<Vec<Ready>> {
    if wanted <= 0 {
        return Ok(Vec::new());
    }
    let (mut found, mut next) = (Vec::new(), Some(turn.from_priority));
    for _ in 0..RANKS {
        let Some(from) = next else { break };
        let priority: Option<i32> = first(session, sql::NEXT_PRIORITY, (name, from))?;
        if let Some(priority) = priority {
            found.extend(ready(session, sql::PICK_OF_PRIORITY, (name, priority, wanted), at)?);
        }
        next = priority.and_then(|priority| priority.checked_sub(1));
    }
    turn.from_priority = next.unwrap_or(i32::MAX);
    let mut found: Vec<Ready> = found.into_iter().map(|(ready, _)| ready).collect();
    found.sort_by_key(|ready| (ready.due_at, ready.job_id));
    found.truncate(usize::try_from(wanted).unwrap_or_default());
    Ok(found)
}

/// A group that takes turns.
struct Queue {
    group: String,
    weight: u32,
    /// The first jobs, as far as they were read; all of them, if `is_whole`.
    jobs: Vec<Ready>,
    is_whole: bool,
    /// How many of them were seated.
    seated: usize,
}

impl Queue {
    fn open(session: &Session<'_>, name: &str, at: usize, group: String, turns: &Turns) -> Outcome<Self> {
        let head = ready(session, sql::PICK_OF_GROUP, (name, &group, 1), at)?;
        let tier = head.first().and_then(|(_, tier)| tier.clone());
        let weight = turns.weight(tier.as_deref());
        Ok(Self { group, weight, jobs: Vec::new(), is_whole: false, seated: 0 })
    }

    /// The next job that is not taken.
    fn next(&mut self, session: &Session<'_>, name: &str, at: usize, taken: &HashSet<JobId>) -> Outcome<Option<Ready>> {
        loop {
            while let Some(ready) = self.jobs.get(self.seated).copied() {
                self.seated += 1;
                if !taken.contains(&ready.job_id) {
                    return Ok(Some(ready));
                }
            }
            if self.is_whole {
                return Ok(None);
            }
            let most = (self.jobs.len() * 2).max(self.weight as usize + 1);
            let found = ready(session, sql::PICK_OF_GROUP, (name, &self.group, count(most)), at)?;
            self.is_whole = found.len() < most;
            self.jobs = found.into_iter().map(|(ready, _)| ready).collect();
        }
    }
}

/// Goes round the groups of a type from the one on whose turn it is, as many groups as there are places.
fn by_turns(
    session: &Session<'_>,
    name: &str,
    at: usize,
    turn: &mut Turn,
    turns: &Turns,
    wanted: usize,
    taken: &HashSet<JobId>,
) -> Outcome<Vec<Ready>> {
    let (start, mut used) = (turn.group.clone(), turn.used);
    let (mut seated, mut ring) = (Vec::with_capacity(wanted), Vec::<Queue>::new());
    let mut ahead = first::<String>(session, sql::FIRST_GROUP, (name, &start))?;
    let (mut is_round, mut number) = (false, 0);
    while seated.len() < wanted {
        if number == ring.len() && ahead.is_none() && !is_round {
            is_round = true;
            ahead = first::<String>(session, sql::FIRST_GROUP, (name, ""))?.filter(|group| *group < start);
        }
        if let Some(group) = ahead.take_if(|_| number == ring.len()) {
            let next = first::<String>(session, sql::NEXT_GROUP, (name, &group))?;
            ahead = next.filter(|next| !is_round || *next < start);
            ring.push(Queue::open(session, name, at, group, turns)?);
        }
        let Some(queue) = ring.get_mut(number) else {
            // Round once more, unless nobody has a job left.
            if ring.iter().all(|queue| queue.is_whole && queue.seated >= queue.jobs.len()) {
                break;
            }
            number = 0;
            continue;
        };
        let mut got = if queue.group == start { std::mem::take(&mut used).min(queue.weight) } else { 0 };
        while got < queue.weight && seated.len() < wanted {
            let Some(ready) = queue.next(session, name, at, taken)? else { break };
            seated.push(ready);
            got += 1;
            (turn.group, turn.used) = (queue.group.clone(), got);
        }
        number += 1;
    }
    Ok(seated)
}

fn turn_of(session: &Session<'_>, name: &str) -> Outcome<Turn> {
    let read = |row: &Row<'_>| {
        let (group, used, places) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Turn { group, used, places, served: row.get(3)?, from_priority: row.get(4)? })
    };
    let found = session.with(sql::TURN, |found| Ok(found.query_row([name], read).optional()?))?;
    Ok(found.unwrap_or(Turn { group: String::new(), used: 0, places: 0, served: 0, from_priority: i32::MAX }))
}

/// Claimable jobs of a type, and of those of a group the tier.
fn ready(
    session: &Session<'_>,
    statement: &'static str,
    params: impl Params,
    job_type: usize,
) -> Outcome<Vec<(Ready, Option<String>)>> {
    session.with(statement, |found| {
        let has_tier = found.column_count() > 4;
        let read = |row: &Row<'_>| Ok((Ready::read(row, job_type)?, if has_tier { row.get(4)? } else { None }));
        Ok(found.query_map(params, read)?.collect::<Result<Vec<_>, _>>()?)
    })
}

fn first<T: rusqlite::types::FromSql>(
    session: &Session<'_>,
    statement: &'static str,
    params: impl Params,
) -> Outcome<Option<T>> {
    session.with(statement, |found| Ok(found.query_row(params, |row| row.get(0)).optional()?))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
