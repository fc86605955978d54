//! Time limits of handlers.

use std::time::Duration;

use dataqueue::model::{EventKind, FailureReason, NewJob, Status};
use dataqueue::processor::{AbortReason, Control, RetryChoice};

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, eventually, job};

super::tests![deadlines:
    the_deadline_is_armed_before_the_handler_starts,
    a_deadline_that_the_handler_moves_first_thing_stays_moved,
    the_default_time_limit_serves_jobs_without_one_of_their_own,
    a_run_without_a_time_limit_has_none_to_move,
    a_handler_that_is_asked_decides_and_one_that_does_not_answer_times_out,
    handlers_that_never_return_hold_no_slots_but_cannot_pile_up,
];

const BRIEF: Duration = Duration::from_millis(60);

fn brief(job_type: &str) -> NewJob {
    NewJob { timeout_ms: Some(60), ..job(job_type) }
}

pub async fn the_deadline_is_armed_before_the_handler_starts(bench: &Bench) {
    let ids = bench.add_all(vec![brief(LOOPED), NewJob { max_attempts: 1, ..brief(THREADED) }]).await;
    let station = Station::started(bench.second(), |_| {});
    // Handed out, and never heard of again.
    let runs = [station.next_of_any().await, station.next_of_any().await];
    for run in &runs {
        station.until_aborted(run, AbortReason::Timeout).await;
    }
    station.until_counts("both have failed", |counts| counts.failed == 2).await;
    station.complete_all(&runs);
    station.drain(BRIEF).await;
    for (id, retried) in ids.into_iter().zip([true, false]) {
        let job = bench.job(id).await;
        assert_eq!((job.status, job.failure_reason), (Status::Failed, Some(FailureReason::Timeout)));
        assert_eq!(job.next_attempt_at.is_some(), retried);
        assert_eq!(bench.kinds(id).await.last(), Some(&EventKind::Failed), "a late end was recorded");
    }
}

pub async fn a_deadline_that_the_handler_moves_first_thing_stays_moved(bench: &Bench) {
    let ids = bench.add_all(vec![brief(LOOPED), brief(THREADED)]).await;
    let station = Station::started(bench.second(), |_| {});
    let runs = [station.next_of_any().await, station.next_of_any().await];
    for run in &runs {
        assert!(station.lanes.prolong(run.run, Some(Duration::from_secs(600))));
    }
    let until = runs[1].claimed.job.locked_at.unwrap().plus(4 * BRIEF);
    eventually("the first deadline has passed", async || bench.now().await > until).await;
    assert_eq!((station.told(), station.counts().failed), (Vec::new(), 0));
    station.complete_all(&runs);
    assert!(station.drain(BRIEF).await.complete);
    for id in ids {
        use EventKind::{Added, Completed, Processing, Prolonged};
        assert_eq!(bench.kinds(id).await, [Added, Processing, Prolonged, Completed]);
    }
}

pub async fn the_default_time_limit_serves_jobs_without_one_of_their_own(bench: &Bench) {
    let own = NewJob { timeout_ms: Some(600_000), ..job(LOOPED) };
    bench.add_all(vec![job(LOOPED), own]).await;
    let station = Station::started(bench.second(), |config| config.default_timeout = Some(BRIEF));
    let runs = [station.next().await, station.next().await];
    station.until_aborted(&runs[0], AbortReason::Timeout).await;
    station.complete(&runs[1]);
    assert!(station.drain(BRIEF).await.complete);
    assert_eq!((station.counts().failed, station.counts().completed), (1, 1));
}

pub async fn a_run_without_a_time_limit_has_none_to_move(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let station = Station::started(bench.second(), |_| {});
    let run = station.next().await;
    assert!(!station.lanes.prolong(run.run, Some(BRIEF)));
    station.complete(&run);
    station.drain(BRIEF).await;
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
}

pub async fn a_handler_that_is_asked_decides_and_one_that_does_not_answer_times_out(bench: &Bench) {
    let ids = bench.add_all((0..3).map(|at| brief([LOOPED, THREADED][at % 2])).collect()).await;
    let station = Station::started(bench.second(), |_| {});
    let runs = [station.next_of_any().await, station.next_of_any().await, station.next_of_any().await];
    for run in &runs {
        station.lanes.ask_on_timeout(run.run);
    }
    for run in &runs {
        station.until_told(Control::AskTimeout { run: run.run }).await;
    }
    let [goes_on, gives_up, silent] = &runs;
    station.lanes.answer_timeout(goes_on.run, Some(Duration::from_secs(600)), RetryChoice::Policy);
    station.lanes.answer_timeout(gives_up.run, None, RetryChoice::Never);
    station.until_aborted(silent, AbortReason::Timeout).await;
    station.until_aborted(gives_up, AbortReason::Timeout).await;
    station.complete(goes_on);
    station.drain(BRIEF).await;
    let of = |run: &dataqueue::processor::Start| run.claimed.job.id;
    assert_eq!(bench.status(of(goes_on)).await, Status::Completed);
    assert_eq!(bench.job(of(gives_up)).await.next_attempt_at, None);
    assert!(bench.job(of(silent)).await.next_attempt_at.is_some());
    assert_eq!(ids.len(), 3);
}

pub async fn handlers_that_never_return_hold_no_slots_but_cannot_pile_up(bench: &Bench) {
    bench.add_all((0..3).map(|_| brief(LOOPED)).collect()).await;
    let station = Station::started(bench.second(), |config| config.concurrency = 1);
    let first = station.next().await;
    station.until_aborted(&first, AbortReason::Timeout).await;
    let second = station.next().await;
    station.until_aborted(&second, AbortReason::Timeout).await;
    station.until_counts("both have failed", |counts| counts.failed == 2).await;
    // As many as there are slots run on without a job: the next one waits until its handler returns.
    let until = bench.now().await.plus(4 * BRIEF);
    eventually("there was time to start a third", async || {
        assert!(station.try_next().is_none());
        bench.now().await > until
    })
    .await;
    station.complete(&second);
    let third = station.next().await;
    station.complete(&third);
    station.complete(&first);
    station.drain(BRIEF).await;
    assert_eq!((station.counts().failed, station.counts().completed), (2, 1));
}
