//! Deleting jobs, and changing those that are named one by one.

use dataqueue::model::{Change, Filter, JobEdit, JobId, NewToken, Status};

use super::dependencies::{after, is_blocked, on};
use super::flow::{grouped, of_groups};
use crate::bench::{Bench, Stage, complete, fail, ids, job, settled_all, tagged};

super::tests![deleting:
    any_job_but_a_running_one_is_deleted_with_all_that_belongs_to_it,
    a_deleted_job_leaves_no_line_behind,
    those_that_wait_for_a_deleted_job_are_cancelled,
    one_that_waits_for_tags_goes_on_when_the_last_that_has_them_is_deleted,
    a_completed_job_is_deleted_and_nobody_minds,
    many_are_deleted_in_steps_by_a_filter,
    only_those_are_changed_that_are_named,
    counting_stops_at_so_many,
    jobs_that_wait_for_one_are_told,
];

pub async fn any_job_but_a_running_one_is_deleted_with_all_that_belongs_to_it(bench: &Bench) {
    for stage in Stage::ALL {
        let new = tagged(&format!("{stage:?}"), &["t"]);
        let id =
            bench.bring(stage, dataqueue::model::NewJob { idempotency_key: Some(format!("{stage:?}")), ..new }).await;
        let token = format!("wp_{stage:?}");
        let new = NewToken { id: token.clone(), job_id: Some(id), timeout: None, tags: vec![] };
        bench.create_token(&new).await.unwrap();
        let is_running = stage == Stage::Running;
        assert_eq!(bench.changed(id, Change::Delete).await, !is_running, "{stage:?}");
        assert!(!bench.changed(id, Change::Delete).await, "{stage:?}");
        assert_eq!(bench.get(&[id]).await.unwrap().len(), usize::from(is_running), "{stage:?}");
        if !is_running {
            assert!(bench.events(id).await.unwrap().is_empty());
            assert!(bench.get_token(&token).await.unwrap().is_none());
            let again = dataqueue::model::NewJob { idempotency_key: Some(format!("{stage:?}")), ..job("again") };
            assert!(bench.add(vec![again]).await.unwrap()[0].created, "{stage:?}: its key is free");
        }
    }
    let hand = bench.hand().await;
    let all: Vec<_> = Stage::ALL.iter().map(|stage| format!("{stage:?}")).collect();
    let names: Vec<_> = all.iter().map(String::as_str).collect();
    assert!(hand.claim(&names, 100).await.is_empty(), "what was deleted is not claimed");
    assert!(!bench.changed(i64::MAX - 9, Change::Delete).await);
}

pub async fn a_deleted_job_leaves_no_line_behind(bench: &Bench) {
    bench.set_limits(&of_groups(1)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"), grouped("a", "g"), grouped("a", "g")]).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&claimed), added[..1]);
    assert!(bench.changed(added[1], Change::Delete).await);
    assert_eq!(bench.groups("", 10, 10).await.unwrap()[0].in_line.value, 1);
    assert!(settled_all(&bench.settle(&[complete(&claimed[0])]).await.unwrap()));
    assert_eq!(ids(&hand.claim(&["a"], 10).await), added[2..]);
}

pub async fn those_that_wait_for_a_deleted_job_are_cancelled(bench: &Bench) {
    let first = bench.add_one(job("a")).await;
    let second = bench.add_one(after(&[first])).await;
    let third = bench.add_one(after(&[second])).await;
    assert!(bench.changed(first, Change::Delete).await);
    let reason = format!("job {first}, which it waited for, was cancelled");
    assert_eq!(super::dependencies::why(bench, second).await, reason);
    assert_eq!(
        super::dependencies::why(bench, third).await,
        format!("job {second}, which it waited for, was cancelled")
    );
    // One that waits goes too, and so do those that wait for it.
    let first = bench.add_one(job("a")).await;
    let second = bench.add_one(after(&[first])).await;
    let third = bench.add_one(after(&[second])).await;
    assert!(bench.changed(second, Change::Delete).await);
    assert_eq!(bench.status(third).await, Status::Cancelled);
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    assert_eq!(claimed.job.id, first);
    hand.settle(complete(&claimed)).await;
    assert!(hand.claim(&["b"], 10).await.is_empty());
    // All of a chain at once.
    let first = bench.add_one(job("a")).await;
    let second = bench.add_one(after(&[first])).await;
    let chosen = Filter { ids: Some(vec![first, second]), ..Filter::default() };
    assert_eq!(bench.changed_all(&chosen, &Change::Delete, 100).await, 2);
    assert!(bench.get(&[first, second]).await.unwrap().is_empty());
}

pub async fn one_that_waits_for_tags_goes_on_when_the_last_that_has_them_is_deleted(bench: &Bench) {
    let tags = bench.add_all(vec![tagged("a", &["t"]), tagged("a", &["t"])]).await;
    let waiter = bench.add_one(on(job("b"), &[], &["t"])).await;
    assert!(bench.changed(tags[1], Change::Delete).await);
    assert!(is_blocked(bench, waiter).await);
    assert!(bench.changed(tags[0], Change::Delete).await);
    assert!(!is_blocked(bench, waiter).await);
    assert_eq!(bench.hand().await.take("b").await.job.id, waiter);
}

pub async fn a_completed_job_is_deleted_and_nobody_minds(bench: &Bench) {
    let both = bench.add_all(vec![job("a"), job("c")]).await;
    let waiter = bench.add_one(after(&both)).await;
    let hand = bench.hand().await;
    let claimed = hand.take("a").await;
    hand.settle(complete(&claimed)).await;
    assert!(bench.changed(both[0], Change::Delete).await);
    assert!(is_blocked(bench, waiter).await);
    let claimed = hand.take("c").await;
    hand.settle(complete(&claimed)).await;
    assert_eq!(hand.take("b").await.job.id, waiter);
}

pub async fn many_are_deleted_in_steps_by_a_filter(bench: &Bench) {
    let added = bench.add_all((0..40).map(|at| tagged(if at % 2 == 0 { "a" } else { "b" }, &["t"])).collect()).await;
    let hand = bench.hand().await;
    let running = hand.claim(&["a"], 6).await;
    let done: Vec<_> = running[..2].iter().map(complete).chain([fail(&running[2], None)]).collect();
    assert!(settled_all(&bench.settle(&done).await.unwrap()));
    let of = |statuses: &[Status], types: &[&str]| Filter {
        statuses: statuses.to_vec(),
        job_types: types.iter().map(|name| (*name).to_owned()).collect(),
        ..Filter::default()
    };
    let deleted = async |filter: &Filter| bench.changed_all(filter, &Change::Delete, 7).await;
    assert_eq!(deleted(&of(&[Status::Processing], &[])).await, 0);
    assert_eq!(deleted(&of(&[Status::Completed], &["b"])).await, 0);
    assert_eq!(deleted(&of(&[Status::Completed, Status::Failed], &[])).await, 3);
    assert_eq!(deleted(&of(&[Status::Pending], &["b"])).await, 20);
    assert_eq!(deleted(&of(&[], &["a", "b"])).await, 14);
    assert_eq!(bench.found(&Filter::default()).await, [added[10], added[8], added[6]]);
    assert_eq!(deleted(&Filter::default()).await, 0);
}

pub async fn only_those_are_changed_that_are_named(bench: &Bench) {
    let added = bench.add_all((0..8).map(|_| job("a")).collect()).await;
    let named = |ids: &[JobId]| Filter { ids: Some(ids.to_vec()), ..Filter::default() };
    let edit = Change::Edit(JobEdit { priority: Some(9), ..JobEdit::default() });
    assert_eq!(bench.changed_all(&named(&[added[3], added[1], 999_999]), &edit, 1).await, 2);
    assert_eq!(bench.found(&Filter { priority: Some(9), ..Filter::default() }).await, [added[3], added[1]]);
    let narrowed = Filter { priority: Some(9), ..named(&[added[1], added[2]]) };
    assert_eq!(bench.changed_all(&narrowed, &Change::Cancel, 100).await, 1);
    assert_eq!(bench.changed_all(&named(&added[1..4]), &Change::Retry, 100).await, 1);
    assert_eq!(bench.status(added[1]).await, Status::Pending);
    assert_eq!(bench.changed_all(&named(&[]), &Change::Cancel, 100).await, 0);
    assert_eq!(bench.changed_all(&named(&added[4..]), &Change::Delete, 3).await, 4);
    assert_eq!(bench.count(&named(&added)).await.unwrap(), 4);
}

pub async fn counting_stops_at_so_many(bench: &Bench) {
    bench.add_all((0..9).map(|_| job("a")).collect()).await;
    let all = Filter::default();
    let pending = Filter { statuses: vec![Status::Pending], priority: Some(0), ..Filter::default() };
    for filter in [&all, &pending] {
        for (most, count) in [(None, 9), (Some(4), 4), (Some(9), 9), (Some(100), 9), (Some(0), 0)] {
            assert_eq!(bench.count_up_to(filter, most).await.unwrap(), count, "{most:?}");
        }
    }
}

pub async fn jobs_that_wait_for_one_are_told(bench: &Bench) {
    let first = bench.add_all(vec![job("a"), tagged("a", &["t"])]).await;
    let mut waiters = Vec::new();
    for _ in 0..12 {
        waiters.push(bench.add_one(after(&first)).await);
    }
    let by_tag = bench.add_one(on(job("b"), &[], &["t"])).await;
    assert_eq!(bench.dependents(first[0], 100).await.unwrap(), waiters);
    assert_eq!(bench.dependents(first[0], 5).await.unwrap(), waiters[..5]);
    assert_eq!(bench.dependents(first[1], 100).await.unwrap(), [&waiters[..], &[by_tag]].concat());
    assert!(bench.dependents(waiters[0], 100).await.unwrap().is_empty());
    let hand = bench.hand().await;
    let claimed = hand.claim(&["a"], 1).await;
    hand.settle(complete(&claimed[0])).await;
    assert!(bench.dependents(first[0], 100).await.unwrap().is_empty());
}
