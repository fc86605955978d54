//! A store that goes away and comes back, again and again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dataqueue::lock::Mutex;
use dataqueue::model::{EventKind, Filter, JobId, NewJob, Status};
use dataqueue::processor::{End, RetryChoice, Start};
use dataqueue::storage::Storage;

use super::station::{LOOPED, Station, THREADED};
use crate::bench::{Bench, Fault, Gate, Hand, Side, eventually, job};

super::tests![outage:
    each_job_runs_and_ends_once_while_the_store_keeps_going_away,
    a_processor_is_woken_by_hints_again_after_an_outage,
    a_processor_that_starts_during_an_outage_works_when_it_is_over,
    a_job_that_comes_while_a_claim_gets_no_answer_is_claimed,
    after_an_outage_nobody_sweeps_before_the_others_could_renew,
    a_result_that_the_store_refuses_is_recorded_once_it_takes_it,
];

const JOBS: usize = 600;
const OUTAGES: usize = 12;
const SOON: Duration = Duration::from_secs(60);

/// Adds jobs under keys, each until the store answers.
async fn add_persistently(store: Arc<dyn Storage>) {
    for at in 0..JOBS / 10 {
        let jobs: Vec<_> = (0..10)
            .map(|one| NewJob {
                idempotency_key: Some(format!("{at}.{one}")),
                ..job([LOOPED, THREADED][(at + one) % 2])
            })
            .collect();
        while store.add(jobs.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub async fn each_job_runs_and_ends_once_while_the_store_keeps_going_away(bench: &Bench) {
    let runs: Arc<Mutex<HashMap<JobId, u32>>> = Arc::default();
    let counting = |runs: Arc<Mutex<HashMap<JobId, u32>>>| {
        move |start: &Start| {
            *runs.lock().entry(start.claimed.job.id).or_default() += 1;
            End::Completed(None)
        }
    };
    let stations = [bench.impatient(), bench.impatient()].map(|store| Station::started(store, |_| {}));
    let staffs = stations.each_ref().map(|station| station.staff(2, counting(runs.clone())));
    let adding = tokio::spawn(add_persistently(bench.impatient()));
    for outage in 0..OUTAGES {
        // The next one comes when some work was done since the last.
        let enough = JOBS * outage / (2 * OUTAGES);
        eventually("work goes on", async || runs.lock().len() >= enough).await;
        bench.driver().go_away().await;
    }
    adding.await.unwrap();
    eventually("every job has run", async || runs.lock().len() == JOBS).await;
    let done = Filter { statuses: vec![Status::Completed], ..Filter::default() };
    eventually("every end is recorded", async || bench.count(&done).await.is_ok_and(|count| count == JOBS as u64))
        .await;
    for station in &stations {
        assert!(station.drain(SOON).await.complete);
        assert_eq!(station.counts().lost, 0);
    }
    staffs.into_iter().for_each(super::station::Staff::dismiss);
    let twice: Vec<_> = runs.lock().iter().filter(|(_, times)| **times != 1).map(|(id, times)| (*id, *times)).collect();
    assert_eq!(twice, []);
    let ids: Vec<_> = runs.lock().keys().copied().collect();
    for id in ids {
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
    }
    assert_eq!(bench.reclaim(10).await.unwrap(), [], "a lease was left behind");
}

pub async fn a_processor_is_woken_by_hints_again_after_an_outage(bench: &Bench) {
    let station = Station::started(bench.impatient(), |_| {});
    for _ in 0..3 {
        let id = bench.add_one(job(LOOPED)).await;
        let run = station.next().await;
        assert_eq!(run.claimed.job.id, id);
        station.complete(&run);
        eventually("it is recorded", async || bench.get(&[id]).await.is_ok_and(|jobs| jobs[0].completed_at.is_some()))
            .await;
        bench.driver().go_away().await;
        eventually("the store answers", async || bench.get(&[id]).await.is_ok()).await;
    }
    let id = bench.add_one(job(LOOPED)).await;
    assert_eq!(station.next().await.claimed.job.id, id);
    station.drain(Duration::ZERO).await;
}

pub async fn a_processor_that_starts_during_an_outage_works_when_it_is_over(bench: &Bench) {
    let ids = bench.add_all((0..3).map(|_| job(LOOPED)).collect()).await;
    let store = bench.impatient();
    let station = Station::new(store, |_| {});
    let (away, started) = tokio::join!(bench.driver().go_away(), async { station.processor.start() });
    started.unwrap();
    let () = away;
    for id in ids {
        let run = station.next().await;
        assert_eq!(run.claimed.job.id, id);
        station.complete(&run);
    }
    assert!(station.drain(SOON).await.complete);
}

pub async fn a_job_that_comes_while_a_claim_gets_no_answer_is_claimed(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let mut hints = gate.listen().await.unwrap();
    gate.hold(Side::Reply, "claim");
    let station = Station::started(gate.clone(), |_| {});
    gate.until_held(Side::Reply, "claim").await;
    hints.borrow_and_update();
    let id = bench.add_one(job(LOOPED)).await;
    tokio::time::timeout(SOON, hints.changed()).await.unwrap().unwrap();
    gate.lose("claim", 1);
    gate.open();
    let run = station.next().await;
    assert_eq!(run.claimed.job.id, id);
    station.complete(&run);
    assert!(station.drain(SOON).await.complete);
}

pub async fn after_an_outage_nobody_sweeps_before_the_others_could_renew(bench: &Bench) {
    let lease = Duration::from_secs(2);
    // Its lease runs out, and would be swept, well before the half of the other one is over.
    let _dying = Hand::with_lease(bench.store(), lease / 4).await;
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| config.lease = lease);
    for method in ["reclaim", "claim", "look"] {
        gate.until_called(method, 1).await;
    }
    // At any moment from here on the store is out of reach.
    let before = Instant::now();
    gate.lose("claim", 1);
    bench.add_one(job(LOOPED)).await;
    gate.until_called("reclaim_reply", 1).await;
    let swept = gate.calls("reclaim");
    gate.until_called("reclaim", swept + 1).await;
    assert!(before.elapsed() >= lease / 2, "swept after {:?}", before.elapsed());
    station.complete(&station.next().await);
    station.drain(SOON).await;
}

pub async fn a_result_that_the_store_refuses_is_recorded_once_it_takes_it(bench: &Bench) {
    let ids = bench.add_all(vec![job(LOOPED), job(LOOPED)]).await;
    let gate = Gate::before(bench.second());
    gate.fail_at("settle", 1, Fault::Rejected);
    let station = Station::started(gate.clone(), |_| {});
    let runs = [station.next().await, station.next().await];
    station.fail(&runs[0], RetryChoice::Never);
    eventually("the store refused it", async || gate.has_failed()).await;
    station.complete(&runs[1]);
    eventually("the other is recorded", async || bench.status(ids[1]).await == Status::Completed).await;
    eventually("the refused one too", async || bench.status(ids[0]).await == Status::Failed).await;
    assert!(station.drain(SOON).await.complete);
}
