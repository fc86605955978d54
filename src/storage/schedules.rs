//! What is done with schedules, by steps of a store: cron's arithmetic is done here and never in one.

use tokio::time::Instant;

use super::Storage;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{
    Added, DueSchedules, Fired, NewSchedule, Schedule, ScheduleEdit, ScheduleId, ScheduleQuery, ScheduleStatus,
};
use crate::policy::schedules::{
    check_schedule, check_schedule_edit, edited, firing, first_tick, redefined, same_definition,
};

/// How many schedules one step reads.
const PAGE: u32 = 100;
/// How often a change is tried that others come before.
const TRIES: u32 = 20;

/// Adds a schedule, due at its first tick from now on.
///
/// # Errors
/// [`Error::Invalid`] for a schedule that cannot be, or whose name is taken; those of [`Storage::add_schedule`].
pub async fn add_schedule(storage: &dyn Storage, schedule: &NewSchedule) -> Result<ScheduleId> {
    check_schedule(schedule)?;
    let next = first_tick(schedule, clock(storage).await?)?;
    storage.add_schedule(schedule, next).await?.ok_or_else(|| {
        Error::Invalid(format!(
            "there is a schedule {:?} already: edit that one, remove it first, or choose another schedule_name",
            schedule.name
        ))
    })
}

/// Changes fields of a schedule; false where there is none of that id.
///
/// # Errors
/// [`Error::Invalid`] for values that cannot be; those of [`Storage::replace_schedule`].
pub async fn edit_schedule(storage: &dyn Storage, id: ScheduleId, edit: &ScheduleEdit) -> Result<bool> {
    check_schedule_edit(edit)?;
    change(storage, id, |schedule, now| edited(schedule, edit, now).map(Some)).await
}

/// Keeps a schedule from firing; false where there is none of that id, or it is paused.
///
/// # Errors
/// Those of [`Storage::replace_schedule`].
pub async fn pause_schedule(storage: &dyn Storage, id: ScheduleId) -> Result<bool> {
    change(storage, id, |schedule, _| {
        let is_active = schedule.status == ScheduleStatus::Active;
        Ok(is_active.then(|| Schedule { status: ScheduleStatus::Paused, ..schedule.clone() }))
    })
    .await
}

/// Lets a paused schedule fire from its next tick on; false where there is none of that id, or it is active. The ticks of
/// the pause were not missed.
///
/// # Errors
/// [`Error::Invalid`] for a row whose expression or zone cannot be read; those of [`Storage::replace_schedule`].
pub async fn resume_schedule(storage: &dyn Storage, id: ScheduleId) -> Result<bool> {
    change(storage, id, |schedule, now| {
        if schedule.status == ScheduleStatus::Active {
            return Ok(None);
        }
        let next_run_at = Some(first_tick(&schedule.definition, now)?);
        Ok(Some(Schedule { status: ScheduleStatus::Active, next_run_at, ..schedule.clone() }))
    })
    .await
}

/// Adds the job of a schedule once, due now, beside its ticks: the schedule stays as it is, paused or not, and a job of it that
/// is alive keeps none from being added. `None` where there is no such schedule.
///
/// # Errors
/// Those of [`Storage::schedules`] and [`Storage::add`].
pub async fn run_schedule(storage: &dyn Storage, query: &ScheduleQuery) -> Result<Option<Added>> {
    let Some(found) = find_schedule(storage, query).await? else { return Ok(None) };
    Ok(storage.add(vec![found.definition.job]).await?.pop())
}

/// Makes the schedule of that name what is given: added where it is missing, edited where it differs, else untouched. A
/// paused one stays paused. Whether anything was changed.
///
/// # Errors
/// As [`add_schedule`], but for a name that is taken.
pub async fn ensure_schedule(storage: &dyn Storage, wanted: &NewSchedule) -> Result<bool> {
    check_schedule(wanted)?;
    for _ in 0..TRIES {
        let found = storage.schedules(&ScheduleQuery::Name(wanted.name.clone())).await?.pop();
        let Some(found) = found else {
            let next = first_tick(wanted, clock(storage).await?)?;
            if storage.add_schedule(wanted, next).await?.is_some() {
                return Ok(true);
            }
            continue;
        };
        if same_definition(&found.definition, wanted) {
            return Ok(false);
        }
        if storage.replace_schedule(&redefined(&found, wanted, clock(storage).await?)?).await? {
            return Ok(true);
        }
    }
    Err(contended(storage))
}

/// The schedule of that id or name.
///
/// # Errors
/// Those of [`Storage::schedules`].
pub async fn find_schedule(storage: &dyn Storage, query: &ScheduleQuery) -> Result<Option<Schedule>> {
    Ok(storage.schedules(query).await?.pop())
}

/// All schedules of a status, or all, by growing id.
///
/// # Errors
/// Those of [`Storage::schedules`].
pub async fn list_schedules(storage: &dyn Storage, status: Option<ScheduleStatus>) -> Result<Vec<Schedule>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = storage.schedules(&ScheduleQuery::Page { status, after, limit: PAGE }).await?;
        let Some(last) = page.last().map(|schedule| schedule.id).filter(|last| *last > after) else { return Ok(all) };
        all.extend(page);
        after = last;
    }
}

/// What a round of firing did.
#[derive(Debug, Default)]
pub struct Round {
    /// How many jobs were added.
    pub added: u64,
    /// When the next tick of any schedule comes.
    pub next: Option<Instant>,
    /// The schedules that could not be fired, and why; they stay due.
    pub faults: Vec<(ScheduleId, Error)>,
}

impl Round {
    fn expect(&mut self, moment: Moment, tick: Option<Timestamp>) {
        let next = tick.and_then(|tick| moment.at.checked_add(tick.since(moment.now)));
        self.next = [self.next, next].into_iter().flatten().min();
    }
}

/// The store's clock, and when it was read.
#[derive(Debug, Clone, Copy)]
struct Moment {
    now: Timestamp,
    at: Instant,
}

/// Fires every schedule that is due. A schedule that cannot be fired does not keep others from it.
///
/// # Errors
/// Those of [`Storage::due_schedules`], and of [`Storage::fire`] where they are not about one schedule.
pub async fn fire_due(storage: &dyn Storage) -> Result<Round> {
    let mut round = Round::default();
    let mut after = None;
    loop {
        let DueSchedules { now, next, due } = storage.due_schedules(after, PAGE).await?;
        let moment = Moment { now, at: Instant::now() };
        round.expect(moment, next);
        let is_last = due.len() < PAGE as usize;
        after = due.last().map(|last| (last.at, last.id)).or(after);
        for one in due {
            let fired = match one.schedule {
                Ok(schedule) => catch_up(storage, schedule, moment, &mut round).await,
                Err(error) => Err(error),
            };
            match fired {
                Ok(()) => {}
                Err(error @ (Error::Unavailable { .. } | Error::Closed | Error::MigrationRequired(_))) => {
                    return Err(error);
                }
                Err(error) => round.faults.push((one.id, error)),
            }
        }
        if is_last {
            return Ok(round);
        }
    }
}

/// As [`fire_due`], for a caller; how many jobs were added.
///
/// # Errors
/// As [`fire_due`], and that of a schedule that could not be fired; the others were.
pub async fn fire_all(storage: &dyn Storage) -> Result<u64> {
    let round = fire_due(storage).await?;
    match round.faults.into_iter().next() {
        None => Ok(round.added),
        Some((id, Error::Invalid(why))) => {
            Err(Error::Invalid(format!("schedule {id} could not be fired, edit or remove it; the others were: {why}")))
        }
        Some((_, error)) => Err(error),
    }
}

/// Fires a schedule until it is no longer due at that moment, by this process or by others.
async fn catch_up(storage: &dyn Storage, mut schedule: Schedule, moment: Moment, round: &mut Round) -> Result<()> {
    let mut stale = 0;
    while let Some(firing) = firing(&schedule, moment.now)? {
        match storage.fire(&firing).await? {
            Fired::Moved { jobs, updated_at } => {
                round.added += jobs.len() as u64;
                schedule.next_run_at = firing.next_run_at;
                schedule.updated_at = updated_at;
                stale = 0;
            }
            Fired::Stale => {
                stale += 1;
                let found = find_schedule(storage, &ScheduleQuery::Id(schedule.id)).await?;
                match found.filter(|found| found.status == ScheduleStatus::Active) {
                    Some(found) if stale < TRIES => schedule = found,
                    _ => return Ok(()),
                }
            }
        }
    }
    round.expect(moment, schedule.next_run_at);
    Ok(())
}

/// Changes a schedule by what it is now, again where somebody came before.
async fn change(
    storage: &dyn Storage,
    id: ScheduleId,
    make: impl Fn(&Schedule, Timestamp) -> Result<Option<Schedule>> + Send + Sync,
) -> Result<bool> {
    for _ in 0..TRIES {
        let now = clock(storage).await?;
        let Some(found) = find_schedule(storage, &ScheduleQuery::Id(id)).await? else { return Ok(false) };
        let Some(new) = make(&found, now)? else { return Ok(false) };
        if storage.replace_schedule(&new).await? {
            return Ok(true);
        }
    }
    Err(contended(storage))
}

async fn clock(storage: &dyn Storage) -> Result<Timestamp> {
    Ok(storage.due_schedules(None, 1).await?.now)
}

fn contended(storage: &dyn Storage) -> Error {
    Error::Unavailable {
        backend: storage.backend(),
        message: "the schedule changed again and again meanwhile: try again".to_owned(),
    }
}
