//! Many at once, on two handles.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::{Change, EventKind, Filter, JobEdit, Lease, Status};
use dataqueue::storage::{Storage, change_all};

use crate::bench::{Bench, Hand, complete, fail, ids, job, release, settled_all};

super::tests![race:
    concurrent_claimers_never_share_a_job,
    every_job_is_done_once_while_many_add_claim_fail_and_release,
    an_edit_into_the_future_and_a_claim_exclude_each_other,
    a_cancel_and_a_claim_exclude_each_other,
    two_retries_of_one_job_change_it_once,
    two_sweeps_reclaim_each_job_once,
    settling_and_reclaiming_the_same_jobs_ends_each_once,
    an_end_and_a_change_of_one_job_follow_each_other,
    a_pool_of_one_serves_every_kind_of_call_at_once,
];

async fn hands(bench: &Bench, count: usize) -> Vec<Hand> {
    let other: Arc<dyn Storage> = bench.second();
    let mut hands = Vec::new();
    for at in 0..count {
        let store = if at % 2 == 0 { bench.store() } else { Arc::clone(&other) };
        hands.push(Hand::with_lease(store, Duration::from_secs(600)).await);
    }
    hands
}

pub async fn concurrent_claimers_never_share_a_job(bench: &Bench) {
    const COUNT: usize = 3_000;
    let added = bench.add_all((0..COUNT).map(|at| job(["a", "b"][at % 2])).collect()).await;
    let mut tasks = Vec::new();
    for (at, hand) in hands(bench, 8).await.into_iter().enumerate() {
        tasks.push(tokio::spawn(async move {
            let mut got: Vec<Lease> = Vec::new();
            loop {
                let claim = hand.try_claim(&["a", "b"], 5 + 7 * at as u32).await.unwrap();
                if claim.jobs.is_empty() && !claim.more {
                    return got;
                }
                got.extend(claim.jobs.iter().map(|claimed| claimed.lease));
            }
        }));
    }
    let mut leases = Vec::new();
    for task in tasks {
        leases.extend(task.await.unwrap());
    }
    let mut claimed: Vec<_> = leases.iter().map(|lease| lease.job_id).collect();
    claimed.sort_unstable();
    assert_eq!(claimed, added, "each job once, and none left");
    let attempts: Vec<_> = bench.get(&added).await.unwrap().iter().map(|job| job.attempts).collect();
    assert!(attempts.iter().all(|attempts| *attempts == 1));
}

pub async fn every_job_is_done_once_while_many_add_claim_fail_and_release(bench: &Bench) {
    const ADDERS: usize = 3;
    const EACH: usize = 200;
    let other = bench.second();
    let mut adders = Vec::new();
    for _ in 0..ADDERS {
        let store = Arc::clone(&other);
        adders.push(tokio::spawn(async move {
            for _ in 0..EACH / 20 {
                store.add((0..20).map(|_| job("work")).collect()).await.unwrap();
            }
        }));
    }
    let mut workers = Vec::new();
    for (at, hand) in (0..).zip(hands(bench, 5).await) {
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            let pending = Filter { statuses: vec![Status::Completed], ..Filter::default() };
            while hand.store.count(&pending).await.unwrap() < (ADDERS * EACH) as u64 {
                let claimed = hand.claim(&["work"], 7).await;
                let ends: Vec<_> = claimed
                    .iter()
                    .map(|claimed| match (claimed.job.id % 5, claimed.job.attempts) {
                        (0, 1) => fail(claimed, Some(Duration::ZERO)),
                        (1, 1) if claimed.job.id % 2 == at % 2 => release(claimed),
                        _ => complete(claimed),
                    })
                    .collect();
                assert!(settled_all(&hand.store.settle(&ends).await.unwrap()));
                let completed = claimed.iter().zip(&ends).filter(|(claimed, end)| **end == complete(claimed));
                done.extend(completed.map(|(claimed, _)| claimed.job.id));
            }
            done
        }));
    }
    for adder in adders {
        adder.await.unwrap();
    }
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    assert_eq!(done.len(), ADDERS * EACH);
    assert_eq!(done.iter().collect::<HashSet<_>>().len(), done.len(), "a job was completed twice");
}

pub async fn an_edit_into_the_future_and_a_claim_exclude_each_other(bench: &Bench) {
    let hand = Arc::new(bench.distant_hand().await);
    let future = bench.now().await.plus(Duration::from_secs(3_600));
    for _ in 0..40 {
        let id = bench.add_one(job("a")).await;
        let claimer = Arc::clone(&hand);
        let claiming = tokio::spawn(async move { claimer.claim(&["a"], 1).await });
        let edited =
            bench.changed(id, Change::Edit(JobEdit { run_at: Some(Some(future)), ..JobEdit::default() })).await;
        let claimed = claiming.await.unwrap();
        assert_eq!(edited, claimed.is_empty(), "an edited job was claimed, or neither happened");
        let wanted = if edited { Status::Pending } else { Status::Processing };
        assert_eq!(bench.status(id).await, wanted);
        if edited {
            assert!(bench.changed(id, Change::Cancel).await);
        }
    }
}

pub async fn a_cancel_and_a_claim_exclude_each_other(bench: &Bench) {
    let hand = Arc::new(bench.distant_hand().await);
    for _ in 0..40 {
        let id = bench.add_one(job("a")).await;
        let claimer = Arc::clone(&hand);
        let claiming = tokio::spawn(async move { claimer.claim(&["a"], 1).await });
        let cancelled = bench.changed(id, Change::Cancel).await;
        let claimed = claiming.await.unwrap();
        assert_eq!(cancelled, claimed.is_empty(), "a cancelled job was claimed, or neither happened");
        let wanted = if cancelled { Status::Cancelled } else { Status::Processing };
        assert_eq!(bench.status(id).await, wanted);
    }
}

pub async fn two_retries_of_one_job_change_it_once(bench: &Bench) {
    let other = bench.second();
    for _ in 0..20 {
        let id = bench.add_one(job("a")).await;
        assert!(bench.changed(id, Change::Cancel).await);
        let (here, there) = tokio::join!(bench.change(id, &Change::Retry), other.change(id, &Change::Retry));
        assert!(here.unwrap() ^ there.unwrap());
        let retried = bench.kinds(id).await.into_iter().filter(|kind| *kind == EventKind::Retried).count();
        assert_eq!(retried, 1);
    }
}

pub async fn two_sweeps_reclaim_each_job_once(bench: &Bench) {
    let added = bench.add_all((0..200).map(|_| job("a")).collect()).await;
    let dying = bench.dying_hand().await;
    assert_eq!(dying.claim(&["a"], 200).await.len(), 200);
    let other = bench.second();
    let mut reclaimed = Vec::new();
    crate::bench::eventually("all are reclaimed", async || {
        let (here, there) = tokio::join!(bench.reclaim(30), other.reclaim(30));
        reclaimed.extend(here.unwrap().into_iter().chain(there.unwrap()).map(|one| one.job_id));
        reclaimed.len() >= 200
    })
    .await;
    reclaimed.sort_unstable();
    assert_eq!(reclaimed, added);
}

pub async fn settling_and_reclaiming_the_same_jobs_ends_each_once(bench: &Bench) {
    for _ in 0..10 {
        let added = bench.add_all((0..20).map(|_| job("a")).collect()).await;
        let dying = bench.dying_hand().await;
        let claimed = dying.claim(&["a"], 20).await;
        assert_eq!(ids(&claimed), added);
        tokio::time::sleep(Duration::from_millis(25)).await;
        let ends: Vec<_> = claimed.iter().map(complete).collect();
        let other = bench.second();
        let (settled, reclaimed) = tokio::join!(dying.store.settle(&ends), other.reclaim(100));
        let (settled, reclaimed) = (settled.unwrap(), reclaimed.unwrap());
        let taken: HashSet<_> = reclaimed.iter().map(|one| one.job_id).collect();
        for (claimed, answer) in claimed.iter().zip(settled) {
            let applied = answer == dataqueue::model::Settled::Applied;
            assert_eq!(applied, !taken.contains(&claimed.job.id));
            let wanted = if applied { Status::Completed } else { Status::Pending };
            assert_eq!(bench.status(claimed.job.id).await, wanted);
        }
        let hand = bench.hand().await;
        let rest: Vec<_> = hand.claim(&["a"], 100).await.iter().map(complete).collect();
        assert!(settled_all(&hand.store.settle(&rest).await.unwrap()));
    }
}

pub async fn an_end_and_a_change_of_one_job_follow_each_other(bench: &Bench) {
    let other = bench.second();
    let hand = bench.hand().await;
    let later = bench.now().await.plus(Duration::from_secs(3_600));
    let edit = JobEdit { priority: Some(3), run_at: Some(Some(later)), ..JobEdit::default() };
    let changes = [Change::Cancel, Change::Retry, Change::Edit(edit)];
    for round in 0..90 {
        let change = &changes[round % 3];
        bench.add_one(job("a")).await;
        let claimed = hand.take("a").await;
        let end = match round / 3 % 3 {
            0 => release(&claimed),
            1 => fail(&claimed, Some(Duration::ZERO)),
            _ => fail(&claimed, None),
        };
        let id = claimed.job.id;
        let ends = [end];
        let (settled, changed) = tokio::join!(hand.store.settle(&ends), other.change(id, change));
        let (settled, changed) = (settled.unwrap(), changed.unwrap());
        assert!(settled_all(&settled));
        let job = bench.job(id).await;
        let claims = hand.claim(&["a"], 10).await;
        let again = ids(&claims);
        let due = match job.status {
            Status::Pending => Some(job.run_at),
            Status::Failed => job.next_attempt_at,
            _ => None,
        };
        let claimable = due.is_some_and(|due| due < later);
        assert_eq!(again, if claimable { vec![id] } else { Vec::new() }, "{change:?} changed {changed}: {job:#?}");
        let rest = hand.try_claim(&["a"], 10).await.unwrap();
        assert!(rest.jobs.is_empty(), "claimed twice: {change:?} changed {changed}: {job:#?}");
        assert!(!claimable || !changed || *change != Change::Cancel);
        let filter = Filter { statuses: vec![Status::Pending], ..Filter::default() };
        bench.found(&filter).await;
        let done: Vec<_> = claims.iter().map(complete).collect();
        assert!(settled_all(&bench.settle(&done).await.unwrap()));
        bench.changed(id, Change::Cancel).await;
    }
}

pub async fn a_pool_of_one_serves_every_kind_of_call_at_once(bench: &Bench) {
    let store = bench.narrow();
    let calls: Vec<_> = (0..12)
        .map(|at| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let job_type = format!("{at}");
                let hand = Hand::with_lease(Arc::clone(&store), Duration::from_secs(600)).await;
                let mut wakes = store.listen().await.unwrap();
                wakes.mark_unchanged();
                let id = store.add((0..3).map(|_| job(&job_type)).collect()).await.unwrap()[0].id;
                wakes.changed().await.unwrap();
                let watch = store.watch(id).await.unwrap();
                let claimed = hand.claim(&[&job_type], 3).await;
                let ends = [complete(&claimed[0]), fail(&claimed[1], None), release(&claimed[2])];
                assert!(settled_all(&store.settle(&ends).await.unwrap()));
                drop(watch);
                let filter = Filter { job_types: vec![job_type], ..Filter::default() };
                let retried = change_all(&*store, &filter, &Change::Retry).await.unwrap();
                let cancelled = change_all(&*store, &filter, &Change::Cancel).await.unwrap();
                hand.renew(Duration::from_secs(600)).await.unwrap();
                (store.count(&filter).await.unwrap(), retried, cancelled)
            })
        })
        .collect();
    for call in calls {
        let ended = tokio::time::timeout(2 * crate::bench::PATIENCE, call).await.expect("the calls hang").unwrap();
        assert_eq!(ended, (3, 1, 2));
    }
}
