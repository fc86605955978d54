//! The store at a glance, its workers and its limits, for those who look at it.

use std::time::Duration;

use rmpv::{Value as Packed, ValueRef};

use super::RedisStorage;
use super::faults::damaged;
use super::find::{pack, texts};
use super::record::Members;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{
    Count, Fleet, GroupRecord, Overview, Profile, RateState, Status, TypeLimit, WorkerId, WorkerRecord,
};
use crate::policy::rates::Window;
use crate::storage::inspection::{Depth, Glance, MOST_RUNNING, SHOWN_JOBS, TYPES, longest_due};

/// The statuses in the order in which the script counts them.
const COUNTED: [Status; 6] =
    [Status::Pending, Status::Processing, Status::Completed, Status::Failed, Status::Cancelled, Status::Waiting];

/// What a worker says of itself, as it is kept.
pub(super) fn described(profile: &Profile) -> Vec<u8> {
    let none = || Packed::from(false);
    let text = |value: &Option<String>| value.as_deref().map_or_else(none, Packed::from);
    let types = profile.job_types.as_ref().map(|types| types.iter().map(String::as_str).collect::<Vec<_>>());
    pack(Packed::Array(vec![
        text(&profile.host),
        profile.pid.map_or_else(none, Packed::from),
        text(&profile.version),
        profile.concurrency.map_or_else(none, Packed::from),
        types.map_or_else(none, |types| texts(&types)),
    ]))
}

/// The same, read.
fn profile(name: String, kept: Option<Vec<u8>>) -> Result<Profile> {
    let Some(kept) = kept else { return Ok(Profile { name, ..Profile::default() }) };
    let mut kept = kept.as_slice();
    let mut r = opened(&mut kept)?;
    let (host, pid, version, concurrency) = (r.text()?, r.number()?, r.text()?, r.small()?);
    let job_types = match r.0.as_slice().first() {
        Some(ValueRef::Array(_)) => Some(r.texts()?),
        _ => None,
    };
    Ok(Profile { name, host, pid, version, concurrency, job_types })
}

impl RedisStorage {
    /// An index knows each number, so that nothing is cut short.
    pub(super) async fn look_over(&self) -> Result<Overview> {
        let answer: Vec<u8> = self.call(&self.scripts.overview, |call| call.arg(TYPES)).await?;
        let mut answer = answer.as_slice();
        let mut r = opened(&mut answer)?;
        let now = r.time()?.ok_or_else(|| damaged("an overview without a time"))?;
        let counts = r.numbers()?.into_iter().map(|count| Count::exact(number(Some(count))));
        let counts = COUNTED.into_iter().zip(counts).collect();
        let mut fleet = Fleet { workers: number(r.number()?), ..Fleet::default() };
        for mut kept in list(&mut r).0.map(|one| Members(vec![one].into_iter())) {
            match profile(String::new(), kept.bytes()?)?.job_types {
                Some(types) => fleet.types.extend(types),
                None => fleet.any = true,
            }
        }
        let (mut depths, mut next_due_at) = (Vec::new(), None::<Timestamp>);
        for mut one in rows(&mut r)? {
            let job_type = one.text()?.unwrap_or_default();
            let (ready, scheduled) = (Count::exact(number(one.number()?)), Count::exact(number(one.number()?)));
            depths.push(Depth { job_type, ready, scheduled, oldest_due_at: one.sortable()? });
            next_due_at = next_due_at.into_iter().chain(one.sortable()?).min();
        }
        let oldest_due_at = depths.iter().filter_map(|depth| depth.oldest_due_at).min();
        let types = longest_due(&mut depths, |depth| (depth.oldest_due_at, &depth.job_type));
        let paused = self.read_pauses().await?;
        let glance = Glance { now, counts, depths, types, oldest_due_at, next_due_at, fleet, paused };
        Ok(glance.overview())
    }

    pub(super) async fn read_workers(&self, after: WorkerId, limit: u32) -> Result<Vec<WorkerRecord>> {
        let (answer, now): (Vec<u8>, i64) =
            self.call(&self.scripts.workers, |call| call.arg(after).arg(limit).arg(MOST_RUNNING)).await?;
        let mut answer = answer.as_slice();
        let mut workers = Vec::new();
        for mut r in inner(opened(&mut answer)?)? {
            let (id, name) = (r.number()?.unwrap_or_default(), r.text()?.unwrap_or_default());
            let (renewed_at, expires_at) = (r.time()?.unwrap_or_default(), r.time()?.unwrap_or_default());
            let (is_draining, started_at, about) = (number(r.number()?) > 0, r.time()?, r.bytes()?);
            let running = Count::exact(number(r.number()?));
            let mut job_ids = r.numbers()?;
            job_ids.truncate(SHOWN_JOBS);
            workers.push(WorkerRecord {
                id,
                profile: profile(name, about)?,
                started_at,
                renewed_at,
                lease_expires_at: expires_at,
                is_alive: expires_at.as_micros() > now,
                is_draining,
                running,
                job_ids,
            });
        }
        Ok(workers)
    }

    pub(super) async fn ask_to_drain(&self, id: WorkerId) -> Result<bool> {
        let asked: i64 = self.call(&self.scripts.drain_worker, |call| call.arg(id)).await?;
        if asked > 0 {
            self.hub.ask();
        }
        Ok(asked > 0)
    }

    pub(super) async fn read_groups(&self, after: &str, limit: u32, most: u32) -> Result<Vec<GroupRecord>> {
        let answer: Vec<u8> = self.call(&self.scripts.groups, |call| call.arg(after).arg(limit)).await?;
        let mut answer = answer.as_slice();
        let mut r = opened(&mut answer)?;
        let now = r.time()?.unwrap_or_default();
        let mut groups = Vec::new();
        for mut one in rows(&mut r)? {
            groups.push(GroupRecord {
                id: one.text()?.unwrap_or_default(),
                running: number(one.number()?),
                most: one.number()?.and_then(|most| u32::try_from(most).ok()),
                is_paused: number(one.number()?) > 0,
                opens_at: one.time()?,
                rate: rate(&mut one, now)?.0,
                in_line: Count::up_to(most, number(one.number()?)),
            });
        }
        Ok(groups)
    }

    pub(super) async fn read_type_limits(&self) -> Result<Vec<TypeLimit>> {
        let answer: Vec<u8> = self.call(&self.scripts.type_limits, |call| call).await?;
        let mut answer = answer.as_slice();
        let mut r = opened(&mut answer)?;
        let now = r.time()?.unwrap_or_default();
        let mut limits = Vec::new();
        for mut one in rows(&mut r)? {
            let (job_type, running) = (one.text()?.unwrap_or_default(), number(one.number()?));
            let max_running = one.number()?.and_then(|most| u32::try_from(most).ok());
            let is_paused = number(one.number()?) > 0;
            let (rate, held_until) = rate(&mut one, now)?;
            limits.push(TypeLimit { job_type, running, max_running, rate, held_until, is_paused });
        }
        limits.sort_by(|a, b| a.job_type.cmp(&b.job_type));
        Ok(limits)
    }
}

/// A rate, where there is one, and until when it is held.
fn rate(r: &mut Members<'_>, now: Timestamp) -> Result<(Option<RateState>, Option<Timestamp>)> {
    let Some(ValueRef::Array(members)) = r.0.next() else { return Ok((None, None)) };
    let mut inner = Members(members.into_iter());
    let (most, per) = (number(inner.number()?), Duration::from_micros(number(inner.number()?)));
    let held_until = inner.time()?.filter(|until| *until > now);
    let spent = inner.numbers()?;
    let pairs = spent.as_chunks::<2>().0.iter().map(|&[at, count]| (at, count)).collect();
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let spent = Window::new(most.into(), per, pairs).used(now).unsigned_abs();
    // One that only holds back has no span.
    let state = (most > 0 && !per.is_zero()).then_some(RateState { most, per: per.as_secs_f64(), spent });
    Ok((state, held_until))
}

/// The members of an array that a script packed.
fn opened<'a>(answer: &mut &'a [u8]) -> Result<Members<'a>> {
    match rmpv::decode::read_value_ref(answer).map_err(|error| damaged(&error.to_string()))? {
        ValueRef::Array(members) => Ok(Members(members.into_iter())),
        _ => Err(damaged("an answer that is not an array")),
    }
}

/// The next member, an array.
fn list<'a>(r: &mut Members<'a>) -> Members<'a> {
    match r.0.next() {
        Some(ValueRef::Array(members)) => Members(members.into_iter()),
        _ => Members(Vec::new().into_iter()),
    }
}

/// The next member, an array of arrays.
fn rows<'a>(r: &mut Members<'a>) -> Result<Vec<Members<'a>>> {
    inner(list(r))
}

fn inner(r: Members<'_>) -> Result<Vec<Members<'_>>> {
    let members = |one| match one {
        ValueRef::Array(members) => Ok(Members(members.into_iter())),
        _ => Err(damaged("a row that is not an array")),
    };
    r.0.map(members).collect()
}

fn number(value: Option<i64>) -> u64 {
    value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default()
}
