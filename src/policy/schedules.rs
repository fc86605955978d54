//! What a schedule may be, and what is to be done when one is due.

use std::time::Duration;

use super::cron::{self, Zone};
use super::limits::{check_edit, check_job, check_name};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::model::{Firing, Missed, NewSchedule, Schedule, ScheduleEdit};

/// A tick this late was missed.
const LATE: Duration = Duration::from_secs(60);
/// The most jobs, and the most bytes of their payloads, that one firing adds.
const JOBS: usize = 100;
const BYTES: usize = 8 << 20;
const MICROSECOND: Duration = Duration::from_micros(1);

/// Checks a schedule that is to be added.
///
/// # Errors
/// [`Error::Invalid`] that names the field, its value and what is allowed.
pub fn check_schedule(schedule: &NewSchedule) -> Result<()> {
    check_name("schedule_name", &schedule.name)?;
    read(&schedule.expression, &schedule.timezone)?;
    check_job(&schedule.job)
}

/// Checks an edit by itself.
///
/// # Errors
/// As [`check_schedule`].
pub fn check_schedule_edit(edit: &ScheduleEdit) -> Result<()> {
    if let Some(expression) = &edit.expression {
        cron::Schedule::parse(expression)?;
    }
    if let Some(timezone) = &edit.timezone {
        cron::zone(timezone)?;
    }
    if let Some(job_type) = &edit.job_type {
        check_name("job_type", job_type)?;
    }
    check_edit(&edit.job)
}

/// The first tick of a schedule after `now`.
///
/// # Errors
/// [`Error::Invalid`] for an expression or a time zone that cannot be read, or an expression that is never due.
pub fn first_tick(schedule: &NewSchedule, now: Timestamp) -> Result<Timestamp> {
    let (expression, zone) = read(&schedule.expression, &schedule.timezone)?;
    expression.next_after(now, &zone).ok_or_else(|| {
        Error::Invalid(format!(
            "cron_expression {:?} is not due in the next 50 years: choose days and months that exist",
            schedule.expression
        ))
    })
}

/// What is to be done about a schedule at `now`; `None` where it is not due.
///
/// # Errors
/// As [`first_tick`], for a row that was written by other means.
pub fn firing(schedule: &Schedule, now: Timestamp) -> Result<Option<Firing>> {
    let Some(due) = schedule.next_run_at.filter(|due| *due <= now) else { return Ok(None) };
    let definition = &schedule.definition;
    let (expression, zone) = read(&definition.expression, &definition.timezone)?;
    let next = |after| expression.next_after(after, &zone);
    let (ticks, after) = match definition.missed {
        Missed::All if definition.allow_overlap => {
            let most = (BYTES / definition.job.payload.len().max(1)).clamp(1, JOBS);
            let mut ticks = vec![due];
            ticks.extend(expression.ticks(due, now, most - 1, &zone));
            let last = ticks.last().copied().unwrap_or(due);
            (ticks, last)
        }
        // Of jobs that may not overlap all that were missed make one, since it is alive when the others' turn comes.
        Missed::All | Missed::Coalesce => (vec![due], now),
        Missed::Skip => {
            let earliest = now.minus(LATE);
            let tick = if due >= earliest { Some(due) } else { next(earliest.minus(MICROSECOND)) };
            (tick.filter(|tick| *tick <= now).into_iter().collect(), now)
        }
    };
    Ok(Some(Firing { schedule: schedule.clone(), ticks, next_run_at: next(after) }))
}

/// The schedule after an edit at `now`; its next tick is looked for anew where its times change.
///
/// # Errors
/// As [`first_tick`].
pub fn edited(schedule: &Schedule, edit: &ScheduleEdit, now: Timestamp) -> Result<Schedule> {
    let mut new = schedule.clone();
    let definition = &mut new.definition;
    put(&mut definition.expression, edit.expression.as_ref());
    put(&mut definition.timezone, edit.timezone.as_ref());
    put(&mut definition.allow_overlap, edit.allow_overlap.as_ref());
    put(&mut definition.missed, edit.missed.as_ref());
    let job = &mut definition.job;
    put(&mut job.job_type, edit.job_type.as_ref());
    put(&mut job.payload, edit.job.payload.as_ref());
    put(&mut job.priority, edit.job.priority.as_ref());
    put(&mut job.max_attempts, edit.job.max_attempts.as_ref());
    put(&mut job.timeout_ms, edit.job.timeout_ms.as_ref());
    put(&mut job.force_kill_on_timeout, edit.job.force_kill_on_timeout.as_ref());
    job.force_kill_on_timeout &= job.timeout_ms.is_some();
    put(&mut job.tags, edit.job.tags.as_ref());
    put(&mut job.retry.delay, edit.job.retry_delay.as_ref());
    put(&mut job.retry.backoff, edit.job.retry_backoff.as_ref());
    put(&mut job.retry.delay_max, edit.job.retry_delay_max.as_ref());
    retime(&mut new, &schedule.definition, now)?;
    Ok(new)
}

/// The schedule with another definition, as [`edited`].
///
/// # Errors
/// As [`first_tick`].
pub fn redefined(schedule: &Schedule, definition: &NewSchedule, now: Timestamp) -> Result<Schedule> {
    let mut new = Schedule { definition: definition.clone(), ..schedule.clone() };
    retime(&mut new, &schedule.definition, now)?;
    Ok(new)
}

/// Whether two definitions mean the same, however a store writes their JSON.
#[must_use]
pub fn same_definition(one: &NewSchedule, other: &NewSchedule) -> bool {
    let plain = |schedule: &NewSchedule| {
        let mut plain = schedule.clone();
        plain.job.payload = bytes::Bytes::new();
        plain.job.tags = crate::model::distinct(&schedule.job.tags).into_iter().map(str::to_owned).collect();
        plain
    };
    let read = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).ok();
    let (payload, others) = (&one.job.payload, &other.job.payload);
    plain(one) == plain(other) && (payload == others || read(payload).is_some() && read(payload) == read(others))
}

fn retime(new: &mut Schedule, before: &NewSchedule, now: Timestamp) -> Result<()> {
    if new.definition.expression != before.expression || new.definition.timezone != before.timezone {
        new.next_run_at = Some(first_tick(&new.definition, now)?);
    }
    Ok(())
}

fn put<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

fn read(expression: &str, timezone: &str) -> Result<(cron::Schedule, Zone)> {
    Ok((cron::Schedule::parse(expression)?, cron::zone(timezone)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NewJob, ScheduleStatus};

    const MINUTE: i64 = 60_000_000;

    fn every_minute(missed: Missed, allow_overlap: bool, due: i64) -> Schedule {
        let at = Timestamp::from_micros;
        Schedule {
            id: 1,
            definition: NewSchedule {
                name: "s".into(),
                expression: "* * * * *".into(),
                timezone: "UTC".into(),
                allow_overlap,
                missed,
                job: NewJob::new("t", "{}"),
            },
            status: ScheduleStatus::Active,
            next_run_at: Some(at(due)),
            last_enqueued_at: None,
            last_job_id: None,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    /// The ticks and the next one, in minutes, for a schedule due at minute 10.
    fn fired(missed: Missed, allow_overlap: bool, now: i64) -> (Vec<i64>, i64) {
        let schedule = every_minute(missed, allow_overlap, 10 * MINUTE);
        let firing = firing(&schedule, Timestamp::from_micros(now)).unwrap().unwrap();
        let ticks = firing.ticks.iter().map(|tick| tick.as_micros() / MINUTE).collect();
        (ticks, firing.next_run_at.unwrap().as_micros() / MINUTE)
    }

    #[test]
    fn a_schedule_is_due_at_its_tick_and_not_before() {
        let schedule = every_minute(Missed::Coalesce, false, 10 * MINUTE);
        assert!(firing(&schedule, Timestamp::from_micros(10 * MINUTE - 1)).unwrap().is_none());
        for missed in Missed::ALL {
            for allow_overlap in [false, true] {
                assert_eq!(fired(missed, allow_overlap, 10 * MINUTE), (vec![10], 11));
            }
        }
    }

    #[test]
    fn missed_ticks_make_one_job_or_none_or_all() {
        let now = 15 * MINUTE + 1;
        assert_eq!(fired(Missed::Coalesce, true, now), (vec![10], 16));
        assert_eq!(fired(Missed::Skip, true, now), (vec![15], 16));
        assert_eq!(fired(Missed::All, true, now), (vec![10, 11, 12, 13, 14, 15], 16));
        assert_eq!(fired(Missed::All, false, now), (vec![10], 16));
    }

    #[test]
    fn a_minute_late_is_not_too_late() {
        assert_eq!(fired(Missed::Skip, true, 11 * MINUTE), (vec![10], 12));
        let mut hourly = every_minute(Missed::Skip, true, 60 * MINUTE);
        hourly.definition.expression = "0 * * * *".into();
        let late = firing(&hourly, Timestamp::from_micros(61 * MINUTE + 1)).unwrap().unwrap();
        assert_eq!((late.ticks, late.next_run_at), (vec![], Some(Timestamp::from_micros(120 * MINUTE))));
    }

    #[test]
    fn all_missed_ticks_are_made_good_in_steps_that_payloads_bound() {
        assert_eq!(fired(Missed::All, true, 1_000 * MINUTE), ((10..110).collect(), 110));
        let mut large = every_minute(Missed::All, true, 10 * MINUTE);
        large.definition.job.payload = format!("\"{}\"", "x".repeat(BYTES / 2)).into();
        let firing = firing(&large, Timestamp::from_micros(1_000 * MINUTE)).unwrap().unwrap();
        assert_eq!(firing.ticks.len(), 1);
    }

    #[test]
    fn definitions_are_compared_by_what_they_mean() {
        let one = every_minute(Missed::All, true, 0).definition;
        let mut other = one.clone();
        other.job.payload = "{ }".into();
        assert!(same_definition(&one, &other));
        other.job.payload = r#"{"a": 1}"#.into();
        assert!(!same_definition(&one, &other));
        other = NewSchedule { timezone: "Europe/Paris".into(), ..one.clone() };
        assert!(!same_definition(&one, &other));
    }
}
