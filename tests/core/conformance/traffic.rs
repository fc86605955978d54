//! What the fleet did: what workers tell of it, what is added up, and what is deleted.

use std::time::Duration;

use dataqueue::Error;
use dataqueue::model::{NewJob, Spread, Step, Tally, Traffic, TrafficQuery, TrafficRows};

use crate::bench::{Bench, Hand, complete, fail, job, worker_named};

super::tests![traffic:
    reports_of_several_workers_add_up_in_the_minute_and_in_the_hour,
    a_report_that_comes_again_changes_nothing,
    a_worker_that_is_not_registered_tells_nothing,
    types_are_told_apart_whatever_their_names,
    one_type_can_be_asked_for_and_the_newest_rows_come_first,
    every_number_comes_back_as_it_was_told,
    a_report_may_have_many_types,
    minutes_are_deleted_when_they_were_kept_for_long_enough,
    hours_are_deleted_when_they_were_kept_for_long_enough,
    a_claim_tells_when_each_job_fell_due,
];

const HOUR: Duration = Duration::from_secs(3_600);

fn told(job_type: &str, completed: u64) -> Traffic {
    Traffic { job_type: job_type.to_owned(), tally: Tally { completed, ..Tally::default() } }
}

async fn rows(bench: &Bench, step: Step, job_type: Option<&str>) -> TrafficRows {
    let query = TrafficQuery { span: HOUR, step, job_type: job_type.map(str::to_owned), limit: 1_000 };
    bench.traffic(&query).await.unwrap()
}

/// What was completed of each type, of all steps: the test may run as one ends.
async fn completed(bench: &Bench, step: Step) -> Vec<(String, u64)> {
    let mut sums = std::collections::BTreeMap::new();
    for (_, row) in rows(bench, step, None).await.rows {
        *sums.entry(row.job_type).or_insert(0) += row.tally.completed;
    }
    sums.into_iter().collect()
}

async fn tell(hand: &Hand, number: i64, traffic: &[Traffic]) {
    hand.store.record_traffic(&hand.worker, number, traffic).await.unwrap();
}

pub async fn reports_of_several_workers_add_up_in_the_minute_and_in_the_hour(bench: &Bench) {
    let (one, other) = (bench.hand().await, bench.distant_hand().await);
    let before = bench.now().await;
    tell(&one, 1, &[told("a", 3), told("b", 1)]).await;
    tell(&other, 1, &[told("a", 4)]).await;
    tell(&one, 2, &[told("a", 5)]).await;
    for step in Step::ALL {
        assert_eq!(completed(bench, step).await, [("a".to_owned(), 12), ("b".to_owned(), 1)]);
        let found = rows(bench, step, None).await;
        assert!(before <= found.now);
        for (at, _) in found.rows {
            assert_eq!(step.begin(at), at, "no whole step");
            assert!(step.begin(before) <= at && at <= found.now);
        }
    }
}

pub async fn a_report_that_comes_again_changes_nothing(bench: &Bench) {
    let hand = bench.hand().await;
    tell(&hand, 3, &[told("a", 3)]).await;
    tell(&hand, 3, &[told("a", 3)]).await;
    tell(&hand, 2, &[told("a", 100)]).await;
    assert_eq!(completed(bench, Step::Minute).await, [("a".to_owned(), 3)]);
    hand.renew(HOUR).await.unwrap();
    tell(&hand, 3, &[told("a", 3)]).await;
    bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    tell(&hand, 3, &[told("a", 3)]).await;
    assert_eq!(completed(bench, Step::Minute).await, [("a".to_owned(), 3)], "a renewal or a claim forgot the report");
    hand.settle(complete(&claimed)).await;
    tell(&hand, 4, &[told("a", 1)]).await;
    assert_eq!(completed(bench, Step::Hour).await, [("a".to_owned(), 4)]);
}

pub async fn a_worker_that_is_not_registered_tells_nothing(bench: &Bench) {
    let hand = bench.hand().await;
    bench.unregister(&hand.worker).await.unwrap();
    for worker in [hand.worker, worker_named("nobody")] {
        let refused = bench.record_traffic(&worker, 1, &[told("a", 1)]).await;
        assert!(matches!(refused, Err(Error::WorkerLost { .. })), "{refused:?}");
    }
    assert_eq!(completed(bench, Step::Minute).await, []);
}

pub async fn types_are_told_apart_whatever_their_names(bench: &Bench) {
    let hand = bench.hand().await;
    let names = ["", "60:0:a", "a", "a:b", "ü 'quoted' \"twice\" \\ %s %d", "{a,b}", "x".repeat(255).as_str()]
        .map(str::to_owned);
    let report: Vec<_> = names.iter().zip(1..).map(|(name, count)| told(name, count)).collect();
    tell(&hand, 1, &report).await;
    let mut expected: Vec<_> = names.into_iter().zip(1..).collect();
    expected.sort();
    assert_eq!(completed(bench, Step::Minute).await, expected);
}

pub async fn one_type_can_be_asked_for_and_the_newest_rows_come_first(bench: &Bench) {
    let hand = bench.hand().await;
    tell(&hand, 1, &[told("a", 1), told("b", 2), told("c", 3)]).await;
    let found = rows(bench, Step::Hour, Some("b")).await.rows;
    assert!(found.iter().all(|(_, row)| row.job_type == "b"));
    assert_eq!(found.iter().map(|(_, row)| row.tally.completed).sum::<u64>(), 2);
    assert_eq!(rows(bench, Step::Minute, Some("nothing")).await.rows, []);
    let query = TrafficQuery { span: HOUR, step: Step::Hour, job_type: None, limit: 2 };
    let some = bench.traffic(&query).await.unwrap().rows;
    assert_eq!(some.len(), 2);
    assert!(some.is_sorted_by(|(one, _), (next, _)| one >= next));
}

pub async fn every_number_comes_back_as_it_was_told(bench: &Bench) {
    let hand = bench.hand().await;
    let numbers: Vec<u64> = (1..=dataqueue::model::NUMBERS as u64).map(|number| number * 1_000_000_007).collect();
    let tally =
        Tally { lost: 1 << 50, latency: Spread { sum_ms: 1 << 52, ..Spread::default() }, ..Tally::of(&numbers) };
    tell(&hand, 1, &[Traffic { job_type: "a".to_owned(), tally }]).await;
    let found = rows(bench, Step::Minute, None).await.rows;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.tally, tally);
    let empty = rows(bench, Step::Minute, Some("b")).await;
    assert!(empty.rows.is_empty() && empty.now >= found[0].0);
}

pub async fn a_report_may_have_many_types(bench: &Bench) {
    let hand = bench.hand().await;
    let report: Vec<_> = (0..120).map(|number| told(&format!("type {number:03}"), number + 1)).collect();
    tell(&hand, 1, &report).await;
    tell(&hand, 2, &report).await;
    let sums = completed(bench, Step::Minute).await;
    assert_eq!(sums.len(), 120);
    assert_eq!(sums.iter().map(|(_, count)| count).sum::<u64>(), 2 * 120 * 121 / 2);
}

pub async fn minutes_are_deleted_when_they_were_kept_for_long_enough(bench: &Bench) {
    is_deleted_in_time(bench, Step::Minute).await;
    assert_eq!(completed(bench, Step::Hour).await.len(), 3, "hours are kept for longer");
}

pub async fn hours_are_deleted_when_they_were_kept_for_long_enough(bench: &Bench) {
    is_deleted_in_time(bench, Step::Hour).await;
    assert_eq!(completed(bench, Step::Minute).await.len(), 3);
}

async fn is_deleted_in_time(bench: &Bench, step: Step) {
    let hand = bench.hand().await;
    tell(&hand, 1, &[told("a", 1), told("b", 1)]).await;
    assert_eq!(bench.prune_traffic(step, 100).await.unwrap(), 0);
    bench.driver().age_traffic(step, step.kept().saturating_sub(2 * HOUR)).await;
    assert_eq!(bench.prune_traffic(step, 100).await.unwrap(), 0);
    assert_eq!(completed(bench, step).await, [], "it is older than what was asked for");
    bench.driver().age_traffic(step, 4 * HOUR).await;
    tell(&hand, 2, &[told("c", 1)]).await;
    assert_eq!(bench.prune_traffic(step, 1).await.unwrap(), 1);
    assert!(bench.prune_traffic(step, 100).await.unwrap() >= 1);
    assert_eq!(bench.prune_traffic(step, 100).await.unwrap(), 0);
    assert_eq!(completed(bench, step).await, [("c".to_owned(), 1)]);
}

pub async fn a_claim_tells_when_each_job_fell_due(bench: &Bench) {
    let hand = bench.hand().await;
    let due = bench.now().await.minus(Duration::from_secs(5));
    bench.add_one(NewJob { run_at: Some(due), ..job("a") }).await;
    bench.add_one(NewJob { run_at: Some(due.plus(Duration::from_secs(1))), priority: 5, ..job("a") }).await;
    let claimed = hand.claim(&["a"], 5).await;
    let told: Vec<_> = claimed.iter().map(|claimed| claimed.due_at.unwrap()).collect();
    assert_eq!(told, [due.plus(Duration::from_secs(1)), due]);
    hand.settle(fail(&claimed[1], Some(Duration::ZERO))).await;
    let again = hand.take("a").await;
    let (retried, failed) = (again.due_at.unwrap(), claimed[1].job.locked_at.unwrap());
    assert!(failed <= retried && retried <= again.job.locked_at.unwrap(), "{retried:?}");
    let reply = hand.store.reclaim_reply(&hand.worker, hand.token()).await.unwrap();
    assert_eq!(reply.jobs[0].due_at, None);
}
