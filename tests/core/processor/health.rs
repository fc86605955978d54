//! How a processor tells that it is well, and what becomes of a loop that hangs.

use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::Status;
use dataqueue::processor::{Drained, Health};

use super::station::{LOOPED, NEVER, Station};
use crate::bench::{Bench, Gate, Side, eventually, job};

super::tests![health:
    a_processor_is_ready_once_it_has_claimed_and_until_it_drains,
    a_processor_that_cannot_claim_is_not_ready_until_it_can,
    a_processor_without_a_free_slot_is_ready_as_long_as_its_leases_are_renewed,
    a_claimer_that_hangs_is_started_anew_and_its_jobs_are_found,
    a_settler_that_hangs_is_started_anew_and_loses_no_result,
    a_renewer_that_hangs_is_started_anew,
    a_loop_that_waits_on_purpose_does_not_hang,
    a_processor_whose_queue_was_closed_under_it_is_not_live,
    a_claim_that_never_lands_does_not_keep_a_drain,
];

const SOON: Duration = Duration::from_millis(100);

fn health(station: &Station) -> Health {
    station.processor.health()
}

async fn until(station: &Station, what: &str, condition: impl Fn(&Health) -> bool) {
    eventually(&format!("{what}: {:?}", health(station)), async || condition(&health(station))).await;
}

/// A processor whose loops hang when a call to the store takes longer than a moment.
fn impatient(bench: &Bench) -> (Arc<Gate>, Station) {
    let gate = Gate::before(bench.second());
    gate.promise(SOON);
    let station = Station::new(gate.clone(), |_| {});
    (gate, station)
}

async fn until_restarted(station: &Station, name: &str) {
    let told = format!("the {name} was restarted");
    let mut reports = Vec::new();
    eventually(&told, async || {
        reports.extend(station.lanes.attend(Duration::ZERO).1);
        reports.iter().any(|report: &String| report.contains(&told))
    })
    .await;
    assert!(health(station).restarts > 0);
}

pub async fn a_processor_is_ready_once_it_has_claimed_and_until_it_drains(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(LOOPED)]).await;
    let station = Station::new(bench.second(), |config| config.concurrency = 1);
    let before = health(&station);
    assert!(before.live && !before.ready && before.last_claim.is_none() && before.last_renewal.is_none());
    assert_eq!(before.reason.as_deref(), Some("it was not started"));
    station.processor.start().unwrap();
    until(&station, "it is ready", |health| health.ready).await;
    let run = station.next().await;
    assert_eq!(run.claimed.job.id, ids[0]);
    let busy = health(&station);
    assert!(busy.live && busy.ready && busy.store_reachable && busy.reason.is_none(), "{busy:?}");
    assert_eq!((busy.running, busy.restarts), (1, 0));
    assert!(busy.last_claim.is_some() && busy.last_renewal.is_some());
    station.processor.stop_claiming();
    let draining = health(&station);
    assert!(draining.live && !draining.ready && !draining.ended && draining.reason.unwrap().contains("drains"));
    station.complete(&run);
    assert!(station.drain(NEVER).await.complete);
    let ended = health(&station);
    assert!(ended.live && !ended.ready && ended.ended && ended.running == 0);
}

pub async fn a_processor_that_cannot_claim_is_not_ready_until_it_can(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| {
        config.unready_after = Some(SOON);
        config.poll_interval = Duration::from_millis(10);
    });
    until(&station, "it is ready", |health| health.ready).await;
    gate.hold(Side::Call, "claim");
    bench.add_one(job(LOOPED)).await;
    until(&station, "it is not ready", |health| !health.ready).await;
    let cut_off = health(&station);
    assert!(cut_off.live && cut_off.reason.unwrap().starts_with("no claim succeeded for "));
    gate.lose("claim", 1_000_000);
    gate.lose("reclaim_reply", 1_000_000);
    gate.open();
    until(&station, "the store cannot be reached", |health| !health.store_reachable).await;
    until(&station, "it says why", |health| {
        health.reason.as_ref().is_some_and(|reason| reason.contains("the reply was lost"))
    })
    .await;
    gate.lose("claim", 0);
    gate.lose("reclaim_reply", 0);
    until(&station, "it is ready again", |health| health.ready && health.store_reachable).await;
    station.drain(Duration::ZERO).await;
}

pub async fn a_processor_without_a_free_slot_is_ready_as_long_as_its_leases_are_renewed(bench: &Bench) {
    bench.add_one(job(LOOPED)).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| {
        config.concurrency = 1;
        config.batch_size = 1;
        config.poll_interval = Duration::from_millis(10);
        config.unready_after = Some(SOON);
        config.lease = Duration::from_secs(1);
    });
    let run = station.next().await;
    until(&station, "nothing was claimed for long", |health| {
        assert!(health.ready, "{health:?}");
        health.last_claim.is_some_and(|ago| ago > Duration::from_secs(2))
    })
    .await;
    gate.hold(Side::Call, "renew");
    until(&station, "its leases are not renewed", |health| !health.ready).await;
    assert!(health(&station).reason.unwrap().starts_with("the leases were not renewed for "));
    gate.open();
    until(&station, "its leases are renewed again", |health| health.ready).await;
    station.complete(&run);
    station.drain(Duration::ZERO).await;
}

pub async fn a_claimer_that_hangs_is_started_anew_and_its_jobs_are_found(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(LOOPED)]).await;
    let (gate, station) = impatient(bench);
    gate.hold(Side::Reply, "claim");
    station.processor.start().unwrap();
    gate.until_held(Side::Reply, "claim").await;
    until_restarted(&station, "claimer").await;
    gate.open();
    for id in ids {
        let run = station.next().await;
        assert_eq!((run.claimed.job.id, run.claimed.job.attempts), (id, 1), "claimed once, and not forgotten");
        station.complete(&run);
    }
    assert!(station.drain(NEVER).await.complete);
    assert_eq!(station.counts().completed, 2);
}

pub async fn a_settler_that_hangs_is_started_anew_and_loses_no_result(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let (gate, station) = impatient(bench);
    gate.hold(Side::Call, "settle");
    station.processor.start().unwrap();
    let run = station.next().await;
    station.complete(&run);
    gate.until_held(Side::Call, "settle").await;
    until_restarted(&station, "settler").await;
    gate.open();
    eventually("the result is recorded", async || bench.status(id).await == Status::Completed).await;
    station.drain(Duration::ZERO).await;
}

pub async fn a_renewer_that_hangs_is_started_anew(bench: &Bench) {
    let (gate, station) = impatient(bench);
    gate.hold(Side::Call, "register");
    station.processor.start().unwrap();
    gate.until_held(Side::Call, "register").await;
    until_restarted(&station, "renewer").await;
    gate.open();
    until(&station, "it is ready", |health| health.ready).await;
    station.drain(Duration::ZERO).await;
}

pub async fn a_loop_that_waits_on_purpose_does_not_hang(bench: &Bench) {
    let id = bench.add_one(job(LOOPED)).await;
    let gate = Gate::before(bench.second());
    gate.promise(Duration::from_millis(250));
    let station = Station::started(gate, |config| config.concurrency = 1);
    let run = station.next().await;
    let until = bench.now().await.plus(Duration::from_secs(3));
    eventually("there was time to take a rest for a hang", async || bench.now().await > until).await;
    let rested = health(&station);
    assert!(rested.live && rested.ready && rested.restarts == 0, "{rested:?}");
    station.complete(&run);
    eventually("the result is recorded", async || bench.status(id).await == Status::Completed).await;
    station.drain(Duration::ZERO).await;
}

pub async fn a_processor_whose_queue_was_closed_under_it_is_not_live(bench: &Bench) {
    let store = bench.second();
    let station = Station::started(store.clone(), |config| config.poll_interval = Duration::from_millis(10));
    until(&station, "it is ready", |health| health.ready).await;
    store.close().await;
    until(&station, "it is not live", |health| !health.live).await;
    let closed = health(&station);
    assert!(!closed.ready && closed.reason.unwrap().contains("has ended"));
    station.drain(Duration::ZERO).await;
}

pub async fn a_claim_that_never_lands_does_not_keep_a_drain(bench: &Bench) {
    let gate = Gate::before(bench.second());
    gate.hold(Side::Call, "claim");
    let station = Station::started(gate.clone(), |_| {});
    gate.until_held(Side::Call, "claim").await;
    assert_eq!(station.drain(Duration::ZERO).await, Drained { complete: true, released: 0 });
    assert!(health(&station).ended);
    gate.open();
}
