//! What must be true of a story, whatever went wrong in it.

use std::collections::HashMap;

use dataqueue::model::{EventKind as E, FailureReason, Job, ScheduleQuery, Status};

use super::cast::{Memory, Names, ROLES};
use super::story::Plan;
use crate::bench::{Bench, check_job, json};

/// The events of a role where no process died; a prolonging is a report, which may be lost.
fn path(role: &str) -> &'static [E] {
    match role {
        "flaky" => &[E::Added, E::Processing, E::Failed, E::Processing, E::Completed],
        "hopeless" => &[E::Added, E::Processing, E::Failed, E::Processing, E::Failed],
        "pause" | "token" | "parent" => &[E::Added, E::Processing, E::Waiting, E::Processing, E::Completed],
        _ => &[E::Added, E::Processing, E::Completed],
    }
}

pub async fn check(bench: &Bench, what: &str, plan: &Plan, names: &Names, memory: &Memory, jobs: &[Job]) {
    assert_eq!(*memory.wrongs.lock(), Vec::<String>::new(), "{what}");
    let mut by_role: HashMap<String, Vec<&Job>> = HashMap::new();
    for job in jobs {
        by_role.entry(json(&job.payload)["role"].as_str().unwrap().to_owned()).or_default().push(job);
    }
    for role in ROLES.into_iter().chain(["child", "tick"]) {
        let of_role = by_role.remove(role).unwrap_or_default();
        let [job] = of_role[..] else { panic!("{what}: one job of the role {role}, and not {of_role:#?}") };
        check_job(bench, job).await;
        check_end(what, plan, role, job);
        if plan.failpoint.is_none() || !plan.is_deadly() {
            let mut kinds = bench.kinds(job.id).await;
            kinds.retain(|kind| *kind != E::Prolonged);
            assert_eq!(kinds, path(role), "{what}: the events of the role {role}");
        }
        if role == "steps" {
            check_steps(what, memory, job);
        }
        if role == "tick" {
            check_schedule(bench, what, names, job).await;
        }
    }
    assert_eq!(by_role.len(), 0, "{what}: jobs that nobody added: {by_role:#?}");
    assert_eq!(bench.reclaim(1_000).await.unwrap(), [], "{what}: something was still leased");
}

fn check_end(what: &str, plan: &Plan, role: &str, job: &Job) {
    let status = if role == "hopeless" { Status::Failed } else { Status::Completed };
    assert_eq!(job.status, status, "{what}: {job:#?}");
    assert!((1..=job.max_attempts).contains(&job.attempts), "{what}: {job:#?}");
    let errors = json(&job.error_history).as_array().unwrap().len();
    if plan.is_deadly() {
        // Of a run that died nothing is told but its attempt.
        assert!(errors <= usize::try_from(job.attempts).unwrap(), "{what}: {job:#?}");
        return;
    }
    let (attempts, failures) = match role {
        "flaky" => (2, 1),
        "hopeless" => (2, 2),
        _ => (1, 0),
    };
    assert_eq!((job.attempts, errors), (attempts, failures), "{what}: {job:#?}");
    let reason = (failures > 0).then_some(FailureReason::HandlerError);
    assert_eq!(job.failure_reason, reason, "{what}: {job:#?}");
}

/// What was recorded of a step is what its handler was told was recorded.
fn check_steps(what: &str, memory: &Memory, job: &Job) {
    let kept = json(&job.step_data);
    let known = memory.steps.lock();
    assert_eq!(known.len(), 2, "{what}: {known:?}");
    for (name, entry) in &*known {
        assert_eq!(kept[name].to_string(), *entry, "{what}: the step {name} of {job:#?}");
    }
}

async fn check_schedule(bench: &Bench, what: &str, names: &Names, job: &Job) {
    let found = bench.schedules(&ScheduleQuery::Name(names.looped.clone())).await.unwrap().pop().unwrap();
    assert_eq!(found.last_job_id, Some(job.id), "{what}: {found:#?}");
    assert!(bench.remove_schedule(found.id).await.unwrap());
}
