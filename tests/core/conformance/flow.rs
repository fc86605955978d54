//! Limits of types and groups.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dataqueue::clock::Timestamp;
use dataqueue::model::{
    Change, Claimed, Extras, Group, GroupLimits, JobEdit, Limits, NewJob, Outcome, Status, TypeLimits, Wait,
};
use futures_util::future::join_all;

use crate::bench::{Bench, Hand, complete, end, eventually, fail, ids, job, release};

super::tests![flow:
    no_more_jobs_of_a_type_run_than_may,
    no_more_jobs_of_a_group_run_than_may_over_types_and_workers,
    each_way_to_end_a_run_gives_its_place_back,
    tiers_have_limits_of_their_own,
    what_runs_when_a_limit_is_set_counts,
    a_group_takes_its_jobs_in_their_order,
    a_group_over_its_limit_is_not_in_the_way_of_others,
    a_job_in_line_is_cancelled_edited_and_counted_like_any_other,
    limits_that_are_taken_away_hold_nothing_back,
    limits_that_are_raised_let_more_run,
    a_dead_workers_places_come_back,
    many_workers_never_exceed_a_limit_and_lose_nothing,
    counting_anew_mends_what_was_left_wrong,
];

pub fn grouped(job_type: &str, group: &str) -> NewJob {
    tiered(job_type, group, None)
}

pub fn tiered(job_type: &str, group: &str, tier: Option<&str>) -> NewJob {
    let group = Group { id: group.to_owned(), tier: tier.map(str::to_owned) };
    NewJob { extras: Extras { group: Some(group), ..Extras::default() }.boxed(), ..job(job_type) }
}

pub fn of_groups(most: u32) -> Limits {
    Limits { groups: Some(GroupLimits { most: Some(most), tiers: BTreeMap::new() }), ..Limits::default() }
}

pub fn of_type(job_type: &str, limits: TypeLimits) -> Limits {
    Limits { types: [(job_type.to_owned(), limits)].into(), ..Limits::default() }
}

pub fn running(most: u32) -> TypeLimits {
    TypeLimits { max_running: Some(most), rate: None }
}

const HOUR: Duration = Duration::from_secs(3_600);

pub async fn finish(hand: &Hand, claimed: &[Claimed]) {
    let settlements: Vec<_> = claimed.iter().map(complete).collect();
    hand.store.settle(&settlements).await.unwrap();
}

pub async fn no_more_jobs_of_a_type_run_than_may(bench: &Bench) {
    bench.set_limits(&of_type("a", running(2))).await.unwrap();
    let added = bench.add_all(vec![job("a"), job("b"), job("a"), job("a"), job("b")]).await;
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    let first = hand.claim(&["a", "b"], 10).await;
    assert_eq!(ids(&first), [added[0], added[1], added[2], added[4]]);
    let none = other.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    assert_eq!(bench.status(added[3]).await, Status::Pending);
    finish(&hand, &first[..1]).await;
    assert_eq!(ids(&other.claim(&["a", "b"], 10).await), [added[3]]);
}

pub async fn no_more_jobs_of_a_group_run_than_may_over_types_and_workers(bench: &Bench) {
    bench.set_limits(&of_groups(2)).await.unwrap();
    let added = bench
        .add_all(vec![
            grouped("a", "g"),
            grouped("b", "g"),
            grouped("a", "g"),
            grouped("b", "h"),
            job("a"),
            grouped("b", "g"),
        ])
        .await;
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    let first = hand.claim(&["a", "b"], 10).await;
    assert_eq!(ids(&first), [added[0], added[1], added[3], added[4]]);
    assert!(other.claim(&["a", "b"], 10).await.is_empty());
    finish(&hand, &first[2..]).await;
    assert!(other.claim(&["a", "b"], 10).await.is_empty());
    finish(&hand, &first[..1]).await;
    let one = other.claim(&["b"], 10).await;
    assert_eq!(ids(&one), [added[5]]);
    assert!(hand.claim(&["a", "b"], 10).await.is_empty());
    finish(&other, &one).await;
    assert_eq!(ids(&hand.claim(&["a", "b"], 10).await), [added[2]]);
}

pub async fn each_way_to_end_a_run_gives_its_place_back(bench: &Bench) {
    bench.set_limits(&Limits { types: of_type("a", running(1)).types, ..of_groups(1) }).await.unwrap();
    let until = Some(Timestamp::from_micros(4_000_000_000_000_000));
    let wait = Wait { until, on: None, name: "__wait_1".to_owned(), entry: Bytes::from_static(b"{}") };
    let ways = [
        Outcome::Completed { output: None },
        Outcome::Cancelled { reason: Some("enough".to_owned()) },
        Outcome::Waiting(wait),
    ];
    let hand = bench.hand().await;
    let mut left = bench.add_all(vec![grouped("a", "g"); 8]).await;
    let mut next = async |what: &str| {
        let claimed = hand.claim(&["a"], 10).await;
        assert_eq!(ids(&claimed), [left.remove(0)], "after {what}");
        claimed.into_iter().next().unwrap()
    };
    let mut claimed = next("nothing").await;
    for way in ways {
        let what = format!("{way:?}");
        hand.settle(end(&claimed, way)).await;
        claimed = next(&what).await;
    }
    hand.settle(fail(&claimed, None)).await;
    claimed = next("a failure").await;
    hand.settle(fail(&claimed, Some(HOUR))).await;
    claimed = next("a failure with a retry").await;
    hand.settle(release(&claimed)).await;
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [claimed.job.id], "what was given back comes first");
    assert!(bench.changed(claimed.job.id, Change::CancelRunning).await);
    let again = Claimed { lease: dataqueue::model::Lease { token: hand.token(), ..claimed.lease }, ..claimed };
    hand.settle(fail(&again, Some(HOUR))).await;
    next("a cancelled run").await;
}

pub async fn tiers_have_limits_of_their_own(bench: &Bench) {
    let tiers = [("gold".to_owned(), 3), ("iron".to_owned(), 1)].into();
    bench.set_limits(&Limits { groups: Some(GroupLimits { most: None, tiers }), ..Limits::default() }).await.unwrap();
    let mut jobs = Vec::new();
    for (group, tier) in [("g", Some("gold")), ("i", Some("iron")), ("n", None), ("o", Some("other"))] {
        jobs.extend(vec![tiered("a", group, tier); 4]);
    }
    let added = bench.add_all(jobs).await;
    let claimed = ids(&bench.hand().await.claim(&["a"], 100).await);
    let expected: Vec<_> = added[..3].iter().chain(&added[4..5]).chain(&added[8..]).copied().collect();
    assert_eq!(claimed, expected);
}

pub async fn what_runs_when_a_limit_is_set_counts(bench: &Bench) {
    bench.add_all(vec![grouped("a", "g"); 4]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 2).await;
    bench.set_limits(&Limits { types: of_type("a", running(3)).types, ..of_groups(2) }).await.unwrap();
    assert!(hand.claim(&["a"], 10).await.is_empty());
    finish(&hand, &first).await;
    assert_eq!(hand.claim(&["a"], 10).await.len(), 2);
}

pub async fn a_group_takes_its_jobs_in_their_order(bench: &Bench) {
    bench.set_limits(&of_groups(1)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 3]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&first), added[..1]);
    let urgent = bench.add_one(NewJob { priority: 5, ..grouped("a", "g") }).await;
    finish(&hand, &first).await;
    let mut order = Vec::new();
    for _ in 0..3 {
        let claimed = hand.claim(&["a"], 10).await;
        order.extend(ids(&claimed));
        finish(&hand, &claimed).await;
    }
    assert_eq!(order, [urgent, added[1], added[2]]);
}

pub async fn a_group_over_its_limit_is_not_in_the_way_of_others(bench: &Bench) {
    bench.set_limits(&of_groups(2)).await.unwrap();
    let mut jobs = vec![grouped("a", "big"); 3_000];
    jobs.extend([grouped("a", "small"), job("a")]);
    let added = bench.add_all(jobs).await;
    let hand = bench.hand().await;
    let mut claimed = Vec::new();
    eventually("the others are reached", async || {
        claimed.extend(ids(&hand.claim(&["a"], 100).await));
        claimed.len() >= 4
    })
    .await;
    assert_eq!(claimed, [added[0], added[1], added[3_000], added[3_001]]);
    let idle = hand.try_claim(&["a"], 100).await.unwrap();
    assert!(idle.jobs.is_empty() && !idle.more, "what waits is looked at again: {idle:?}");
}

pub async fn a_job_in_line_is_cancelled_edited_and_counted_like_any_other(bench: &Bench) {
    bench.set_limits(&of_groups(1)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 5]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 10).await;
    assert!(bench.changed(added[1], Change::Cancel).await);
    assert!(bench.changed(added[3], Change::Edit(JobEdit { priority: Some(9), ..JobEdit::default() })).await);
    let later = bench.now().await.plus(HOUR);
    let postponed = JobEdit { run_at: Some(Some(later)), ..JobEdit::default() };
    assert!(bench.changed(added[4], Change::Edit(postponed)).await);
    assert!(hand.claim(&["a"], 10).await.is_empty());
    finish(&hand, &first).await;
    let second = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&second), [added[3]]);
    assert!(bench.changed(added[1], Change::Retry).await);
    finish(&hand, &second).await;
    let third = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&third), [added[2]]);
    finish(&hand, &third).await;
    let fourth = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&fourth), [added[1]]);
    finish(&hand, &fourth).await;
    assert!(hand.claim(&["a"], 10).await.is_empty());
    assert_eq!(bench.status(added[4]).await, Status::Pending);
}

pub async fn limits_that_are_taken_away_hold_nothing_back(bench: &Bench) {
    bench.set_limits(&Limits { types: of_type("b", running(1)).types, ..of_groups(1) }).await.unwrap();
    let mut jobs = vec![grouped("a", "g"); 6];
    jobs.extend(vec![job("b"); 3]);
    let added = bench.add_all(jobs).await;
    let hand = bench.hand().await;
    assert_eq!(hand.claim(&["a", "b"], 20).await.len(), 2);
    let none = Limits { groups: Some(GroupLimits::default()), ..of_type("b", TypeLimits::default()) };
    bench.set_limits(&none).await.unwrap();
    let rest = hand.claim(&["a", "b"], 20).await;
    assert_eq!(ids(&rest), [&added[1..6], &added[7..]].concat());
    finish(&hand, &rest).await;
    assert!(bench.paused().await.unwrap().is_empty());
}

pub async fn limits_that_are_raised_let_more_run(bench: &Bench) {
    bench.set_limits(&of_groups(1)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 5]).await;
    let hand = bench.hand().await;
    assert_eq!(hand.claim(&["a"], 10).await.len(), 1);
    bench.set_limits(&of_groups(3)).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), added[1..3]);
    assert!(hand.claim(&["a"], 10).await.is_empty());
}

pub async fn a_dead_workers_places_come_back(bench: &Bench) {
    bench.set_limits(&Limits { types: of_type("a", running(2)).types, ..of_groups(2) }).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 4]).await;
    let dying = bench.dying_hand().await;
    assert_eq!(dying.claim(&["a"], 10).await.len(), 2);
    let hand = bench.hand().await;
    bench.reclaim_all(2).await;
    let again = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&again), added[..2]);
    assert!(hand.claim(&["a"], 10).await.is_empty());
    finish(&hand, &again).await;
    assert_eq!(ids(&hand.claim(&["a"], 10).await), added[2..]);
}

pub async fn many_workers_never_exceed_a_limit_and_lose_nothing(bench: &Bench) {
    const GROUPS: usize = 3;
    let limits = Limits { types: of_type("b", running(2)).types, ..of_groups(2) };
    bench.set_limits(&limits).await.unwrap();
    let jobs = (0..120).map(|at| grouped(if at % 2 == 0 { "a" } else { "b" }, &format!("g{}", at % GROUPS))).collect();
    let added = bench.add_all(jobs).await;
    let counts: Vec<AtomicI64> = (0..=GROUPS).map(|_| AtomicI64::new(0)).collect();
    let done = AtomicI64::new(0);
    let places = |one: &Claimed| {
        let group =
            one.job.group_id.as_deref().and_then(|name| name.strip_prefix('g')).unwrap().parse::<usize>().unwrap();
        (group, one.job.job_type == "b")
    };
    let work = async |hand: Hand| {
        while done.load(Ordering::Relaxed) < 120 {
            let claimed = hand.claim(&["a", "b"], 5).await;
            for one in &claimed {
                let (group, is_limited) = places(one);
                assert!(counts[group].fetch_add(1, Ordering::SeqCst) < 2, "a third job of group {group} runs");
                assert!(!is_limited || counts[GROUPS].fetch_add(1, Ordering::SeqCst) < 2, "a third job of type b runs");
            }
            for (at, one) in claimed.iter().enumerate() {
                let (group, is_limited) = places(one);
                counts[group].fetch_sub(1, Ordering::SeqCst);
                counts[GROUPS].fetch_sub(i64::from(is_limited), Ordering::SeqCst);
                if at % 3 == 2 && one.job.attempts < 2 {
                    hand.settle(fail(one, Some(Duration::ZERO))).await;
                } else {
                    finish(&hand, std::slice::from_ref(one)).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
            if claimed.is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    };
    let hands = [bench.hand().await, bench.hand().await, bench.distant_hand().await, bench.distant_hand().await];
    let all = tokio::time::timeout(Duration::from_secs(60), join_all(hands.into_iter().map(work)));
    all.await.expect("a place was lost: jobs wait and none runs");
    for id in added {
        assert_eq!(bench.status(id).await, Status::Completed);
    }
}

pub async fn counting_anew_mends_what_was_left_wrong(bench: &Bench) {
    bench.set_limits(&Limits { types: of_type("a", running(2)).types, ..of_groups(2) }).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 5]).await;
    let hand = bench.hand().await;
    let running = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&running), added[..2]);
    bench.tend_limits().await.unwrap();
    assert!(hand.claim(&["a"], 10).await.is_empty(), "what runs counts still");
    finish(&hand, &running[..1]).await;
    bench.tend_limits().await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [added[2]]);
    assert!(hand.claim(&["a"], 10).await.is_empty());
}
