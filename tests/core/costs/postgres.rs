//! PostgreSQL: statements as they are sent. Each that stands alone is one commit.

use std::sync::Arc;
use std::time::Duration;

use dataqueue::storage::{Storage, StoreOptions};
use futures_util::future::join_all;

use super::wire::{Asked, Wire};
use super::{BATCHES, claim, jobs, warmed};
use crate::bench::{self, Bench, Hand, Postgres, complete, fail, release};

/// A store behind a proxy that counts, on one connection; none behind a transaction pooler, where nothing stays prepared.
async fn counted(bench: &Bench) -> Option<(Wire, Arc<dyn Storage>)> {
    let StoreOptions::Postgres(mut options) = bench.driver().options() else { panic!("no server") };
    if options.pgbouncer {
        return None;
    }
    let (host, port) = options.hosts.remove(0);
    let wire = Wire::before(host, port).await;
    options.hosts = vec![wire.address()];
    options.pool_max = 1;
    let store = bench.driver().open(StoreOptions::Postgres(options));
    Some((wire, store))
}

fn asked<const N: usize>(counts: [(&str, u64); N]) -> Asked {
    counts.into_iter().map(|(what, count)| (what.to_owned(), count)).collect()
}

/// One statement that was prepared before.
fn one_statement() -> Asked {
    asked([("execute", 1)])
}

#[test]
fn a_batch_is_claimed_by_one_statement_and_completed_by_another() {
    bench::run::<Postgres>(async |bench| {
        let Some((wire, store)) = counted(bench).await else { return };
        let hand = warmed(store.clone()).await;
        for batch in BATCHES {
            bench.add_all(jobs(3 * batch)).await;
            wire.take();
            for _ in 0..3 {
                let claimed = claim(&hand, batch).await;
                assert_eq!(wire.take(), one_statement(), "of a claim of {batch}");
                let ends: Vec<_> = claimed.iter().map(complete).collect();
                hand.store.settle(&ends).await.unwrap();
                assert_eq!(wire.take(), one_statement(), "of the ends of {batch}");
            }
        }
        assert!(hand.claim(&[super::TYPE], 10).await.is_empty());
        assert_eq!(wire.take(), one_statement(), "of a claim of nothing");
        store.close().await;
    });
}

#[test]
fn each_kind_of_end_is_one_statement_and_all_are_one_transaction() {
    bench::run::<Postgres>(async |bench| {
        let Some((wire, store)) = counted(bench).await else { return };
        let hand = warmed(store.clone()).await;
        bench.add_all(jobs(60)).await;
        for prepared in [false, true] {
            let claimed = claim(&hand, 30).await;
            let ends = claimed.iter().enumerate().map(|(at, claimed)| match at % 3 {
                0 => complete(claimed),
                1 => fail(claimed, None),
                _ => release(claimed),
            });
            wire.take();
            hand.store.settle(&ends.collect::<Vec<_>>()).await.unwrap();
            if prepared {
                let whole = asked([("BEGIN", 1), ("execute", 3), ("COMMIT", 1)]);
                assert_eq!(wire.take(), whole);
            }
        }
        store.close().await;
    });
}

#[test]
fn jobs_are_added_and_leases_renewed_by_one_statement() {
    bench::run::<Postgres>(async |bench| {
        let Some((wire, store)) = counted(bench).await else { return };
        let hand: Hand = warmed(store.clone()).await;
        hand.renew(Duration::from_secs(600)).await.unwrap();
        wire.take();
        hand.renew(Duration::from_secs(600)).await.unwrap();
        assert_eq!(wire.take(), one_statement(), "of a renewal");
        for batch in BATCHES {
            store.add(jobs(batch)).await.unwrap();
            assert_eq!(wire.take(), one_statement(), "of adding {batch}");
        }
        store.close().await;
    });
}

#[test]
fn adds_of_many_callers_at_a_time_are_few_statements() {
    bench::run::<Postgres>(async |bench| {
        let Some((wire, store)) = counted(bench).await else { return };
        warmed(store.clone()).await;
        for batch in [1, 2] {
            store.add(jobs(batch)).await.unwrap();
        }
        wire.take();
        let added = join_all((0..30).map(|_| store.add(jobs(1)))).await;
        assert!(added.iter().all(|added| added.as_ref().unwrap()[0].created));
        // The first two are on their way when the others come: up to thirty are begun before any of them goes on.
        assert_eq!(wire.take(), asked([("execute", 3)]));
        store.close().await;
    });
}
