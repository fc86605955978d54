//! Looking for what is to be done, and claims that renew their worker.

use std::time::Duration;

use dataqueue::model::{ClaimRequest, NewJob, NewToken, Outstanding, Status};

use crate::bench::{Bench, eventually, job, schedule};

super::tests![look:
    nothing_is_outstanding_where_nobody_else_works,
    claimable_jobs_are_seen_by_their_type,
    the_next_end_of_anothers_lease_is_foreseen,
    leases_that_nobody_keeps_are_seen_at_once,
    tokens_and_schedules_are_seen_when_their_time_has_come,
    a_claim_that_finds_jobs_renews_its_worker_where_it_says_so,
];

async fn look(bench: &Bench, worker: i64, types: &[&str]) -> Outstanding {
    let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
    bench.look(worker, &types).await.unwrap()
}

pub async fn nothing_is_outstanding_where_nobody_else_works(bench: &Bench) {
    let hand = bench.hand().await;
    bench.add_one(job("a")).await;
    hand.take("a").await;
    assert_eq!(look(bench, hand.worker.id, &["a", "b"]).await, Outstanding::default());
}

pub async fn claimable_jobs_are_seen_by_their_type(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    assert!(look(bench, 0, &["a"]).await.jobs);
    assert!(look(bench, 0, &["b", "a"]).await.jobs);
    assert!(!look(bench, 0, &["b", "aa", ""]).await.jobs);
    assert!(!look(bench, 0, &[]).await.jobs);
    assert_eq!(bench.status(id).await, Status::Pending);
    let due = bench.now().await.plus(Duration::from_millis(500));
    bench.add_one(NewJob { run_at: Some(due), ..job("later") }).await;
    let seen = look(bench, 0, &["later"]).await.jobs;
    assert!(!seen || bench.now().await >= due);
    eventually("it is due", async || look(bench, 0, &["later"]).await.jobs).await;
    assert!(bench.now().await >= due);
    let hand = bench.hand().await;
    hand.take("a").await;
    assert!(!look(bench, 0, &["a"]).await.jobs);
}

pub async fn the_next_end_of_anothers_lease_is_foreseen(bench: &Bench) {
    let (first, second) = (bench.hand().await, bench.hand().await);
    first.renew(Duration::from_secs(60)).await.unwrap();
    let seen = async |worker| look(bench, worker, &[]).await.reclaim_in.unwrap();
    let (own, anothers) = (seen(first.worker.id).await, seen(second.worker.id).await);
    assert!(own > Duration::from_secs(300) && own <= Duration::from_secs(600), "{own:?}");
    assert!(anothers > Duration::from_secs(20) && anothers <= Duration::from_secs(60), "{anothers:?}");
    let dying = bench.dying_hand().await;
    eventually("its lease runs out", async || seen(first.worker.id).await.is_zero()).await;
    assert!(dying.try_claim(&["a"], 1).await.is_ok(), "a look took it away");
}

pub async fn leases_that_nobody_keeps_are_seen_at_once(bench: &Bench) {
    bench.add_one(job("a")).await;
    let leaving = bench.hand().await;
    leaving.take("a").await;
    bench.unregister(&leaving.worker).await.unwrap();
    assert_eq!(look(bench, 0, &[]).await.reclaim_in, Some(Duration::ZERO));
    bench.reclaim_all(1).await;
    eventually("nothing is left", async || {
        bench.reclaim(10).await.unwrap();
        look(bench, 0, &[]).await.reclaim_in.is_none()
    })
    .await;
}

pub async fn tokens_and_schedules_are_seen_when_their_time_has_come(bench: &Bench) {
    let token = |id: &str, timeout| NewToken { id: id.to_owned(), job_id: None, timeout, tags: Vec::new() };
    bench.create_token(&token("long", Some(Duration::from_secs(600)))).await.unwrap();
    bench.create_token(&token("ever", None)).await.unwrap();
    bench.add_schedule(&schedule("next"), bench.now().await.plus(Duration::from_secs(600))).await.unwrap();
    assert_eq!(look(bench, 0, &[]).await, Outstanding::default());
    bench.create_token(&token("short", Some(Duration::from_millis(1)))).await.unwrap();
    eventually("its time is up", async || look(bench, 0, &[]).await.waits).await;
    assert_eq!(bench.tidy_waits(10).await.unwrap(), 1);
    assert!(!look(bench, 0, &[]).await.waits);
    bench.missed(&schedule("past"), 1).await;
    assert!(look(bench, 0, &[]).await.schedules);
    bench.fired().await;
    assert!(!look(bench, 0, &[]).await.schedules);
}

pub async fn a_claim_that_finds_jobs_renews_its_worker_where_it_says_so(bench: &Bench) {
    let hand = bench.hand().await;
    let left = async || look(bench, 0, &[]).await.reclaim_in.unwrap();
    let claim = async |token, lease| {
        let job_types = vec!["a".to_owned()];
        let request = ClaimRequest { worker: hand.worker.clone(), token, job_types, limit: 1, lease, turns: None };
        bench.claim(&request).await.unwrap().jobs.len()
    };
    assert_eq!(claim(1, Some(Duration::from_secs(60))).await, 0);
    assert!(left().await > Duration::from_secs(300), "a claim of nothing changes nothing");
    bench.add_one(job("a")).await;
    assert_eq!(claim(4, Some(Duration::from_secs(60))).await, 1);
    assert!(left().await <= Duration::from_secs(60));
    bench.add_one(job("a")).await;
    assert_eq!(claim(5, Some(Duration::from_secs(3_600))).await, 1);
    assert!(left().await > Duration::from_secs(1_800));
    bench.add_one(job("a")).await;
    assert_eq!(claim(6, None).await, 1);
    assert!(left().await > Duration::from_secs(1_800));
}
