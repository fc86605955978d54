//! Chores, done by processors and by supervisors.

use std::time::Duration;

use dataqueue::model::{Filter, Status};
use dataqueue::processor::{Chore, Supervisor, Upkeep};

use super::station::Station;
use crate::bench::{Bench, Gate, Side, complete, eventually, job, settled_all};

super::tests![chores:
    a_processor_does_its_chores_and_one_without_leaves_them,
    a_round_does_each_chore_and_counts,
    a_chore_that_fails_is_told_and_keeps_no_other_from_it,
    a_supervisor_does_rounds_until_it_is_stopped,
    a_drain_waits_for_the_round_under_way,
    a_supervisor_that_never_started_ends_at_once,
];

const GRACE: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(86_400);

/// Adds and completes jobs, and moves them so many days into the past.
async fn finished(bench: &Bench, count: usize, days: u32) {
    bench.forget_history();
    let ids = bench.add_all((0..count).map(|_| job("done")).collect()).await;
    let hand = bench.hand().await;
    let done: Vec<_> = hand.claim(&["done"], count as u32).await.iter().map(complete).collect();
    assert!(settled_all(&bench.settle(&done).await.unwrap()));
    bench.driver().age(&ids, DAY * days).await;
}

async fn left(bench: &Bench) -> u64 {
    let completed = Filter { statuses: vec![Status::Completed], ..Filter::default() };
    bench.count(&completed).await.unwrap()
}

pub async fn a_processor_does_its_chores_and_one_without_leaves_them(bench: &Bench) {
    finished(bench, 3, 31).await;
    finished(bench, 2, 1).await;
    let gate = Gate::before(bench.second());
    let without = Station::started(gate.clone(), |_| {});
    gate.until_called("claim", 1).await;
    let upkeep = Upkeep { every: Duration::from_millis(50), ..Upkeep::default() };
    let with = Station::started(bench.second(), |config| config.upkeep = Some(upkeep));
    eventually("the old jobs are gone", async || left(bench).await == 2).await;
    assert_eq!(gate.calls("prune_jobs") + gate.calls("prune_events"), 0);
    with.drain(GRACE).await;
    without.drain(GRACE).await;
}

pub async fn a_round_does_each_chore_and_counts(bench: &Bench) {
    finished(bench, 3, 31).await;
    finished(bench, 2, 1).await;
    let dead = bench.hand().await;
    bench.add_one(job("stuck")).await;
    dead.take("stuck").await;
    bench.driver().silence(dead.worker.id, Duration::from_secs(600)).await;
    let chores =
        [Chore::ReclaimStuck(Duration::from_secs(300)), Chore::PruneJobs(DAY * 30), Chore::PruneEvents(DAY * 30)];
    let supervisor = Supervisor::new(bench.second(), DAY, chores.to_vec());
    let counts: Vec<u64> = supervisor.run_once().await.into_iter().map(|(_, count)| count.unwrap()).collect();
    assert_eq!((counts[0], counts[1], left(bench).await), (1, 3, 2));
    let again: Vec<u64> = supervisor.run_once().await.into_iter().map(|(_, count)| count.unwrap()).collect();
    assert_eq!(again, [0, 0, 0]);
}

pub async fn a_chore_that_fails_is_told_and_keeps_no_other_from_it(bench: &Bench) {
    finished(bench, 2, 2).await;
    let gate = Gate::before(bench.second());
    gate.lose("reclaim_stuck", u64::MAX);
    let chores = vec![Chore::ReclaimStuck(Duration::ZERO), Chore::PruneJobs(DAY)];
    let supervisor = Supervisor::new(gate, Duration::from_millis(50), chores);
    supervisor.start().unwrap();
    eventually("the jobs are gone", async || left(bench).await == 0).await;
    let mut told = Vec::new();
    eventually("the error is told", async || {
        told.extend(supervisor.attend(Duration::ZERO).unwrap_or_default());
        !told.is_empty()
    })
    .await;
    assert!(told[0].contains("reclaiming stuck jobs") && told[0].contains("the reply was lost"), "{told:?}");
    assert!(supervisor.drain(GRACE).await);
}

pub async fn a_supervisor_does_rounds_until_it_is_stopped(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let supervisor =
        Supervisor::new(gate.clone(), Duration::from_millis(20), vec![Chore::PruneEvents(DAY), Chore::PruneJobs(DAY)]);
    assert!(!supervisor.is_running());
    supervisor.start().unwrap();
    assert!(supervisor.is_running());
    gate.until_called("prune_jobs", 3).await;
    supervisor.stop();
    assert!(!supervisor.is_running());
    eventually("it has ended", async || supervisor.attend(Duration::ZERO).is_none()).await;
}

pub async fn a_drain_waits_for_the_round_under_way(bench: &Bench) {
    let gate = Gate::before(bench.second());
    gate.hold(Side::Call, "prune_jobs");
    let supervisor = std::sync::Arc::new(Supervisor::new(gate.clone(), DAY, vec![Chore::PruneJobs(DAY)]));
    supervisor.start().unwrap();
    gate.until_held(Side::Call, "prune_jobs").await;
    assert!(!supervisor.drain(Duration::from_millis(50)).await);
    assert_eq!(gate.calls("prune_jobs"), 0);
    let again = Supervisor::new(gate.clone(), DAY, vec![Chore::PruneJobs(DAY)]);
    gate.open();
    again.start().unwrap();
    gate.until_called("prune_jobs", 1).await;
    assert!(again.drain(GRACE).await);
}

pub async fn a_supervisor_that_never_started_ends_at_once(bench: &Bench) {
    let supervisor = Supervisor::new(bench.second(), DAY, vec![Chore::PruneJobs(DAY)]);
    assert!(supervisor.drain(GRACE).await);
    assert!(supervisor.attend(Duration::ZERO).is_none());
}
