//! Claiming: what, in which order, and what a claim records.

use std::cmp::Reverse;
use std::time::Duration;

use dataqueue::Error;
use dataqueue::clock::Timestamp;
use dataqueue::model::{Change, ClaimRequest, EventKind, JobEdit, NewJob, Status};

use crate::bench::{Bench, Stage, complete, eventually, fail, ids, job, leased, release, worker_named};

super::tests![claim:
    a_claim_records_who_when_and_the_attempt,
    jobs_come_by_priority_then_due_time_then_id,
    the_order_holds_across_types_and_across_claims,
    the_order_of_a_failed_job_is_its_retry_time,
    equal_jobs_come_in_the_order_they_were_added_at_any_priority,
    thousands_of_jobs_that_fall_due_together_come_by_priority,
    a_job_added_later_with_a_higher_priority_overtakes,
    a_job_added_later_but_due_earlier_overtakes,
    what_comes_before_the_place_of_a_large_claim_is_found,
    a_released_job_comes_before_the_backlog_that_it_was_claimed_from,
    no_more_than_the_limit_are_claimed_and_more_says_whether_any_are_left,
    a_job_is_never_claimed_before_its_time_and_is_claimed_after_it,
    next_due_tells_when_the_next_job_of_these_types_falls_due,
    next_due_counts_retries_and_no_other_types,
    only_the_types_asked_for_are_claimed,
    a_type_is_not_starved_behind_many_jobs_of_another,
    a_job_that_failed_for_good_or_was_cancelled_is_not_claimed,
    a_row_left_behind_in_the_queue_starts_no_job,
    a_failed_job_whose_retry_is_due_is_claimed_and_counts_an_attempt,
    started_at_is_the_first_claim,
    a_worker_that_was_never_registered_claims_nothing,
    the_reply_of_a_lost_claim_is_found_again_by_its_token,
    the_reply_of_a_lost_claim_has_the_order_of_the_claim,
    a_lost_reply_tells_only_what_is_still_leased,
    a_claim_that_comes_after_it_was_asked_about_leases_nothing,
    claims_answer_the_stores_clock,
];

pub async fn a_claim_records_who_when_and_the_attempt(bench: &Bench) {
    let id = bench.add_one(NewJob { tags: vec!["x".to_owned()], ..NewJob::new("a", "[1]") }).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!((claimed.lease.job_id, claimed.lease.worker_id, claimed.lease.token), (id, hand.worker.id, 1));
    assert_eq!(bench.job(id).await, claimed.job, "a claim answers the job as it is stored");
    let job = claimed.job;
    assert_eq!((job.status, job.attempts), (Status::Processing, 1));
    assert_eq!((&job.payload[..], job.tags.as_slice()), (&b"[1]"[..], &["x".to_owned()][..]));
    assert_eq!(job.locked_by.as_deref(), Some("hand"));
    assert!(job.locked_at.is_some() && job.started_at == job.locked_at);
    assert!(job.locked_at >= Some(job.created_at));
    assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing]);
}

pub async fn jobs_come_by_priority_then_due_time_then_id(bench: &Bench) {
    let due = |micros: i64| Some(Timestamp::from_micros(1_600_000_000_000_000 + micros));
    let options = [(0, due(5)), (10, due(9)), (0, due(1)), (10, due(2)), (-5, due(0)), (0, due(1)), (10, due(2))];
    let jobs = options.iter().map(|&(priority, run_at)| NewJob { priority, run_at, ..job("a") }).collect();
    let added = bench.add_all(jobs).await;
    let claimed = bench.hand().await.claim(&["a"], 100).await;
    assert_eq!(ids(&claimed), [3, 6, 1, 2, 5, 0, 4].map(|at: usize| added[at]));
}

pub async fn the_order_holds_across_types_and_across_claims(bench: &Bench) {
    let mut wanted = Vec::new();
    let mut jobs = Vec::new();
    for at in 0..60_i32 {
        let priority = (at * 7) % 10;
        jobs.push(NewJob { priority, ..job(["a", "b", "c"][at as usize % 3]) });
        wanted.push((-priority, at));
    }
    let added = bench.add_all(jobs).await;
    wanted.sort_unstable();
    let hand = bench.hand().await;
    let mut got = Vec::new();
    for _ in 0..12 {
        got.extend(ids(&hand.claim(&["c", "a", "b"], 5).await));
    }
    assert_eq!(got, wanted.iter().map(|&(_, at)| added[at as usize]).collect::<Vec<_>>());
}

pub async fn the_order_of_a_failed_job_is_its_retry_time(bench: &Bench) {
    let hand = bench.hand().await;
    let retried = bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    let waiting = bench.add_one(job("a")).await;
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    let later = bench.add_one(job("a")).await;
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [waiting, retried, later]);
}

pub async fn equal_jobs_come_in_the_order_they_were_added_at_any_priority(bench: &Bench) {
    let hand = bench.hand().await;
    let run_at = Some(Timestamp::from_micros(1_600_000_000_000_000));
    for priority in [0, 9, 10, 1_000, i32::MAX, -1, i32::MIN] {
        let jobs = (0..20).map(|_| NewJob { priority, run_at, ..job("fifo") }).collect();
        let added = bench.add_all(jobs).await;
        assert_eq!(ids(&hand.claim(&["fifo"], 100).await), added, "priority {priority}");
    }
}

pub async fn thousands_of_jobs_that_fall_due_together_come_by_priority(bench: &Bench) {
    const COUNT: usize = 3_000;
    let hand = bench.hand().await;
    let run_at = Some(bench.now().await.plus(Duration::from_millis(700)));
    let jobs = (0..COUNT).map(|at| NewJob { priority: (at * 7 % 10) as i32, run_at, ..job("a") }).collect();
    let added = bench.add_all(jobs).await;
    let mut wanted: Vec<_> = (0..COUNT).map(|at| (Reverse(at * 7 % 10), added[at])).collect();
    wanted.sort_unstable();
    let mut claimed = Vec::new();
    eventually("all are claimed", async || {
        claimed.extend(ids(&hand.claim(&["a"], 500).await));
        claimed.len() >= COUNT
    })
    .await;
    assert!(claimed.iter().eq(wanted.iter().map(|(_, id)| id)), "{:?}", &claimed[..20]);
}

pub async fn a_job_added_later_with_a_higher_priority_overtakes(bench: &Bench) {
    let hand = bench.hand().await;
    let low = bench.add_all((0..10).map(|_| job("a")).collect()).await;
    assert_eq!(ids(&hand.claim(&["a"], 2).await), low[..2]);
    let high = bench.add_one(NewJob { priority: 1, ..job("a") }).await;
    assert_eq!(ids(&hand.claim(&["a"], 2).await), [high, low[2]]);
}

pub async fn a_job_added_later_but_due_earlier_overtakes(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_all((0..10).map(|_| job("a")).collect()).await;
    assert_eq!(ids(&hand.claim(&["a"], 2).await), first[..2]);
    let old = Some(Timestamp::from_micros(1_500_000_000_000_000));
    let overdue = bench.add_one(NewJob { run_at: old, ..job("a") }).await;
    assert_eq!(ids(&hand.claim(&["a"], 2).await), [overdue, first[2]]);
}

pub async fn what_comes_before_the_place_of_a_large_claim_is_found(bench: &Bench) {
    let past = Some(Timestamp::from_micros(1_600_000_000_000_000));
    let backlog = bench.add_all((0..300).map(|_| job("a")).collect()).await;
    let (hand, other) = (bench.hand().await, bench.second());
    assert_eq!(ids(&hand.claim(&["a"], 150).await), backlog[..150]);
    let own = bench.add_one(NewJob { run_at: past, ..job("a") }).await;
    assert_eq!(hand.take("a").await.job.id, own, "added by this handle, due before");
    hand.claim(&["a"], 100).await;
    let urgent = other.add(vec![NewJob { priority: 1, ..job("a") }]).await.unwrap()[0].id;
    assert_eq!(hand.take("a").await.job.id, urgent, "added by another handle, of a higher priority");
    let early = other.add(vec![NewJob { run_at: past, ..job("a") }]).await.unwrap()[0].id;
    let mut rest = Vec::new();
    eventually("all are claimed, the one that another handle added to be due before too", async || {
        rest.extend(ids(&hand.claim(&["a"], 7).await));
        rest.len() == 51
    })
    .await;
    assert!(rest.contains(&early));
}

pub async fn a_released_job_comes_before_the_backlog_that_it_was_claimed_from(bench: &Bench) {
    let backlog = bench.add_all((0..300).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 150).await;
    hand.settle(release(&claimed[20])).await;
    assert_eq!(ids(&hand.claim(&["a"], 2).await), [backlog[20], backlog[150]]);
}

pub async fn no_more_than_the_limit_are_claimed_and_more_says_whether_any_are_left(bench: &Bench) {
    bench.add_all((0..7).map(|_| job("a")).collect()).await;
    bench.add_one(job("b")).await;
    let hand = bench.hand().await;
    let first = hand.try_claim(&["a"], 3).await.unwrap();
    assert_eq!((first.jobs.len(), first.more), (3, true));
    let rest = hand.try_claim(&["a"], 100).await.unwrap();
    assert_eq!((rest.jobs.len(), rest.more), (4, false));
    let none = hand.try_claim(&["a"], 100).await.unwrap();
    assert_eq!((none.jobs.len(), none.more), (0, false));
}

pub async fn a_job_is_never_claimed_before_its_time_and_is_claimed_after_it(bench: &Bench) {
    let hand = bench.hand().await;
    let run_at = bench.now().await.plus(Duration::from_millis(150));
    let id = bench.add_one(NewJob { run_at: Some(run_at), ..job("a") }).await;
    let mut claimed = None;
    eventually("the job is claimed", async || {
        let answer = hand.try_claim(&["a"], 1).await.unwrap();
        let early = answer.now < run_at;
        claimed = answer.jobs.into_iter().next();
        assert!(claimed.is_none() || !early, "claimed before its time");
        claimed.is_some()
    })
    .await;
    let claimed = claimed.unwrap().job;
    assert_eq!(claimed.id, id);
    assert!(claimed.locked_at >= Some(run_at), "claimed before its time on the store's clock");
}

pub async fn next_due_tells_when_the_next_job_of_these_types_falls_due(bench: &Bench) {
    let hand = bench.hand().await;
    assert_eq!(hand.try_claim(&["a"], 10).await.unwrap().next_due, None);
    let now = bench.now().await;
    for minutes in [30, 10, 20] {
        let run_at = Some(now.plus(Duration::from_secs(minutes * 60)));
        bench.add_one(NewJob { run_at, ..job("a") }).await;
    }
    let claim = hand.try_claim(&["a"], 10).await.unwrap();
    assert!(claim.jobs.is_empty() && !claim.more);
    let due = claim.now.plus(claim.next_due.unwrap());
    let wanted = now.plus(Duration::from_secs(600));
    assert!(due.since(wanted).max(wanted.since(due)) < Duration::from_millis(5), "{due:?} is not {wanted:?}");
}

pub async fn next_due_counts_retries_and_no_other_types(bench: &Bench) {
    let hand = bench.hand().await;
    let run_at = Some(bench.now().await.plus(Duration::from_secs(60)));
    bench.add_one(NewJob { run_at, ..job("other") }).await;
    let id = bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    assert_eq!(hand.try_claim(&["a"], 1).await.unwrap().next_due, None);
    hand.settle(fail(&claimed, Some(Duration::from_secs(300)))).await;
    let claim = hand.try_claim(&["a"], 10).await.unwrap();
    let due = claim.now.plus(claim.next_due.unwrap());
    let wanted = bench.job(id).await.next_attempt_at.unwrap();
    assert!(due.since(wanted).max(wanted.since(due)) < Duration::from_millis(5), "{due:?} is not {wanted:?}");
}

pub async fn only_the_types_asked_for_are_claimed(bench: &Bench) {
    let added = bench.add_all(["a", "b", "c", "a "].map(job).to_vec()).await;
    let hand = bench.hand().await;
    assert_eq!(ids(&hand.claim(&["a", "c", "d"], 10).await), [added[0], added[2]]);
    for untouched in [added[1], added[3]] {
        let job = bench.job(untouched).await;
        assert_eq!((job.status, job.attempts), (Status::Pending, 0));
    }
}

pub async fn a_type_is_not_starved_behind_many_jobs_of_another(bench: &Bench) {
    bench.add_all((0..5_000).map(|_| NewJob { priority: 100, ..job("a") }).collect()).await;
    let behind = bench.add_one(job("b")).await;
    let hand = bench.hand().await;
    assert_eq!(ids(&hand.claim(&["b"], 10).await), [behind]);
}

pub async fn a_job_that_failed_for_good_or_was_cancelled_is_not_claimed(bench: &Bench) {
    let hand = bench.hand().await;
    bench.add_one(job("a")).await;
    let failed = hand.take("a").await;
    hand.settle(fail(&failed, None)).await;
    let cancelled = bench.add_one(job("a")).await;
    assert!(bench.changed(cancelled, Change::Cancel).await);
    bench.add_one(job("a")).await;
    let completed = hand.take("a").await;
    hand.settle(complete(&completed)).await;
    let claim = hand.try_claim(&["a"], 10).await.unwrap();
    assert!(claim.jobs.is_empty() && !claim.more && claim.next_due.is_none());
}

pub async fn a_row_left_behind_in_the_queue_starts_no_job(bench: &Bench) {
    let hand = bench.hand().await;
    for stage in [Stage::Completed, Stage::Failed, Stage::Cancelled, Stage::Running, Stage::Waiting] {
        let id = bench.staged(stage, "a").await;
        let before = (bench.job(id).await, bench.kinds(id).await);
        bench.driver().leave_behind(id).await;
        let next = bench.add_one(NewJob { priority: -1, ..job("a") }).await;
        let mut claimed = Vec::new();
        eventually("the job behind it is claimed", async || {
            claimed.extend(ids(&hand.claim(&["a"], 1).await));
            !claimed.is_empty()
        })
        .await;
        assert_eq!(claimed, [next], "started when {stage:?}");
        assert_eq!((bench.job(id).await, bench.kinds(id).await), before);
    }
}

pub async fn a_failed_job_whose_retry_is_due_is_claimed_and_counts_an_attempt(bench: &Bench) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    for attempt in 1..=3 {
        let claimed = hand.take("a").await;
        assert_eq!(claimed.job.attempts, attempt);
        hand.settle(fail(&claimed, (attempt < 3).then_some(Duration::ZERO))).await;
        assert_eq!(bench.job(id).await.attempts, attempt);
    }
    assert!(hand.claim(&["a"], 1).await.is_empty());
}

pub async fn started_at_is_the_first_claim(bench: &Bench) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    let first = hand.take("a").await;
    hand.settle(fail(&first, Some(Duration::ZERO))).await;
    let second = hand.take("a").await.job;
    assert_eq!(second.started_at, first.job.started_at);
    assert!(second.locked_at > first.job.locked_at);
    assert_eq!(bench.job(id).await.next_attempt_at, None);
}

pub async fn a_worker_that_was_never_registered_claims_nothing(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let worker = worker_named("stranger");
    let request = ClaimRequest {
        worker: worker.clone(),
        token: 1,
        job_types: vec!["a".to_owned()],
        limit: 1,
        lease: None,
        turns: None,
    };
    assert_eq!(bench.claim(&request).await, Err(Error::WorkerLost { worker: worker.id }));
    assert_eq!(bench.status(id).await, Status::Pending);
}

pub async fn the_reply_of_a_lost_claim_is_found_again_by_its_token(bench: &Bench) {
    let jobs = (0..5).map(|priority| NewJob { priority, ..job("a") }).collect();
    let added = bench.add_all(jobs).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 2).await;
    let lost = hand.claim(&["a"], 2).await;
    let other = bench.distant_hand().await;
    assert_eq!(ids(&other.claim(&["a"], 2).await), [added[0]]);
    let found = hand.store.reclaim_reply(&hand.worker, hand.token()).await.unwrap();
    assert_eq!(leased(&found.jobs), leased(&lost), "the same jobs, leases and order");
    let found = hand.store.reclaim_reply(&hand.worker, hand.token() - 1).await.unwrap();
    assert_eq!(leased(&found.jobs), leased(&first));
    assert!(hand.store.reclaim_reply(&hand.worker, hand.token() + 1).await.unwrap().jobs.is_empty());
    assert_eq!(bench.job(lost[0].job.id).await.attempts, 1, "finding a reply again is no claim");
    assert!(hand.holds(found.jobs[0].lease).await);
}

pub async fn the_reply_of_a_lost_claim_has_the_order_of_the_claim(bench: &Bench) {
    let added = bench.add_all((0..6).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let failed: Vec<_> =
        hand.claim(&["a"], 6).await.iter().rev().map(|claimed| fail(claimed, Some(Duration::ZERO))).collect();
    for one in failed {
        hand.settle(one).await;
    }
    let again = bench.add_all(vec![job("a"), NewJob { priority: 1, ..job("a") }]).await;
    let claimed = hand.claim(&["a"], 10).await;
    let order = [again[1], added[5], added[4], added[3], added[2], added[1], added[0], again[0]];
    assert_eq!(ids(&claimed), order);
    let found = hand.store.reclaim_reply(&hand.worker, hand.token()).await.unwrap();
    assert_eq!(leased(&found.jobs), leased(&claimed));
}

pub async fn a_lost_reply_tells_only_what_is_still_leased(bench: &Bench) {
    bench.add_all((0..3).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 3).await;
    hand.settle(complete(&claimed[0])).await;
    hand.settle(fail(&claimed[2], Some(Duration::ZERO))).await;
    let token = hand.token();
    let again = hand.take("a").await;
    assert_eq!(again.job.id, claimed[2].job.id);
    let found = hand.store.reclaim_reply(&hand.worker, token).await.unwrap();
    assert_eq!(ids(&found.jobs), [claimed[1].job.id]);
}

pub async fn claims_answer_the_stores_clock(bench: &Bench) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    let before = bench.job(id).await.created_at;
    let empty = hand.try_claim(&["nothing"], 1).await.unwrap();
    let claim = hand.try_claim(&["a"], 1).await.unwrap();
    assert!(before <= empty.now && empty.now <= claim.now);
    let edit = JobEdit { priority: Some(1), ..JobEdit::default() };
    let next = bench.add_one(job("b")).await;
    assert!(bench.changed(next, Change::Edit(edit)).await);
    assert!(claim.now <= bench.job(next).await.updated_at);
}

pub async fn a_claim_that_comes_after_it_was_asked_about_leases_nothing(bench: &Bench) {
    let id = bench.add_one(job("a")).await;
    let hand = bench.hand().await;
    let request = |token| ClaimRequest {
        worker: hand.worker.clone(),
        token,
        job_types: vec!["a".to_owned()],
        limit: 1,
        lease: None,
        turns: None,
    };
    assert_eq!(hand.store.reclaim_reply(&hand.worker, 5).await.unwrap().jobs, []);
    // Cut off on its way, it comes when its worker has gone on: it must not lease what nobody will run.
    for late in [5, 4, 1] {
        assert_eq!(hand.store.claim(&request(late)).await.unwrap().jobs, []);
    }
    assert_eq!(bench.job(id).await.status, Status::Pending);
    let claimed = hand.store.claim(&request(6)).await.unwrap().jobs;
    assert_eq!(ids(&claimed), [id]);
    assert_eq!(leased(&hand.store.reclaim_reply(&hand.worker, 6).await.unwrap().jobs), leased(&claimed));
    let other = bench.hand().await;
    bench.add_one(job("a")).await;
    assert_eq!(other.claim(&["a"], 1).await.len(), 1, "another worker's claims are its own");
}
