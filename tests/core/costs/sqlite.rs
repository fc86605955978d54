//! SQLite: commits, each of which is one `fsync` of the write-ahead log where the file is written with full synchrony.

use std::fs;
use std::path::{Path, PathBuf};

use dataqueue::storage::StoreOptions;

use super::{BATCHES, claim, jobs, warmed};
use crate::bench::{self, Bench, Sqlite, complete, fail, release};

/// The lengths of the log's head, and of that of each page in it.
const HEAD: usize = 32;
const PAGE_HEAD: usize = 24;

/// The log beside the database.
fn log(bench: &Bench) -> PathBuf {
    let StoreOptions::Sqlite(options) = bench.driver().options() else { panic!("no file") };
    let mut path = options.path.unwrap().into_os_string();
    path.push("-wal");
    path.into()
}

/// How many commits the log holds: pages that tell how large the database is after them. A log that was begun anew is known
/// by its salt.
fn commits(log: &Path) -> (Vec<u8>, usize) {
    let bytes = fs::read(log).unwrap();
    let size = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let salt = &bytes[16..24];
    let pages = bytes[HEAD..].chunks_exact(PAGE_HEAD + size);
    let valid = pages.take_while(|page| &page[8..16] == salt);
    (salt.to_vec(), valid.filter(|page| page[4..8] != [0; 4]).count())
}

/// How many commits some work makes.
async fn counted<T>(bench: &Bench, work: impl Future<Output = T>) -> (usize, T) {
    let log = log(bench);
    let (salt, before) = commits(&log);
    let answer = work.await;
    let (same, after) = commits(&log);
    assert_eq!(salt, same, "the log was begun anew meanwhile");
    (after - before, answer)
}

#[test]
fn a_batch_is_added_claimed_and_ended_by_one_commit_each() {
    bench::run::<Sqlite>(async |bench| {
        let hand = warmed(bench.store()).await;
        for batch in BATCHES {
            for round in 0..3 {
                let (added, _) = counted(bench, bench.add_all(jobs(batch))).await;
                let (begun, claimed) = counted(bench, claim(&hand, batch)).await;
                let ends: Vec<_> = claimed
                    .iter()
                    .enumerate()
                    .map(|(at, claimed)| match (round, at % 3) {
                        (0, 1) => fail(claimed, None),
                        (0, 2) => release(claimed),
                        _ => complete(claimed),
                    })
                    .collect();
                let (ended, _) = counted(bench, hand.store.settle(&ends)).await;
                assert_eq!((added, begun, ended), (1, 1, 1), "of a batch of {batch}");
                let left = claimed.len() - ends.iter().filter(|end| !end.outcome.runs_again()).count();
                if left > 0 {
                    let again: Vec<_> = claim(&hand, left).await.iter().map(complete).collect();
                    hand.store.settle(&again).await.unwrap();
                }
            }
        }
        let (idle, none) = counted(bench, hand.claim(&[super::TYPE], 10)).await;
        assert_eq!((idle, none.len()), (0, 0), "looking for jobs that are not there writes nothing");
    });
}
