//! The checker of histories: every job's events tell a legal path that leads to the state it is in.

use dataqueue::model::{Event, EventKind, Filter, Job, Page, Status};
use dataqueue::policy::limits::MAX_ERRORS;
use dataqueue::policy::status::after;
use serde_json::Value;

use super::{Bench, json};

/// The newest this many jobs are checked.
const CHECKED: u32 = 400;

/// A state of a job: its status, and whether a failed one has its retry due.
type State = (Status, bool);

/// Checks every job of the store.
pub async fn check(bench: &Bench) {
    let page = Page { limit: CHECKED, offset: 0, before: None };
    for job in bench.find(&Filter::default(), page).await.unwrap() {
        check_job(bench, &job).await;
    }
}

/// Checks one job.
pub async fn check_job(bench: &Bench, job: &Job) {
    check_record(job);
    let events = bench.events(job.id).await.unwrap();
    let told = replay(job, &events);
    let state = (job.status, job.status == Status::Failed && job.next_attempt_at.is_some());
    assert_eq!(told, state, "the events of job {} lead elsewhere: {events:#?}\n{job:#?}", job.id);
}

fn replay(job: &Job, events: &[Event]) -> State {
    let Some((first, rest)) = events.split_first() else { panic!("job {} has no events", job.id) };
    assert_eq!(first.kind, EventKind::Added, "the first event of job {}", job.id);
    let mut state: State = (Status::Pending, false);
    let mut claimed_from = state;
    for (before, event) in events.iter().zip(rest) {
        assert!(before.id < event.id && before.created_at <= event.created_at, "events out of order: {events:#?}");
        assert_eq!(event.job_id, job.id);
        let metadata = || event.metadata.as_ref().map_or(Value::Null, |text| json(text));
        let Some(status) = after(state.0, state.1, event.kind) else {
            panic!("job {} was {state:?} when it {:?}: {events:#?}", job.id, event.kind);
        };
        if event.kind == EventKind::Processing {
            claimed_from = state;
        }
        state = match event.kind {
            EventKind::Failed => (status, metadata()["will_retry"] == true),
            EventKind::Reclaimed if metadata()["released"] == true => claimed_from,
            EventKind::Edited | EventKind::Prolonged => state,
            _ => (status, false),
        };
    }
    state
}

fn check_record(job: &Job) {
    let running = job.status == Status::Processing;
    assert_eq!((running, running), (job.locked_by.is_some(), job.locked_at.is_some()), "lock fields: {job:#?}");
    assert!((0..=job.max_attempts).contains(&job.attempts), "attempts: {job:#?}");
    assert_eq!(job.completed_at.is_some(), job.status == Status::Completed, "completed_at: {job:#?}");
    assert!(job.next_attempt_at.is_none() || job.status == Status::Failed, "next_attempt_at: {job:#?}");
    assert!(job.next_attempt_at.is_none() || job.attempts < job.max_attempts, "a retry without attempts: {job:#?}");
    assert!(job.status != Status::Pending || job.attempts < job.max_attempts, "can never be claimed: {job:#?}");
    assert!(job.status != Status::Failed || job.last_failed_at.is_some(), "last_failed_at: {job:#?}");
    assert!(job.status != Status::Cancelled || job.last_cancelled_at.is_some(), "last_cancelled_at: {job:#?}");
    assert!(job.created_at <= job.updated_at, "updated_at: {job:#?}");
    assert!(json(&job.step_data).is_object(), "step_data: {job:#?}");
    let history = json(&job.error_history);
    let entries = history.as_array().unwrap_or_else(|| panic!("error_history: {job:#?}"));
    assert!(entries.len() <= MAX_ERRORS);
    for entry in entries {
        assert!(entry["message"].is_string() && entry["attempt"].is_number() && entry["timestamp"].is_string());
    }
}
