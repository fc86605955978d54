//! How often a processor calls its store: once to claim a batch, and once to record its ends.

use std::time::Duration;

use dataqueue::processor::{End, Finished};

use super::station::{LOOPED, Station};
use crate::bench::{Bench, Gate, eventually, job};

super::tests![calls: a_batch_is_claimed_once_and_settled_once];

const BATCH: usize = 10;
const ROUNDS: u64 = 4;

pub async fn a_batch_is_claimed_once_and_settled_once(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |config| {
        config.batch_size = BATCH as u32;
        config.concurrency = BATCH as u32;
    });
    gate.until_called("claim", 1).await;
    let idle = gate.calls("claim");
    for round in 1..=ROUNDS {
        bench.add_all((0..BATCH).map(|_| job(LOOPED)).collect()).await;
        let mut starts = Vec::new();
        eventually("a whole batch is taken", async || {
            starts.extend(station.lanes.exchange(Vec::new(), BATCH).0);
            starts.len() == BATCH
        })
        .await;
        let ends = starts.iter().map(|start| Finished { run: start.run, end: End::Completed(None) });
        station.lanes.exchange(ends.collect(), 0);
        gate.until_called("settle", round).await;
        station.until_counts("the batch is recorded", |counts| counts.completed == round * BATCH as u64).await;
        assert_eq!(gate.calls("settle"), round);
    }
    // Where the ends of a batch have made room, it looks for more; a hint may come so late that it looks once more.
    let looks = gate.calls("claim") - idle;
    assert!((ROUNDS..3 * ROUNDS).contains(&looks), "{looks} claims for {ROUNDS} batches");
    let known = [
        "claim",
        "due_schedules",
        "listen",
        "look",
        "reclaim",
        "record_traffic",
        "register",
        "set_limits",
        "settle",
        "tend_limits",
        "tidy_waits",
    ];
    let made = gate.made();
    assert!(made.iter().all(|(method, _)| known.contains(method)), "calls that a batch does not need: {made:?}");
    station.drain(Duration::from_secs(30)).await;
}
