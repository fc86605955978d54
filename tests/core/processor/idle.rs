//! A processor without work: quiet, and awake at once.

use std::time::Duration;

use dataqueue::model::NewJob;
use dataqueue::processor::RetryChoice;

use super::station::{LOOPED, Station};
use crate::bench::{Bench, Gate, Side, eventually, job};

super::tests![idle:
    idle_processors_look_and_hardly_do_more,
    a_worker_that_rests_is_leased_for_longer_until_its_next_claim,
    a_worker_that_holds_jobs_does_not_rest,
    a_job_added_elsewhere_wakes_an_idle_processor,
    a_job_that_falls_due_is_started_then_and_not_before,
    a_retry_that_falls_due_wakes_its_processor,
    the_poll_finds_what_no_hint_told_of,
];

const LEASE: Duration = Duration::from_millis(900);

/// Where the test moves the clock, a worker's leases last until it ends.
fn rests(bench: &Bench) -> bool {
    bench.virtual_clock().is_none()
}

pub async fn idle_processors_look_and_hardly_do_more(bench: &Bench) {
    // Jobs that they cannot claim, and a queue that has been used.
    let later = bench.now().await.plus(Duration::from_secs(600));
    bench.add_all(vec![job("foreign"), NewJob { run_at: Some(later), ..job(LOOPED) }]).await;
    let gates = [Gate::before(bench.second()), Gate::before(bench.second())];
    let stations = gates.clone().map(|gate| Station::started(gate, |config| config.lease = LEASE));
    for gate in &gates {
        gate.until_called("claim", 1).await;
    }
    for gate in &gates {
        gate.until_called("look", 8).await;
    }
    for (gate, station) in gates.iter().zip(stations) {
        let (looks, claims) = (gate.calls("look"), gate.calls("claim"));
        // Hints from before there was nothing to claim may still be on their way when it first looks.
        assert!(claims <= 4, "{claims} claims during {looks} looks");
        // One when it starts; and one more where it saw the other when that had not been renewed yet.
        let sweeps = gate.calls("reclaim");
        assert!(sweeps <= 2 + looks / 20, "{sweeps} sweeps during {looks} looks");
        let renewals = gate.calls("renew");
        assert!(!rests(bench) || renewals <= looks / 6, "{renewals} renewals during {looks} looks");
        let schedules = gate.calls("due_schedules");
        assert!(schedules <= 4, "schedules were read {schedules} times during {looks} looks");
        let tended = gate.calls("tend_limits");
        assert!(tended <= sweeps, "limits were tended {tended} times in {sweeps} sweeps");
        let started = [gate.calls("register"), gate.calls("set_limits")];
        let known = [looks, claims, sweeps, renewals, schedules, tended, gate.calls("listen"), started.iter().sum()];
        let rest = gate.all_calls() - known.iter().sum::<u64>();
        assert_eq!((rest, started), (0, [1, 1]), "{:?}", gate.made());
        station.drain(LEASE).await;
    }
}

pub async fn a_worker_that_rests_is_leased_for_longer_until_its_next_claim(bench: &Bench) {
    if !rests(bench) {
        return;
    }
    let lease = Duration::from_secs(3);
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| config.lease = lease);
    let left = async || bench.look(0, &[]).await.unwrap().reclaim_in.unwrap();
    gate.until_called("look", 2).await;
    assert!(left().await > lease * 5, "a claim of nothing does not end the rest");
    // Nothing but the claim renews it now.
    gate.hold(Side::Call, "renew");
    bench.add_one(job(LOOPED)).await;
    let run = station.next().await;
    assert!(left().await <= lease);
    gate.open();
    station.complete(&run);
    station.drain(lease).await;
}

pub async fn a_worker_that_holds_jobs_does_not_rest(bench: &Bench) {
    if !rests(bench) {
        return;
    }
    let lease = Duration::from_millis(600);
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| config.lease = lease);
    bench.add_one(job(LOOPED)).await;
    let run = station.next().await;
    let before = gate.calls("renew");
    gate.until_called("renew", before + 3).await;
    assert!(bench.look(0, &[]).await.unwrap().reclaim_in.unwrap() <= lease);
    station.complete(&run);
    station.drain(lease).await;
}

pub async fn a_job_added_elsewhere_wakes_an_idle_processor(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    for round in 1..=5 {
        gate.until_called("claim", round).await;
        let id = bench.add_one(job(LOOPED)).await;
        let run = station.next().await;
        assert_eq!(run.claimed.job.id, id);
        station.complete(&run);
    }
    station.drain(LEASE).await;
}

pub async fn a_job_that_falls_due_is_started_then_and_not_before(bench: &Bench) {
    let station = Station::started(bench.second(), |_| {});
    let due = bench.now().await.plus(Duration::from_millis(400));
    let ids = bench.add_all(vec![NewJob { run_at: Some(due), ..job(LOOPED) }, job(LOOPED)]).await;
    let first = station.next().await;
    let second = station.next().await;
    assert_eq!([first.claimed.job.id, second.claimed.job.id], [ids[1], ids[0]]);
    assert!(second.claimed.job.locked_at.unwrap() >= due);
    station.complete(&first);
    station.complete(&second);
    station.drain(LEASE).await;
}

pub async fn a_retry_that_falls_due_wakes_its_processor(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let station = Station::started(bench.second(), |_| {});
    let first = station.next().await;
    station.fail(&first, RetryChoice::After(Duration::from_millis(300)));
    eventually("the failure is recorded", async || bench.job(id).await.next_attempt_at.is_some()).await;
    let due = bench.job(id).await.next_attempt_at.unwrap();
    let second = station.next().await;
    assert_eq!((second.claimed.job.id, second.claimed.job.attempts), (id, 2));
    assert!(second.claimed.job.locked_at.unwrap() >= due);
    station.complete(&second);
    station.drain(LEASE).await;
}

pub async fn the_poll_finds_what_no_hint_told_of(bench: &Bench) {
    let gate = Gate::before(bench.second());
    // Nothing listens: every attempt to is answered by an error.
    gate.lose("listen", u64::MAX);
    let station = Station::started(gate.clone(), |config| config.poll_interval = Duration::from_millis(50));
    gate.until_called("look", 3).await;
    let id = bench.add_one(job(LOOPED)).await;
    let run = station.next().await;
    assert_eq!(run.claimed.job.id, id);
    station.complete(&run);
    station.drain(LEASE).await;
}
