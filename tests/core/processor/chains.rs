//! Jobs that wait for one another, each started by the end of the one before it.

use std::sync::Arc;
use std::time::Duration;

use dataqueue::error::Backend;
use dataqueue::model::{DependsOn, EventKind, Extras, NewJob, Status};
use dataqueue::processor::End;

use super::station::{LOOPED, Station};
use crate::bench::{Bench, Fault, Gate, Side, eventually, job};

super::tests![chains:
    what_the_end_of_a_job_releases_is_claimed_along_with_it,
    a_chain_runs_once_whatever_becomes_of_its_calls,
    what_was_claimed_along_with_an_end_goes_back_when_no_more_is_to_be_run,
    what_nobody_here_runs_is_left_to_others,
];

const LINKS: usize = 12;

/// Jobs of a type, each of which waits for the one before it.
fn chain(job_type: &str, links: usize) -> Vec<NewJob> {
    let link = |at: usize| {
        let depends_on = (at > 0).then(|| DependsOn { job_ids: vec![DependsOn::batch_ref(at - 1)], tags: Vec::new() });
        NewJob { extras: Extras { depends_on, ..Extras::default() }.boxed(), ..job(job_type) }
    };
    (0..links).map(link).collect()
}

/// The call that records an end and claims along with it, where a store has such; otherwise the one that records ends.
fn joined(bench: &Bench) -> &'static str {
    if bench.backend() == Backend::Postgres { "settle_and_claim" } else { "settle" }
}

/// Runs a chain to its end through a gate, each of its jobs once.
async fn run_chain(bench: &Bench, gate: &Arc<Gate>) {
    let ids = bench.add_all(chain(LOOPED, LINKS)).await;
    let station = Station::started(gate.clone(), |_| {});
    let staff = station.staff(1, |_| End::Completed(None));
    eventually("the last link ends", async || bench.status(ids[LINKS - 1]).await == Status::Completed).await;
    station.drain(Duration::from_secs(30)).await;
    staff.dismiss();
    for id in ids {
        assert_eq!(bench.job(id).await.attempts, 1);
        assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
    }
}

pub async fn what_the_end_of_a_job_releases_is_claimed_along_with_it(bench: &Bench) {
    let gate = Gate::before(bench.second());
    run_chain(bench, &gate).await;
    if bench.backend() == Backend::Postgres {
        // The last end releases nothing, and an end leaves a claim that is under way to itself.
        let along = gate.calls("settle_and_claim");
        assert!((1..LINKS as u64).contains(&along), "{along} ends of {LINKS} took a claim along");
    }
}

pub async fn a_chain_runs_once_whatever_becomes_of_its_calls(bench: &Bench) {
    for fault in [Fault::Refused, Fault::Unanswered, Fault::Rejected] {
        let mut reached = 0;
        for number in [1, 2, 5] {
            let gate = Gate::before(bench.second());
            gate.fail_at(joined(bench), number, fault);
            run_chain(bench, &gate).await;
            reached += u32::from(gate.has_failed());
        }
        // Which ends take a claim along is a matter of timing.
        assert!(reached > 0, "no call met with {fault:?}");
    }
}

pub async fn what_was_claimed_along_with_an_end_goes_back_when_no_more_is_to_be_run(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let ids = bench.add_all(chain(LOOPED, 2)).await;
    let station = Station::started(gate.clone(), |_| {});
    let first = station.next().await;
    gate.hold(Side::Reply, joined(bench));
    station.complete(&first);
    gate.until_held(Side::Reply, joined(bench)).await;
    station.processor.stop_claiming();
    gate.open();
    station.drain(Duration::from_secs(30)).await;
    let left = bench.job(ids[1]).await;
    assert_eq!((left.status, left.attempts), (Status::Pending, 0));
    assert_eq!(bench.hand().await.take(LOOPED).await.job.id, ids[1]);
}

pub async fn what_nobody_here_runs_is_left_to_others(bench: &Bench) {
    let jobs: Vec<_> = chain(LOOPED, 2)
        .into_iter()
        .zip([LOOPED, "elsewhere"])
        .map(|(one, name)| NewJob { job_type: name.to_owned(), ..one })
        .collect();
    let ids = bench.add_all(jobs).await;
    let station = Station::started(bench.second(), |_| {});
    let first = station.next().await;
    station.complete(&first);
    let hand = bench.hand().await;
    let mut found = Vec::new();
    eventually("it is released", async || {
        found = hand.claim(&["elsewhere"], 5).await;
        !found.is_empty()
    })
    .await;
    assert_eq!(found[0].job.id, ids[1]);
    station.drain(Duration::from_secs(30)).await;
}
