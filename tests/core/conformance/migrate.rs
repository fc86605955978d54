//! Migrations.

use crate::bench::{Bench, job};

super::tests![migrate:
    migrating_twice_and_from_two_handles_at_once_is_safe,
    a_schema_goes_down_and_up_again,
];

pub async fn migrating_twice_and_from_two_handles_at_once_is_safe(bench: &Bench) {
    assert!(bench.migrate(None).await.unwrap().is_empty());
    bench.forget_history();
    bench.migrate(Some(0)).await.unwrap();
    let (one, other) = (bench.second(), bench.second());
    let (first, second) = tokio::join!(one.migrate(None), other.migrate(None));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    let state = one.migration_state().await.unwrap();
    assert_eq!(state.applied.len(), state.known.len());
}

pub async fn a_schema_goes_down_and_up_again(bench: &Bench) {
    bench.add_one(job("a")).await;
    bench.forget_history();
    let down = bench.migrate(Some(0)).await.unwrap();
    assert!(!down.is_empty());
    assert_eq!(bench.migrate(None).await.unwrap().len(), down.len());
    let fresh = bench.second();
    assert_eq!(fresh.add(vec![job("a")]).await.unwrap().len(), 1);
}
