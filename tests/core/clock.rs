//! A store whose clock stands still until it is moved: what falls due when, and what a jump does to those at work.

use std::time::Duration;

use dataqueue::clock::{Clock, VirtualClock};
use dataqueue::model::{EventKind, Status};
use dataqueue::processor::{End, Pause, Until};

use crate::bench::{Bench, Gate, Hand, Still, fail, job, run};
use crate::processor::station::{LOOPED, Station};

const DAY: Duration = Duration::from_secs(86_400);
const LEASE: Duration = Duration::from_secs(30);

fn clock(bench: &Bench) -> VirtualClock {
    bench.virtual_clock().unwrap().clone()
}

#[test]
fn what_falls_due_next_is_a_start_a_retry_or_the_end_of_a_lease_after_now() {
    run::<Still>(async |bench| {
        let clock = clock(bench);
        let begin = clock.now();
        assert_eq!(bench.next_due().await.unwrap(), None);
        bench.add_one(job("due already")).await;
        assert_eq!(bench.next_due().await.unwrap(), None);
        let mut later = job("later");
        later.run_at = Some(begin.plus(3 * DAY));
        bench.add_one(later).await;
        assert_eq!(bench.next_due().await.unwrap(), Some(begin.plus(3 * DAY)));
        let hand = Hand::with_lease(bench.store(), 2 * DAY).await;
        assert_eq!(bench.next_due().await.unwrap(), Some(begin.plus(2 * DAY)));
        hand.settle(fail(&hand.take("due already").await, Some(DAY))).await;
        assert_eq!(bench.next_due().await.unwrap(), Some(begin.plus(DAY)));
        clock.advance(DAY);
        assert_eq!(bench.next_due().await.unwrap(), Some(begin.plus(2 * DAY)));
    });
}

#[test]
fn a_dead_workers_job_is_taken_back_when_its_lease_has_run_out_and_no_earlier() {
    run::<Still>(async |bench| {
        let id = bench.add_one(job("a")).await;
        Hand::with_lease(bench.store(), LEASE).await.take("a").await;
        clock(bench).advance(LEASE.checked_sub(Duration::from_micros(1)).unwrap());
        assert_eq!(bench.reclaim(10).await.unwrap(), []);
        clock(bench).advance(Duration::from_micros(1));
        assert_eq!(bench.reclaim(10).await.unwrap().len(), 1);
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Reclaimed]);
    });
}

#[test]
fn a_processor_keeps_the_jobs_that_it_runs_however_far_the_clock_is_moved() {
    run::<Still>(async |bench| {
        let id = bench.add_one(job(LOOPED)).await;
        let station = Station::started(bench.second(), |config| config.lease = LEASE);
        let run = station.next().await;
        clock(bench).advance(365 * DAY);
        assert_eq!(bench.reclaim(10).await.unwrap(), []);
        // Another starts with a sweep, and runs what is due.
        assert_eq!(Station::new(bench.second(), |_| {}).processor.run_due(10).await.unwrap(), 0);
        station.complete(&run);
        assert!(station.drain(LEASE).await.complete);
        assert_eq!((bench.status(id).await, bench.job(id).await.attempts), (Status::Completed, 1));
    });
}

#[test]
fn an_idle_processor_looks_when_the_clock_is_moved_and_not_before() {
    run::<Still>(async |bench| {
        let clock = clock(bench);
        let mut soon = job(LOOPED);
        soon.run_at = Some(clock.now().plus(Duration::from_micros(1)));
        bench.add_one(soon).await;
        let gate = Gate::before(bench.second());
        let station = Station::started(gate.clone(), |_| {});
        gate.until_called("claim", 1).await;
        // What it does until it sweeps is all that it does for a job that comes no nearer.
        gate.until_called("reclaim", 1).await;
        assert_eq!(gate.calls("claim"), 1);
        clock.advance(Duration::from_micros(1));
        let run = station.next().await;
        station.complete(&run);
        station.drain(LEASE).await;
    });
}

#[test]
fn a_wait_lasts_exactly_as_long_as_was_asked_for() {
    run::<Still>(async |bench| {
        let clock = clock(bench);
        let id = bench.add_one(job(LOOPED)).await;
        let station = Station::started(bench.second(), |_| {});
        let run = station.next().await;
        clock.advance(DAY);
        let until = Until::After(3 * DAY);
        let pause = Pause {
            name: "__wait_0".to_owned(),
            label: None,
            kind: "duration".to_owned(),
            until: Some(until),
            on: None,
        };
        station.end(run.run, End::Waiting(pause));
        station.until_counts("it waits", |counts| counts.waited == 1).await;
        assert!(station.drain(LEASE).await.complete);
        assert_eq!(bench.job(id).await.wait_until, Some(clock.now().plus(3 * DAY)));
    });
}

#[test]
fn a_processor_that_dies_records_nothing_and_its_job_is_anothers_after_the_lease() {
    run::<Still>(async |bench| {
        let id = bench.add_one(job(LOOPED)).await;
        let doomed = Station::started(bench.second(), |config| config.lease = LEASE);
        let run = doomed.next().await;
        doomed.processor.die().await.unwrap();
        doomed.complete(&run);
        doomed.drain(LEASE).await;
        assert_eq!((doomed.counts().completed, bench.status(id).await), (0, Status::Processing));
        assert_eq!(bench.reclaim(10).await.unwrap(), []);
        clock(bench).advance(LEASE);
        assert_eq!(bench.reclaim(10).await.unwrap().len(), 1);
        assert_eq!(bench.status(id).await, Status::Pending);
    });
}
