//! Runs in processes of their own, which are real and which the processor kills; and runs that are to be cancelled.

#![cfg(unix)]

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command};
use std::time::Duration;

use dataqueue::model::{Change, EventKind, FailureReason, Filter, JobId, NewJob, Status};
use dataqueue::processor::{AbortReason, End, HandlerError, LaneKind, Next, RetryChoice, Start};

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, eventually, job};

super::tests![processes:
    the_process_of_a_job_that_says_so_is_killed_at_the_deadline,
    other_handlers_in_processes_are_told_first_and_killed_soon_after,
    a_handler_that_stops_when_it_is_told_is_not_killed,
    work_that_was_done_before_the_deadline_is_kept,
    a_process_that_dies_fails_its_job_alone_and_the_third_time_for_good,
    a_running_job_that_is_cancelled_loses_its_process,
    handlers_of_every_lane_are_told_that_their_job_is_cancelled,
    a_claimed_job_that_has_not_started_is_cancelled_without_starting,
    a_run_that_must_end_already_may_not_start_its_process,
    what_does_not_stop_when_draining_is_killed,
    slots_go_to_runs_in_the_order_of_claiming_whichever_lane_they_are_for,
];

const BRIEF: Duration = Duration::from_millis(60);

/// A process that would outlive the test.
fn process() -> Child {
    Command::new("sleep").arg("600").process_group(0).spawn().unwrap()
}

/// Waits until a process has ended; whether it was killed.
async fn killed(mut process: Child) -> bool {
    let mut ended = None;
    eventually("the process has ended", async || {
        ended = process.try_wait().unwrap();
        ended.is_some()
    })
    .await;
    ended.unwrap().signal() == Some(9)
}

fn end_of(process: Child) {
    let mut process = process;
    process.kill().unwrap();
    process.wait().unwrap();
}

fn lost() -> End {
    End::Lost(HandlerError {
        message: "the process was ended by SIGSEGV".to_owned(),
        kind: None,
        traceback: None,
        retry: RetryChoice::After(Duration::ZERO),
    })
}

fn forced(timeout: Duration) -> NewJob {
    let timeout_ms = Some(i32::try_from(timeout.as_millis()).unwrap());
    NewJob { timeout_ms, force_kill_on_timeout: true, ..job(LOOPED) }
}

/// A station whose type `LOOPED` runs in processes, whatever its jobs say.
fn station(bench: &Bench, lease: Duration) -> Station {
    Station::started(bench.second(), |config| {
        config.lease = lease;
        config.handlers.get_mut(LOOPED).unwrap().lane = LaneKind::Process;
    })
}

async fn next(station: &Station) -> Start {
    let mut next = None;
    eventually("a run for a process", async || {
        next = match station.lanes.next(LaneKind::Process, None, Duration::ZERO) {
            Next::Start { start, .. } => Some(start),
            Next::Nothing | Next::Closed => None,
        };
        next.is_some()
    })
    .await;
    next.unwrap()
}

/// Starts a process for the next run.
async fn started(station: &Station) -> (Start, Child) {
    let (start, process) = (next(station).await, process());
    assert!(station.lanes.bind(start.run, i32::try_from(process.id()).unwrap()));
    (start, process)
}

async fn cancel(bench: &Bench, id: JobId) {
    assert!(bench.changed(id, Change::CancelRunning).await);
}

pub async fn the_process_of_a_job_that_says_so_is_killed_at_the_deadline(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 2, ..forced(BRIEF) }).await;
    // Its handler runs on the loop, but for such jobs.
    let station = Station::started(bench.second(), |_| {});
    let (start, process) = started(&station).await;
    assert!(killed(process).await);
    assert_eq!(station.lanes.verdict(start.run), Some(AbortReason::Timeout));
    assert_eq!(bench.status(id).await, Status::Processing, "its retry must not start before the process is gone");
    station.lanes.unbind(start.run);
    station.end(start.run, lost());
    station.until_counts("it failed", |counts| counts.failed == 1).await;
    assert!(station.drain(BRIEF).await.complete);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.failure_reason), (Status::Failed, Some(FailureReason::Timeout)));
    assert_eq!(job.crashes, 0, "it was killed on purpose");
    assert!(job.next_attempt_at.is_some());
}

pub async fn other_handlers_in_processes_are_told_first_and_killed_soon_after(bench: &Bench) {
    bench.add_one(NewJob { force_kill_on_timeout: false, ..forced(BRIEF) }).await;
    let station = station(bench, Duration::from_secs(600));
    let (start, mut process) = started(&station).await;
    station.until_aborted(&start, AbortReason::Timeout).await;
    assert!(process.try_wait().unwrap().is_none(), "killed as soon as it was told");
    assert!(killed(process).await);
    station.end(start.run, lost());
    station.until_counts("it failed", |counts| counts.failed == 1).await;
    station.drain(BRIEF).await;
}

pub async fn a_handler_that_stops_when_it_is_told_is_not_killed(bench: &Bench) {
    let id = bench.add_one(NewJob { force_kill_on_timeout: false, ..forced(BRIEF) }).await;
    let station = station(bench, Duration::from_secs(600));
    let (start, mut process) = started(&station).await;
    station.until_aborted(&start, AbortReason::Timeout).await;
    station.fail(&start, RetryChoice::Never);
    station.until_counts("it failed", |counts| counts.failed == 1).await;
    station.drain(BRIEF).await;
    assert_eq!(bench.job(id).await.failure_reason, Some(FailureReason::Timeout));
    assert!(process.try_wait().unwrap().is_none());
    end_of(process);
}

pub async fn work_that_was_done_before_the_deadline_is_kept(bench: &Bench) {
    let id = bench.add_one(forced(BRIEF)).await;
    let station = Station::started(bench.second(), |_| {});
    let (start, process) = started(&station).await;
    assert!(killed(process).await);
    // Its result was on the way when it was killed.
    station.complete(&start);
    assert!(station.drain(BRIEF).await.complete);
    assert_eq!(bench.status(id).await, Status::Completed);
}

pub async fn a_process_that_dies_fails_its_job_alone_and_the_third_time_for_good(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 10, ..job(LOOPED) }).await;
    let station = station(bench, Duration::from_secs(600));
    for crashes in 1..=3 {
        let (start, process) = started(&station).await;
        assert_eq!(start.claimed.job.crashes, crashes - 1);
        end_of(process);
        station.lanes.unbind(start.run);
        station.end(start.run, lost());
        eventually("its end is recorded", async || bench.job(id).await.crashes == crashes).await;
    }
    station.drain(BRIEF).await;
    let job = bench.job(id).await;
    assert_eq!((job.status, job.failure_reason), (Status::Failed, Some(FailureReason::Lost)));
    assert_eq!((job.attempts, job.next_attempt_at), (3, None));
}

pub async fn a_running_job_that_is_cancelled_loses_its_process(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let station = station(bench, Duration::from_secs(600));
    let (start, process) = started(&station).await;
    cancel(bench, id).await;
    assert!(killed(process).await);
    assert_eq!(bench.status(id).await, Status::Processing);
    station.end(start.run, lost());
    assert!(station.drain(BRIEF).await.complete);
    assert_eq!(bench.status(id).await, Status::Cancelled);
    assert_eq!(station.counts().cancelled, 1);
}

pub async fn handlers_of_every_lane_are_told_that_their_job_is_cancelled(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(THREADED)]).await;
    let station = Station::started(bench.second(), |_| {});
    let runs = [station.next_of_any().await, station.next_of_any().await];
    for &id in &ids {
        cancel(bench, id).await;
    }
    for run in &runs {
        station.until_aborted(run, AbortReason::Cancelled).await;
    }
    station.fail(&runs[0], RetryChoice::After(Duration::ZERO));
    station.complete(&runs[1]);
    assert!(station.drain(BRIEF).await.complete);
    let of = |run: &Start| run.claimed.job.id;
    assert_eq!(bench.status(of(&runs[0])).await, Status::Cancelled);
    assert_eq!(bench.status(of(&runs[1])).await, Status::Completed, "it was done all the same");
}

pub async fn a_claimed_job_that_has_not_started_is_cancelled_without_starting(bench: &Bench) {
    let id = bench.add_one(job(THREADED)).await;
    let station = Station::started(bench.second(), |_| {});
    eventually("it is claimed", async || bench.status(id).await == Status::Processing).await;
    cancel(bench, id).await;
    eventually("it is cancelled", async || bench.status(id).await == Status::Cancelled).await;
    assert!(station.try_next_thread().is_none());
    station.drain(BRIEF).await;
}

pub async fn a_run_that_must_end_already_may_not_start_its_process(bench: &Bench) {
    bench.add_one(forced(BRIEF)).await;
    let station = Station::started(bench.second(), |_| {});
    let start = next(&station).await;
    eventually("its time is up", async || station.lanes.verdict(start.run).is_some()).await;
    assert!(!station.lanes.bind(start.run, 1));
    station.end(start.run, End::Released);
    station.until_counts("it failed", |counts| counts.failed == 1).await;
    station.drain(BRIEF).await;
}

pub async fn what_does_not_stop_when_draining_is_killed(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let station = station(bench, Duration::from_secs(600));
    let (_start, process) = started(&station).await;
    assert!(!station.drain(BRIEF).await.complete);
    assert!(killed(process).await);
    let job = bench.job(id).await;
    assert_eq!((job.status, job.attempts), (Status::Pending, 0));
    assert_eq!(bench.kinds(id).await.last(), Some(&EventKind::Reclaimed));
}

pub async fn slots_go_to_runs_in_the_order_of_claiming_whichever_lane_they_are_for(bench: &Bench) {
    let forced = || NewJob { job_type: THREADED.to_owned(), ..forced(Duration::from_secs(600)) };
    bench.add_all(vec![job(LOOPED), job(THREADED), forced(), job(THREADED), forced(), job(LOOPED)]).await;
    let station = Station::started(bench.second(), |_| {});
    let first = [station.next_of_any().await, station.next_of_any().await, next(&station).await];
    let none = |lane| matches!(station.lanes.next(lane, None, Duration::ZERO), Next::Nothing);
    assert!(station.try_next().is_none() && none(LaneKind::Thread) && none(LaneKind::Process), "no slot is free");
    station.complete(&first[0]);
    eventually("the next one was claimed", async || bench.count(&Filter::default()).await.unwrap() == 6).await;
    let fourth = station.next_of_any().await;
    assert_eq!(fourth.claimed.job.job_type, THREADED);
    assert!(none(LaneKind::Process), "it is not its turn");
    station.complete_all(&[first[1].clone(), first[2].clone(), fourth]);
    let rest = [next(&station).await, station.next_of_any().await];
    assert_eq!(rest[1].claimed.job.job_type, LOOPED);
    station.complete_all(&rest);
    assert!(station.drain(BRIEF).await.complete);
}
