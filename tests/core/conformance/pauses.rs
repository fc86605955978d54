//! Pausing a type, a group or everything.

use dataqueue::model::{Scope, TypeLimits};

use super::flow::{grouped, of_type};
use crate::bench::{Bench, ids, job, release};

super::tests![pauses:
    a_paused_type_waits_and_others_do_not,
    a_paused_group_waits_and_others_do_not,
    a_paused_queue_starts_nothing,
    what_is_paused_is_told,
];

pub async fn a_paused_type_waits_and_others_do_not(bench: &Bench) {
    let added = bench.add_all(vec![job("a"), job("b"), job("a")]).await;
    let paused = Scope::Type("a".to_owned());
    assert!(bench.set_paused(&paused, true).await.unwrap());
    assert!(!bench.set_paused(&paused, true).await.unwrap());
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    assert_eq!(ids(&hand.claim(&["a", "b"], 10).await), [added[1]]);
    let none = other.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    let later = bench.add_one(job("a")).await;
    assert!(other.claim(&["a"], 10).await.is_empty());
    assert!(bench.set_paused(&paused, false).await.unwrap());
    assert!(!bench.set_paused(&paused, false).await.unwrap());
    assert_eq!(ids(&other.claim(&["a", "b"], 10).await), [added[0], added[2], later]);
}

pub async fn a_paused_group_waits_and_others_do_not(bench: &Bench) {
    let added = bench.add_all(vec![grouped("a", "g"), grouped("a", "h"), job("a"), grouped("b", "g")]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 1).await;
    let paused = Scope::Group("g".to_owned());
    assert!(bench.set_paused(&paused, true).await.unwrap());
    assert_eq!(ids(&hand.claim(&["a", "b"], 10).await), added[1..3]);
    hand.settle(release(&first[0])).await;
    assert!(hand.claim(&["a", "b"], 10).await.is_empty());
    assert!(bench.set_paused(&paused, false).await.unwrap());
    assert_eq!(ids(&hand.claim(&["a", "b"], 10).await), [added[0], added[3]]);
}

pub async fn a_paused_queue_starts_nothing(bench: &Bench) {
    let added = bench.add_all(vec![job("a"), grouped("b", "g")]).await;
    assert!(bench.set_paused(&Scope::All, true).await.unwrap());
    let hand = bench.hand().await;
    let none = hand.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    assert!(bench.set_paused(&Scope::All, false).await.unwrap());
    assert_eq!(ids(&hand.claim(&["a", "b"], 10).await), added);
}

pub async fn what_is_paused_is_told(bench: &Bench) {
    assert!(bench.paused().await.unwrap().is_empty());
    let scopes = [Scope::All, Scope::Type("a".to_owned()), Scope::Type("b c".to_owned()), Scope::Group("g".to_owned())];
    for scope in &scopes {
        assert!(bench.set_paused(scope, true).await.unwrap());
    }
    assert_eq!(bench.paused().await.unwrap(), scopes);
    bench.set_limits(&of_type("a", TypeLimits::default())).await.unwrap();
    assert_eq!(bench.paused().await.unwrap(), scopes, "a processor without limits leaves pauses as they are");
    for scope in &scopes {
        assert!(bench.set_paused(scope, false).await.unwrap());
    }
    assert!(bench.paused().await.unwrap().is_empty());
}
