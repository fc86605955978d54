//! Claims in which groups take turns.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dataqueue::model::{Change, Claimed, GroupLimits, JobEdit, Limits, NewJob, Rate, Scope, Status, Turns, TypeLimits};
use futures_util::future::join_all;

use super::flow::{finish, grouped, of_groups, of_type, running, tiered};
use crate::bench::{Bench, Hand, eventually, fail, ids, job};

super::tests![fairness:
    groups_take_turns_however_many_jobs_one_has,
    a_group_gets_as_many_jobs_in_a_turn_as_its_tier_weighs,
    a_turn_goes_on_in_the_claims_of_other_workers,
    within_a_group_the_order_is_that_of_every_claim,
    what_has_been_due_for_longest_gets_every_fourth_place,
    of_more_priorities_than_are_looked_at_none_waits_for_ever,
    no_place_stays_empty_while_jobs_are_due,
    types_share_the_places,
    a_group_is_held_to_its_limit_and_others_go_on,
    limits_and_rates_of_types_hold,
    what_is_paused_gets_no_turn,
    many_workers_claim_each_job_once,
    turns_are_exact_however_many_claim_at_once,
    what_is_changed_keeps_its_place_among_the_turns,
    jobs_from_before_turns_were_kept_take_turns_too,
    claims_without_turns_are_as_they_were,
];

const HOUR: Duration = Duration::from_secs(3_600);

fn in_turns() -> Limits {
    Limits { turns: true, ..Limits::default() }
}

/// Workers on two handles, in whose claims groups take turns.
async fn hands(bench: &Bench, weights: &[(&str, u32)]) -> [Hand; 2] {
    bench.set_limits(&in_turns()).await.unwrap();
    let weights = weights.iter().map(|(tier, weight)| ((*tier).to_owned(), *weight)).collect();
    let turns = Turns { weights };
    [bench.hand().await.in_turns(turns.clone()), bench.distant_hand().await.in_turns(turns)]
}

/// The groups of these jobs, a letter each, and a dash for one without.
fn letters(claimed: &[Claimed]) -> String {
    claimed.iter().map(|one| one.job.group_id.as_deref().unwrap_or("-")).collect()
}

/// What claims of these sizes take of a type, by turns of the hands.
async fn taken(hands: &[Hand], sizes: &[u32]) -> String {
    let mut all = String::new();
    for (at, size) in sizes.iter().enumerate() {
        all += &letters(&hands[at % hands.len()].claim(&["a"], *size).await);
    }
    all
}

pub async fn groups_take_turns_however_many_jobs_one_has(bench: &Bench) {
    let hands = hands(bench, &[]).await;
    bench.add_all(vec![grouped("a", "b"); 500]).await;
    bench.add_all(vec![grouped("a", "s"); 20]).await;
    // Each fourth is for those that have been due for longest, which are all of the large one.
    assert_eq!(taken(&hands[..1], &[1; 8]).await, "bsbbsbsb");
    assert_eq!(taken(&hands[..1], &[8]).await, "bsbbsbsb");
    assert_eq!(taken(&hands[..1], &[3, 1, 2, 7, 3]).await, "bsbbsbsbbsbbsbsb");
}

pub async fn a_group_gets_as_many_jobs_in_a_turn_as_its_tier_weighs(bench: &Bench) {
    let hands = hands(bench, &[("gold", 3), ("iron", 1)]).await;
    bench.add_all(vec![job("a"); 20]).await;
    let mut jobs = vec![tiered("a", "p", Some("iron")); 40];
    jobs.extend(vec![tiered("a", "g", Some("gold")); 40]);
    bench.add_all(jobs).await;
    assert_eq!(taken(&hands[..1], &[16]).await, "ggg-pgg-gpg-ggp-");
    assert_eq!(taken(&hands[..1], &[5, 1, 1, 4, 2, 3]).await, "ggg-pgg-gpg-ggp-");
}

pub async fn a_turn_goes_on_in_the_claims_of_other_workers(bench: &Bench) {
    let hands = hands(bench, &[("gold", 2)]).await;
    bench.add_all(vec![job("a"); 20]).await;
    for group in ["c", "a", "d", "b"] {
        bench.add_all(vec![tiered("a", group, (group == "b").then_some("gold")); 12]).await;
    }
    assert_eq!(taken(&hands, &[1; 16]).await, "abb-cda-bbc-dab-");
    assert_eq!(taken(&hands, &[2, 3, 1, 5, 5]).await, "bcd-abb-cda-bbc-");
}

pub async fn within_a_group_the_order_is_that_of_every_claim(bench: &Bench) {
    let [hand, _] = hands(bench, &[]).await;
    let old = bench.add_all(vec![job("a"); 4]).await;
    let mut jobs = vec![grouped("a", "g"); 3];
    jobs.extend((1..4).map(|priority| NewJob { priority, ..grouped("a", "g") }));
    let added = bench.add_all(jobs).await;
    let order = [added[5], added[4], added[3], old[0], added[0], added[1], added[2], old[1]];
    assert_eq!(ids(&hand.claim(&["a"], 8).await), order);
}

pub async fn what_has_been_due_for_longest_gets_every_fourth_place(bench: &Bench) {
    let [hand, other] = hands(bench, &[]).await;
    let mut low = vec![bench.add_one(NewJob { priority: -5, ..job("a") }).await];
    low.push(bench.add_one(NewJob { priority: -9, ..grouped("a", "z") }).await);
    let urgent = |group: &str| NewJob { priority: 50, ..grouped("a", group) };
    let mut order = Vec::new();
    for round in 0..8 {
        // More of what comes first than there are places for.
        bench.add_all(vec![urgent("g"), urgent("h"), urgent("z"), NewJob { priority: 60, ..job("a") }]).await;
        order.extend(ids(&if round % 2 == 0 { &hand } else { &other }.claim(&["a"], 1).await));
    }
    assert_eq!([order[3], order[7]], low[..], "{order:?}");
}

pub async fn of_more_priorities_than_are_looked_at_none_waits_for_ever(bench: &Bench) {
    let [hand, _] = hands(bench, &[]).await;
    let lowest = bench.add_one(job("a")).await;
    let higher = (1..=70).map(|priority| NewJob { priority, ..job("a") });
    bench.add_all(higher.collect()).await;
    for place in 1..=8 {
        let claimed = hand.take("a").await;
        if claimed.job.id == lowest {
            assert_eq!(place, 8);
            return;
        }
        bench.add_one(NewJob { priority: claimed.job.priority, ..job("a") }).await;
    }
    panic!("the lowest of 71 priorities was looked for in vain");
}

pub async fn no_place_stays_empty_while_jobs_are_due(bench: &Bench) {
    let [hand, other] = hands(bench, &[("gold", 5)]).await;
    let mut jobs = vec![grouped("a", "g"), tiered("a", "h", Some("gold"))];
    jobs.extend(vec![job("a"); 9]);
    jobs.extend(vec![grouped("a", "i"); 9]);
    bench.add_all(jobs).await;
    for size in [7, 7, 5] {
        let claim = hand.try_claim(&["a"], size).await.unwrap();
        assert!(claim.jobs.len() == size as usize && claim.more, "{claim:?}");
    }
    let last = other.try_claim(&["a"], 10).await.unwrap();
    assert!(last.jobs.len() == 1 && !last.more, "{last:?}");
    let none = other.try_claim(&["a"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
}

pub async fn types_share_the_places(bench: &Bench) {
    let [hand, other] = hands(bench, &[]).await;
    bench.add_all(vec![NewJob { priority: 9, ..grouped("a", "g") }; 40]).await;
    bench.add_all(vec![job("b"); 6]).await;
    let types = |claimed: &[Claimed]| claimed.iter().map(|one| one.job.job_type.as_str()).collect::<String>();
    let mut order = String::new();
    for at in 0..5 {
        order += &types(&if at % 2 == 0 { &hand } else { &other }.claim(&["b", "c", "a"], 1).await);
    }
    assert_eq!(order, "ababa");
    assert_eq!(types(&hand.claim(&["a", "b", "c"], 3).await), "bab");
    assert_eq!(types(&other.claim(&["a", "b", "c"], 6).await), "ababaa");
}

pub async fn a_group_is_held_to_its_limit_and_others_go_on(bench: &Bench) {
    let [hand, other] = hands(bench, &[]).await;
    bench.set_limits(&Limits { turns: true, ..of_groups(2) }).await.unwrap();
    let mut jobs = vec![grouped("a", "b"); 60];
    jobs.extend(vec![grouped("a", "s"); 5]);
    jobs.push(job("a"));
    let added = bench.add_all(jobs).await;
    let mut held = Vec::new();
    eventually("as many run as may", async || {
        held.extend(hand.claim(&["a"], 4).await);
        held.len() == 5
    })
    .await;
    let mut groups: Vec<char> = letters(&held).chars().collect();
    groups.sort_unstable();
    assert_eq!(groups, ['-', 'b', 'b', 's', 's']);
    assert!(other.claim(&["a"], 10).await.is_empty());
    let mut done = 0;
    eventually("all have run", async || {
        finish(&hand, &held).await;
        done += held.len();
        held = other.claim(&["a"], 10).await;
        assert!(held.iter().filter(|one| one.job.group_id.as_deref() == Some("b")).count() <= 2);
        done == added.len()
    })
    .await;
    bench.set_limits(&Limits { groups: Some(GroupLimits::default()), ..in_turns() }).await.unwrap();
}

pub async fn limits_and_rates_of_types_hold(bench: &Bench) {
    let [hand, other] = hands(bench, &[]).await;
    let rate = |most| TypeLimits { max_running: None, rate: Some(Rate { key: "k".to_owned(), most, per: HOUR }) };
    let types = [("a".to_owned(), running(3)), ("b".to_owned(), rate(4)), ("c".to_owned(), rate(4))];
    bench.set_limits(&Limits { types: types.into(), ..in_turns() }).await.unwrap();
    for job_type in ["a", "b", "c", "d"] {
        bench
            .add_all(vec![grouped(job_type, "g"), grouped(job_type, "h"), job(job_type), job(job_type), job(job_type)])
            .await;
    }
    let claimed = hand.claim(&["a", "b", "c", "d"], 9).await;
    let mut types: Vec<_> = claimed.iter().map(|one| one.job.job_type.as_str()).collect();
    types.sort_unstable();
    assert_eq!(types, ["a", "a", "a", "b", "b", "c", "c", "d", "d"]);
    let rest = other.try_claim(&["a", "b", "c", "d"], 9).await.unwrap();
    assert!(rest.jobs.len() == 3 && rest.jobs.iter().all(|one| one.job.job_type == "d") && !rest.more, "{rest:?}");
    finish(&hand, &claimed).await;
    assert_eq!(other.claim(&["a", "b", "c", "d"], 9).await.len(), 2);
    bench.set_limits(&of_type("b", TypeLimits::default())).await.unwrap();
    assert_eq!(other.claim(&["a", "b", "c", "d"], 9).await.len(), 3, "the claims of others are counted as before");
}

pub async fn what_is_paused_gets_no_turn(bench: &Bench) {
    let [hand, _] = hands(bench, &[]).await;
    bench.add_all(vec![grouped("a", "g"), grouped("a", "g"), grouped("a", "h"), job("a"), job("b")]).await;
    let pause = async |scope: Scope, paused| assert!(bench.set_paused(&scope, paused).await.unwrap());
    pause(Scope::All, true).await;
    let none = hand.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    pause(Scope::All, false).await;
    pause(Scope::Type("a".to_owned()), true).await;
    assert_eq!(hand.take("b").await.job.job_type, "b");
    assert!(hand.claim(&["a", "b"], 10).await.is_empty());
    pause(Scope::Type("a".to_owned()), false).await;
    pause(Scope::Group("g".to_owned()), true).await;
    let mut order: Vec<char> = letters(&hand.claim(&["a", "b"], 10).await).chars().collect();
    order.sort_unstable();
    assert_eq!(order, ['-', 'h']);
    pause(Scope::Group("g".to_owned()), false).await;
    assert_eq!(letters(&hand.claim(&["a", "b"], 10).await), "gg");
}

pub async fn many_workers_claim_each_job_once(bench: &Bench) {
    let [first, second] = hands(bench, &[("gold", 2)]).await;
    let jobs = (0..240).map(|at| match at % 8 {
        0 => job("a"),
        1 => tiered("a", "g1", Some("gold")),
        _ if at % 3 == 0 => grouped("b", "g2"),
        _ => NewJob { priority: at % 5, ..grouped("a", &format!("g{}", at % 11)) },
    });
    let added = bench.add_all(jobs.collect()).await;
    let done = AtomicUsize::new(0);
    let work = async |hand: Hand| {
        let mut seen = Vec::new();
        while done.load(Ordering::Relaxed) < added.len() {
            let claimed = hand.claim(&["a", "b"], 7).await;
            for (at, one) in claimed.iter().enumerate() {
                if at % 4 == 3 && one.job.attempts < 2 {
                    hand.settle(fail(one, Some(Duration::ZERO))).await;
                } else {
                    finish(&hand, std::slice::from_ref(one)).await;
                    seen.push(one.job.id);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
            if claimed.is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        seen
    };
    let turns = Turns { weights: [("gold".to_owned(), 2)].into() };
    // Others whose claims go by priority alone take part.
    let hands = [first, second, bench.hand().await, bench.distant_hand().await.in_turns(turns)];
    let all = tokio::time::timeout(Duration::from_secs(60), join_all(hands.into_iter().map(work)));
    let seen: Vec<_> = all.await.expect("a job was lost").concat();
    let distinct: HashSet<_> = seen.iter().copied().collect();
    assert_eq!((seen.len(), distinct), (added.len(), added.iter().copied().collect()));
    for id in added {
        assert_eq!(bench.status(id).await, Status::Completed);
    }
}

pub async fn turns_are_exact_however_many_claim_at_once(bench: &Bench) {
    let [first, second] = hands(bench, &[]).await;
    for group in ["b", "s"] {
        bench.add_all(vec![grouped("a", group); 60]).await;
    }
    let third = bench.distant_hand().await.in_turns(Turns::default());
    let work = async |hand: &Hand| {
        let mut groups = String::new();
        for size in [1, 2, 1, 3, 1] {
            let claimed = hand.claim(&["a"], size).await;
            assert_eq!(claimed.len(), size as usize);
            groups += &letters(&claimed);
        }
        groups
    };
    let (one, two, three) = tokio::join!(work(&first), work(&second), work(&third));
    let all = one + &two + &three;
    // As by one claim after the other: of each eight places, the smaller name gets three and the two fourths.
    assert_eq!((all.matches('b').count(), all.matches('s').count()), (15, 9), "{all}");
}

pub async fn what_is_changed_keeps_its_place_among_the_turns(bench: &Bench) {
    let [hand, _] = hands(bench, &[]).await;
    let added = bench.add_all(vec![grouped("a", "g"); 5]).await;
    let other = bench.add_one(grouped("a", "h")).await;
    assert!(bench.changed(added[0], Change::Cancel).await);
    assert!(bench.changed(added[2], Change::Edit(JobEdit { priority: Some(5), ..JobEdit::default() })).await);
    let later = Some(Some(bench.now().await.plus(HOUR)));
    assert!(bench.changed(added[3], Change::Edit(JobEdit { run_at: later, ..JobEdit::default() })).await);
    let first = hand.claim(&["a"], 3).await;
    assert_eq!(ids(&first), [added[2], other, added[1]]);
    assert!(bench.changed(added[0], Change::Retry).await);
    let back = hand.settle(fail(&first[2], Some(Duration::ZERO))).await;
    assert_eq!(back, dataqueue::model::Settled::Applied);
    let mut rest = ids(&hand.claim(&["a"], 10).await);
    rest.sort_unstable();
    assert_eq!(rest, [added[0], added[1], added[4]]);
    assert!(hand.claim(&["a"], 10).await.is_empty());
    let now = JobEdit { run_at: Some(None), ..JobEdit::default() };
    assert!(bench.changed(added[3], Change::Edit(now)).await);
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [added[3]]);
}

pub async fn jobs_from_before_turns_were_kept_take_turns_too(bench: &Bench) {
    let later = bench.now().await.plus(Duration::from_millis(50));
    bench.add_all(vec![grouped("a", "b"); 2_100]).await;
    bench.add_all(vec![NewJob { run_at: Some(later), ..grouped("a", "s") }; 6]).await;
    let plain = bench.hand().await;
    assert_eq!(letters(&plain.claim(&["a"], 2).await), "bb");
    eventually("the others are due", async || bench.now().await > later).await;
    let [hand, _] = hands(bench, &[]).await;
    assert_eq!(letters(&hand.claim(&["a"], 8).await), "bsbbsbsb");
}

pub async fn claims_without_turns_are_as_they_were(bench: &Bench) {
    let [hand, _] = hands(bench, &[]).await;
    let added = bench.add_all(vec![grouped("a", "b"), grouped("a", "b"), grouped("a", "b"), grouped("a", "s")]).await;
    assert_eq!(ids(&bench.hand().await.claim(&["a"], 2).await), added[..2]);
    assert_eq!(ids(&hand.claim(&["a"], 2).await), added[2..]);
}
