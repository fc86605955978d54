//! Who works, and asking a worker to drain.

use std::time::Duration;

use dataqueue::model::{Count, Profile, WorkerRecord};

use crate::bench::{Bench, complete, eventually, job};

super::tests![workers:
    a_worker_is_told_of_as_it_said,
    a_worker_that_says_nothing_of_itself_is_told_of_too,
    a_worker_shows_what_it_runs_the_oldest_claim_first,
    a_worker_whose_lease_ran_out_is_not_alive,
    pages_go_by_growing_id,
    a_worker_that_is_asked_to_drain_learns_it_when_it_renews,
    only_a_living_worker_can_be_asked,
    whoever_listens_is_hinted_that_a_worker_is_asked,
];

const LEASE: Duration = Duration::from_secs(600);

async fn all(bench: &Bench) -> Vec<WorkerRecord> {
    bench.workers(0, 100).await.unwrap()
}

/// A server may read its clock for each of the two.
fn assert_lasts(worker: &WorkerRecord, lease: Duration) {
    let lasts = worker.lease_expires_at.since(worker.renewed_at);
    assert!(lasts.abs_diff(lease) < Duration::from_millis(100), "{lasts:?} of {lease:?}");
}

fn full() -> Profile {
    Profile {
        name: "w 'ü'".to_owned(),
        host: Some("host-1".to_owned()),
        pid: Some(4_711),
        version: Some("1.2.3".to_owned()),
        concurrency: Some(7),
        job_types: Some(vec!["a".to_owned(), "b \"c\"".to_owned()]),
    }
}

pub async fn a_worker_is_told_of_as_it_said(bench: &Bench) {
    let before = bench.now().await;
    let worker = bench.register(&full(), LEASE).await.unwrap();
    let none = Profile { job_types: Some(Vec::new()), ..full() };
    bench.register(&none, LEASE).await.unwrap();
    let told = all(bench).await;
    assert_eq!((told[0].id, &told[0].profile, &told[1].profile), (worker.id, &full(), &none));
    let first = &told[0];
    let started_at = first.started_at.unwrap();
    assert!(started_at >= before && first.renewed_at >= before, "{first:?}");
    assert_lasts(first, LEASE);
    assert!(first.is_alive && !first.is_draining);
    assert_eq!((first.running, first.job_ids.len()), (Count::exact(0), 0));
    bench.renew(&worker, 2 * LEASE).await.unwrap();
    let renewed = all(bench).await.remove(0);
    assert_eq!((renewed.started_at, &renewed.profile), (Some(started_at), &full()));
    assert!(renewed.renewed_at > first.renewed_at);
    assert_lasts(&renewed, 2 * LEASE);
    bench.unregister(&worker).await.unwrap();
    assert_eq!(all(bench).await.len(), 1);
}

pub async fn a_worker_that_says_nothing_of_itself_is_told_of_too(bench: &Bench) {
    bench.register(&Profile::named("silent"), LEASE).await.unwrap();
    assert_eq!(all(bench).await[0].profile, Profile::named("silent"));
}

pub async fn a_worker_shows_what_it_runs_the_oldest_claim_first(bench: &Bench) {
    let added = bench.add_all((0..130).map(|at| job(if at < 125 { "a" } else { "b" })).collect()).await;
    let (hand, other) = (bench.hand().await, bench.hand().await);
    let first = hand.claim(&["b"], 10).await;
    let rest = hand.claim(&["a"], 200).await;
    assert_eq!((first.len(), rest.len()), (5, 125));
    let told = all(bench).await;
    let (mine, others) =
        (told.iter().find(|one| one.id == hand.worker.id), told.iter().find(|one| one.id == other.worker.id));
    assert_eq!((mine.unwrap().running, others.unwrap().running), (Count::exact(130), Count::exact(0)));
    let shown: Vec<_> = added[125..].iter().chain(&added[..95]).copied().collect();
    assert_eq!(mine.unwrap().job_ids, shown);
    let ends: Vec<_> = first.iter().chain(&rest).skip(1).map(complete).collect();
    bench.settle(&ends).await.unwrap();
    let told = all(bench).await;
    let mine = told.iter().find(|one| one.id == hand.worker.id).unwrap();
    assert_eq!((mine.running, &mine.job_ids[..]), (Count::exact(1), &added[125..126]));
}

pub async fn a_worker_whose_lease_ran_out_is_not_alive(bench: &Bench) {
    let worker = bench.register(&full(), Duration::from_millis(10)).await.unwrap();
    eventually("the lease has run out", async || {
        all(bench).await.iter().any(|one| one.id == worker.id && !one.is_alive)
    })
    .await;
    bench.reclaim(10).await.unwrap();
    assert!(all(bench).await.is_empty());
}

pub async fn pages_go_by_growing_id(bench: &Bench) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(bench.register(&full(), LEASE).await.unwrap().id);
    }
    assert!(ids.is_sorted());
    let page = async |after, limit| -> Vec<_> {
        bench.workers(after, limit).await.unwrap().iter().map(|one| one.id).collect()
    };
    assert_eq!(page(0, 2).await, ids[..2]);
    assert_eq!(page(ids[1], 2).await, ids[2..4]);
    assert_eq!(page(ids[3], 2).await, ids[4..]);
    assert!(page(ids[4], 2).await.is_empty());
}

pub async fn a_worker_that_is_asked_to_drain_learns_it_when_it_renews(bench: &Bench) {
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    bench.add_all(vec![job("a"), job("a")]).await;
    let claimed = hand.claim(&["a"], 1).await;
    assert!(!bench.renew(&hand.worker, LEASE).await.unwrap().draining);
    assert!(bench.drain_worker(hand.worker.id).await.unwrap());
    let told = all(bench).await;
    let draining = |id| told.iter().any(|one| one.id == id && one.is_draining);
    assert!(draining(hand.worker.id) && !draining(other.worker.id));
    for _ in 0..2 {
        let renewed = bench.renew(&hand.worker, LEASE).await.unwrap();
        assert!(renewed.draining && renewed.cancelled.is_empty());
    }
    // It may be asked again, and asked to cancel besides.
    assert!(bench.drain_worker(hand.worker.id).await.unwrap());
    assert!(bench.changed(claimed[0].job.id, dataqueue::model::Change::CancelRunning).await);
    let renewed = bench.renew(&hand.worker, LEASE).await.unwrap();
    assert_eq!((renewed.draining, renewed.cancelled), (true, vec![claimed[0].lease]));
    // What it holds is its own still.
    assert!(hand.holds(claimed[0].lease).await);
    assert!(!bench.renew(&other.worker, LEASE).await.unwrap().draining);
}

pub async fn only_a_living_worker_can_be_asked(bench: &Bench) {
    assert!(!bench.drain_worker(i64::MAX - 7).await.unwrap());
    let gone = bench.hand().await.worker;
    bench.unregister(&gone).await.unwrap();
    assert!(!bench.drain_worker(gone.id).await.unwrap());
    let dying = bench.register(&full(), Duration::from_millis(1)).await.unwrap();
    eventually("the lease has run out", async || !bench.drain_worker(dying.id).await.unwrap()).await;
}

pub async fn whoever_listens_is_hinted_that_a_worker_is_asked(bench: &Bench) {
    let other = bench.second();
    let _wakes = other.listen().await.unwrap();
    eventually("the store listens", async || other.hears()).await;
    let worker = bench.hand().await.worker;
    let mut asked = other.cancels();
    asked.mark_unchanged();
    assert!(bench.drain_worker(worker.id).await.unwrap());
    eventually("the hint comes", async || asked.has_changed().unwrap()).await;
}
