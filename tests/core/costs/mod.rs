//! What each call of the hot loop costs its store, counted exactly: a statement, a command or a commit more turns a
//! test red.

mod postgres;
mod redis;
mod sqlite;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::{Claimed, NewJob};
use dataqueue::storage::Storage;

use crate::bench::{Hand, job};

/// The one job type.
const TYPE: &str = "a";

/// Two sizes of a batch: what grows with it shows.
const BATCHES: [usize; 2] = [20, 200];

fn jobs(count: usize) -> Vec<NewJob> {
    (0..count).map(|_| job(TYPE)).collect()
}

/// A worker, with the connections open and the statements known that a batch needs.
async fn warmed(store: Arc<dyn Storage>) -> Hand {
    let hand = Hand::with_lease(store, Duration::from_secs(600)).await;
    for batch in BATCHES {
        hand.store.add(jobs(batch)).await.unwrap();
        let claimed = claim(&hand, batch).await;
        let ends: Vec<_> = claimed.iter().map(crate::bench::complete).collect();
        hand.store.settle(&ends).await.unwrap();
    }
    hand
}

/// Claims a whole batch.
async fn claim(hand: &Hand, batch: usize) -> Vec<Claimed> {
    let claimed = hand.claim(&[TYPE], u32::try_from(batch).unwrap()).await;
    assert_eq!(claimed.len(), batch);
    claimed
}
