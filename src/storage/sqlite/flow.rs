//! Limits, rates and pauses: what is declared of them, what claims may start, and what ended jobs give back.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row};

use super::fault::Outcome;
use super::lines::{admit, disband, group_state, next_group};
use super::session::Session;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::model::{GroupLimits, GroupRates, JobId, Limits, Pace, Scope};
use crate::policy::rates::Window;
use crate::storage::flow::{merged, read};

/// The setting with the limits of groups, and the one that says that everything is paused.
const GROUPS: &str = "groups";
const PAUSED: &str = "paused";

/// Whether there are limits or pauses.
pub(super) fn is_limited(session: &Session<'_>) -> Outcome<bool> {
    session.value(sql::HAS_LIMITS, [])
}

/// Sets limits, and counts what runs.
pub(super) fn set_limits(session: &mut Session<'_>, limits: &Limits) -> Outcome<()> {
    for (job_type, of_type) in &limits.types {
        let rate = of_type.rate.as_ref();
        if of_type.is_empty() && !is_limited(session)? {
            continue;
        }
        session.run(sql::SET_TYPE, (job_type, of_type.max_running, rate.map(|rate| &rate.key)))?;
        session.run(sql::FORGET_TYPE, [job_type])?;
        if let Some(rate) = rate {
            let per = i64::try_from(rate.per.as_micros()).unwrap_or(i64::MAX);
            session.run(sql::SET_RATE, (&rate.key, rate.most, per))?;
        }
    }
    let kept = setting(session, GROUPS)?;
    let sets_groups = limits.groups.is_some() || limits.group_rates.is_some();
    if sets_groups && set(session, GROUPS, merged(kept.as_deref(), limits).as_deref())? {
        session.run(sql::SHUT_LINES, [])?;
        let mut behind = String::new();
        while let Some(group) = next_group(session, &behind)? {
            disband(session, &group)?;
            behind = group;
        }
    }
    recount(session)?;
    session.effects.wake = true;
    Ok(())
}

/// Pauses or lets go on; whether that changed anything.
pub(super) fn set_paused(session: &mut Session<'_>, scope: &Scope, paused: bool) -> Outcome<bool> {
    let changed = match scope {
        Scope::All => set(session, PAUSED, paused.then_some("true"))?,
        Scope::Type(name) if paused => session.run(sql::PAUSE_TYPE, (name, true))? > 0,
        Scope::Type(name) => {
            let was = limits_of(session, name)?.is_some_and(|limits| limits.paused);
            session.run(sql::PAUSE_TYPE, (name, false))?;
            session.run(sql::FORGET_TYPE, [name])?;
            was
        }
        Scope::Group(name) if paused => {
            let set_before: Option<String> = setting(session, GROUPS)?;
            if set_before.is_none() {
                set(session, GROUPS, Some("{}"))?;
            }
            session.run(sql::PAUSE_GROUP, (name, true))? > 0
        }
        Scope::Group(name) => {
            let was = group_state(session, name)?.is_some_and(|group| group.paused);
            session.run(sql::PAUSE_GROUP, (name, false))?;
            disband(session, name)?;
            was
        }
    };
    recount(session)?;
    session.effects.wake |= changed;
    Ok(changed)
}

/// What is paused.
pub(super) fn paused(session: &Session<'_>) -> Outcome<Vec<Scope>> {
    let mut statement = session.conn.prepare_cached(sql::PAUSED)?;
    let scope = |row: &Row<'_>| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(match kind.as_str() {
            "type" => Scope::Type(name),
            "group" => Scope::Group(name),
            _ => Scope::All,
        })
    };
    let mut scopes = statement.query_map([], scope)?.collect::<Result<Vec<_>, _>>()?;
    scopes.sort();
    Ok(scopes)
}

/// Keeps a type, and those that share its rate, from starting for so long.
pub(super) fn hold(session: &mut Session<'_>, job_type: &str, span: Duration) -> Outcome<()> {
    let known = limits_of(session, job_type)?;
    let key = known.as_ref().and_then(|limits| limits.rate_key.as_deref()).unwrap_or(job_type);
    session.run(sql::HOLD_RATE, (key, session.now.plus(span).as_micros()))?;
    session.run(sql::SET_TYPE, (job_type, known.as_ref().and_then(|limits| limits.max_running), key))?;
    recount(session)
}

/// Gives back what the jobs counted for whose leases ended in this request, and lets others of their groups go on.
pub(super) fn free_after(session: &mut Session<'_>) -> Outcome<()> {
    if session.effects.freed.is_empty() || !is_limited(session)? {
        return Ok(());
    }
    let mut groups = Vec::new();
    for id in std::mem::take(&mut session.effects.freed) {
        let slot = |row: &Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?));
        let freed = session.with(sql::DROP_SLOT, |dropped| Ok(dropped.query_row([id], slot).optional()?))?;
        let Some((job_type, group)) = freed else { continue };
        if let Some(job_type) = job_type {
            session.run(sql::COUNT_TYPE, (job_type, -1))?;
        }
        if let Some(group) = group {
            session.run(sql::END_OF_GROUP, [&group])?;
            groups.push(group);
        }
        session.effects.wake = true;
    }
    groups.sort_unstable();
    groups.dedup();
    groups.iter().try_for_each(|group| admit(session, group))
}

/// Counts anew what runs, and lets lines go on that nothing would have moved.
pub(super) fn tend(session: &mut Session<'_>) -> Outcome<()> {
    if !is_limited(session)? {
        return Ok(());
    }
    recount(session)?;
    let mut behind = String::new();
    while let Some(group) = next_group(session, &behind)? {
        admit(session, &group)?;
        behind = group;
    }
    Ok(())
}

fn recount(session: &Session<'_>) -> Outcome<()> {
    session.run(sql::CLEAR_SLOTS, [])?;
    session.run(sql::CLEAR_TYPES, [])?;
    session.run(sql::CLEAR_GROUPS, [])?;
    if !is_limited(session)? {
        return Ok(());
    }
    let counts_groups = setting(session, GROUPS)?.is_some();
    let mut statement = session.conn.prepare_cached(sql::UNCOUNTED)?;
    let running = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(JobId, String, Option<String>)>, _>>()?;
    for (id, job_type, group) in running {
        let is_type = session.run(sql::COUNT_TYPE, (&job_type, 1))? > 0;
        let group = group.filter(|_| counts_groups);
        if let Some(group) = &group {
            let most = group_state(session, group)?.and_then(|group| group.most);
            session.run(sql::COUNT_GROUP, (group, 1, most))?;
        }
        if is_type || group.is_some() {
            session.run(sql::ADD_SLOT, (id, is_type.then_some(job_type), group))?;
        }
    }
    Ok(())
}

/// Keeps a setting or takes it away; whether it was another one.
fn set(session: &Session<'_>, name: &str, value: Option<&str>) -> Outcome<bool> {
    Ok(match value {
        Some(value) => session.run(sql::KEEP_SETTING, (name, value))?,
        None => session.run(sql::DROP_SETTING, [name])?,
    } > 0)
}

fn setting(session: &Session<'_>, name: &str) -> Outcome<Option<String>> {
    session.with(sql::SETTING, |found| Ok(found.query_row([name], |row| row.get(0)).optional()?))
}

struct TypeState {
    running: i64,
    max_running: Option<i64>,
    paused: bool,
    rate_key: Option<String>,
    rate: Option<Window>,
    held_until: Option<Timestamp>,
}

fn limits_of(session: &Session<'_>, job_type: &str) -> Outcome<Option<TypeState>> {
    let read = |row: &Row<'_>| {
        let most: Option<i64> = row.get(4)?;
        let (per, spent): (Option<i64>, Option<String>) = (row.get(5)?, row.get(7)?);
        let spent = spent.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let per = Duration::from_micros(per.unwrap_or_default().unsigned_abs());
        Ok(TypeState {
            running: row.get(0)?,
            max_running: row.get(1)?,
            rate_key: row.get(2)?,
            paused: row.get(3)?,
            rate: most.map(|most| Window::new(most, per, spent)),
            held_until: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_micros),
        })
    };
    session.with(sql::TYPE_LIMITS, |found| Ok(found.query_row([job_type], read).optional()?))
}

/// What a claim may do with a job that is its turn.
pub(super) enum Turn {
    /// Start it, and count it for its group.
    Go(Option<String>),
    /// Put it into the line of its group.
    Wait(String),
}

/// A group that has a rate, as one claim counts it.
struct Paced {
    pace: Pace,
    window: Window,
    /// Whether jobs of it are in line.
    waits: bool,
    opens_at: Option<Timestamp>,
}

/// What one claim knows of limits, and counts.
pub(super) struct Gate {
    groups: Option<(GroupLimits, GroupRates)>,
    paced: HashMap<String, Paced>,
    is_paused: bool,
    types: HashMap<String, TypeState>,
    rates: HashMap<String, (Window, Option<Timestamp>)>,
}

impl Gate {
    /// The gate for jobs of these types; `None` where there are no limits.
    pub(super) fn of(session: &Session<'_>, types: &[&str]) -> Outcome<Option<Self>> {
        if !is_limited(session)? {
            return Ok(None);
        }
        let groups = setting(session, GROUPS)?.map(|text| read(&text));
        let is_paused = setting(session, PAUSED)?.is_some();
        let mut gate = Self { groups, paced: HashMap::new(), is_paused, types: HashMap::new(), rates: HashMap::new() };
        for job_type in types {
            let Some(mut state) = limits_of(session, job_type)? else { continue };
            if let (Some(key), Some(window)) = (&state.rate_key, state.rate.take()) {
                gate.rates.entry(key.clone()).or_insert((window, state.held_until));
            }
            gate.types.insert((*job_type).to_owned(), state);
        }
        Ok(Some(gate))
    }

    /// How many jobs of a type may start.
    pub(super) fn room(&self, job_type: &str, now: Timestamp) -> i64 {
        if self.is_paused {
            return 0;
        }
        let Some(state) = self.types.get(job_type) else { return i64::MAX };
        if state.paused {
            return 0;
        }
        let of_type = state.max_running.map_or(i64::MAX, |most| (most - state.running).max(0));
        let rate = state.rate_key.as_ref().and_then(|key| self.rates.get(key));
        let of_rate =
            rate.map_or(
                i64::MAX,
                |(window, held_until)| {
                    if held_until.is_some_and(|until| until > now) { 0 } else { window.room(now) }
                },
            );
        of_type.min(of_rate)
    }

    /// The key of a type's rate, and how many may start of all that share it.
    pub(super) fn rate_of(&self, job_type: &str, now: Timestamp) -> Option<(&str, i64)> {
        let key = self.types.get(job_type)?.rate_key.as_ref()?;
        let (window, _) = self.rates.get(key)?;
        Some((key, window.room(now)))
    }

    /// When a rate that has no room now has some again.
    pub(super) fn next_room(&self, now: Timestamp) -> Option<Timestamp> {
        let next = |(window, held_until): &(Window, Option<Timestamp>)| {
            let held = held_until.filter(|until| *until > now);
            let full = window.next_at(now).filter(|_| window.room(now) == 0);
            held.max(full)
        };
        self.rates.values().filter_map(next).min()
    }

    /// Whether the group of a job has room for it.
    pub(super) fn turn(&mut self, session: &Session<'_>, id: JobId) -> Outcome<Turn> {
        let Some((limits, rates)) = &self.groups else { return Ok(Turn::Go(None)) };
        let (group, tier) = session.with(sql::JOB_GROUP, |found| {
            let pair = |row: &Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?));
            Ok(found.query_row([id], pair).optional()?.unwrap_or_default())
        })?;
        let Some(group) = group else { return Ok(Turn::Go(None)) };
        let (most, pace) = (limits.of(tier.as_deref()), rates.of(tier.as_deref()));
        let state = group_state(session, &group)?;
        let is_paused = state.as_ref().is_some_and(|state| state.paused);
        let running = state.as_ref().map_or(0, |state| state.running);
        let mut is_full = is_paused || most.is_some_and(|most| running >= i64::from(most));
        if let Some(pace) = pace {
            let (spent, opens_at) = state.map(|state| (state.spent, state.opens_at)).unwrap_or_default();
            let paced = self.paced.entry(group.clone()).or_insert_with(|| Paced {
                pace,
                window: Window::new(pace.most.into(), pace.per, spent).shortened(session.now),
                waits: opens_at.is_some(),
                opens_at,
            });
            is_full = is_full || paced.window.room(session.now) == 0;
            if is_full {
                paced.waits = true;
            } else {
                paced.window.spend(session.now, 1);
            }
        } else if let Some(state) = state.filter(|state| state.starts.is_some()) {
            let none = (&group, None::<u32>, None::<i64>, "[]", state.opens_at.map(Timestamp::as_micros));
            session.run(sql::SPEND_GROUP, none)?;
        }
        session.run(sql::COUNT_GROUP, (&group, i32::from(!is_full), most))?;
        Ok(if is_full { Turn::Wait(group) } else { Turn::Go(Some(group)) })
    }

    /// Counts a job that started, or gives back its group's place where it did not.
    pub(super) fn started(
        &mut self,
        session: &Session<'_>,
        job: (&str, JobId),
        group: Option<&str>,
        did: bool,
    ) -> Outcome<()> {
        let (job_type, id) = job;
        if !did {
            return group.map_or(Ok(()), |group| session.run(sql::END_OF_GROUP, [group]).map(drop));
        }
        let is_type = self.types.contains_key(job_type);
        if let Some(state) = self.types.get_mut(job_type) {
            state.running += 1;
            session.run(sql::COUNT_TYPE, (job_type, 1))?;
            if let Some((window, _)) = state.rate_key.as_ref().and_then(|key| self.rates.get_mut(key)) {
                window.spend(session.now, 1);
            }
        }
        if is_type || group.is_some() {
            session.run(sql::ADD_SLOT, (id, is_type.then_some(job_type), group))?;
        }
        Ok(())
    }

    /// Keeps what was spent of rates.
    pub(super) fn close(&self, session: &Session<'_>) -> Outcome<()> {
        for (key, (window, _)) in &self.rates {
            let spent = serde_json::to_string(window.spent()).map_err(|error| Error::Internal(error.to_string()))?;
            session.run(sql::SPEND_RATE, (key, spent))?;
        }
        for (group, paced) in &self.paced {
            let window = &paced.window;
            let spent = serde_json::to_string(window.spent()).map_err(|error| Error::Internal(error.to_string()))?;
            let per = i64::try_from(paced.pace.per.as_micros()).unwrap_or(i64::MAX);
            let is_spent = paced.waits && window.room(session.now) == 0;
            let opens_at = if is_spent { window.next_at(session.now) } else { paced.opens_at };
            session.run(sql::SPEND_GROUP, (group, paced.pace.most, per, spent, opens_at.map(Timestamp::as_micros)))?;
        }
        Ok(())
    }
}
