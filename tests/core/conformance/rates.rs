//! How many jobs start within a span of time.

use std::time::Duration;

use dataqueue::model::{Limits, Rate, TypeLimits};

use super::flow::{finish, of_type};
use crate::bench::{Bench, eventually, ids, job};

super::tests![rates:
    no_more_jobs_start_within_a_span_than_may,
    types_that_share_a_key_share_its_rate,
    a_rate_is_never_exceeded_and_is_made_use_of,
    a_type_that_is_held_back_starts_when_the_time_is_up,
];

const HOUR: Duration = Duration::from_secs(3_600);

fn rate(key: &str, most: u32, per: Duration) -> TypeLimits {
    TypeLimits { max_running: None, rate: Some(Rate { key: key.to_owned(), most, per }) }
}

pub async fn no_more_jobs_start_within_a_span_than_may(bench: &Bench) {
    bench.set_limits(&of_type("a", rate("k", 3, HOUR))).await.unwrap();
    let added = bench.add_all(vec![job("a"), job("a"), job("b"), job("a"), job("a"), job("a")]).await;
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    let first = hand.claim(&["a", "b"], 2).await;
    assert_eq!(ids(&first), added[..2]);
    finish(&hand, &first).await;
    let second = other.claim(&["a", "b"], 10).await;
    assert_eq!(ids(&second), added[2..4]);
    finish(&other, &second).await;
    let none = hand.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    let due = none.next_due.unwrap();
    assert!(due > HOUR / 2 && due <= HOUR + HOUR / 30, "{due:?}");
    bench.set_limits(&of_type("a", rate("k", 4, HOUR))).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [added[4]]);
}

pub async fn types_that_share_a_key_share_its_rate(bench: &Bench) {
    let shared = ["a", "b"].map(|name| (name.to_owned(), rate("api", 3, HOUR)));
    bench.set_limits(&Limits { types: shared.into(), ..Limits::default() }).await.unwrap();
    let added = bench.add_all(vec![job("a"), job("b"), job("a"), job("b"), job("c")]).await;
    let hand = bench.hand().await;
    assert_eq!(ids(&hand.claim(&["a", "b", "c"], 10).await), [added[0], added[1], added[2], added[4]]);
    assert!(hand.claim(&["a", "b", "c"], 10).await.is_empty());
}

pub async fn a_rate_is_never_exceeded_and_is_made_use_of(bench: &Bench) {
    let per = Duration::from_millis(400);
    bench.set_limits(&of_type("a", rate("k", 4, per))).await.unwrap();
    bench.add_all(vec![job("a"); 14]).await;
    let hand = bench.hand().await;
    let mut starts = Vec::new();
    eventually("all have started", async || {
        let claimed = hand.claim(&["a"], 3).await;
        starts.extend(claimed.iter().filter_map(|claimed| claimed.job.locked_at));
        finish(&hand, &claimed).await;
        starts.len() == 14
    })
    .await;
    for (at, first) in starts.iter().enumerate() {
        let within = starts[at..].iter().filter(|start| **start < first.plus(per)).count();
        assert!(within <= 4, "{within} jobs started within the span: {starts:?}");
    }
}

pub async fn a_type_that_is_held_back_starts_when_the_time_is_up(bench: &Bench) {
    bench.set_limits(&of_type("b", rate("k", 100, HOUR))).await.unwrap();
    let added = bench.add_all(vec![job("a"), job("b")]).await;
    bench.hold("a", Duration::from_millis(300)).await.unwrap();
    bench.hold("b", HOUR).await.unwrap();
    let hand = bench.hand().await;
    let none = hand.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && none.next_due.is_some_and(|due| due <= Duration::from_millis(300)), "{none:?}");
    let mut claimed = Vec::new();
    eventually("the time is up", async || {
        claimed = ids(&hand.claim(&["a", "b"], 10).await);
        !claimed.is_empty()
    })
    .await;
    assert_eq!(claimed, added[..1]);
}
