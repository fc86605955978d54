//! How many jobs of a group start within a span of time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::lock::Mutex;
use dataqueue::model::{Change, Claimed, Filter, GroupRates, Limits, NewJob, Pace, Scope, Status, Turns};
use futures_util::future::join_all;

use super::flow::{finish, grouped, of_groups, of_type, running, tiered};
use crate::bench::{Bench, Hand, eventually, ids, job};

super::tests![group_rates:
    no_more_jobs_of_a_group_start_within_a_span_than_may,
    a_rate_of_groups_is_never_exceeded_and_is_made_use_of,
    what_waits_goes_on_in_its_order_when_nothing_runs,
    what_waits_is_found_by_a_worker_that_was_idle,
    what_waits_is_seen_when_there_is_room,
    a_store_in_which_a_group_waits_can_be_opened_again,
    tiers_have_rates_of_their_own,
    a_group_is_held_to_its_rate_and_its_concurrency,
    limits_of_types_and_pauses_hold_beside_it,
    in_claims_by_turns_a_rate_holds_too,
    a_rate_that_is_taken_away_lets_its_line_go,
    each_setting_leaves_the_other_alone,
    a_job_in_line_is_cancelled_and_the_next_one_starts,
    many_groups_go_on_at_once,
    many_workers_never_exceed_a_rate_and_lose_nothing,
    counting_anew_keeps_what_was_spent,
    a_sweep_finds_a_line_of_which_nobody_knows_when_it_goes_on,
];

const HOUR: Duration = Duration::from_secs(3_600);

fn rates(others: Option<(u32, Duration)>, tiers: &[(&str, u32, Duration)]) -> Limits {
    let tiers = tiers.iter().map(|(tier, most, per)| ((*tier).to_owned(), Pace { most: *most, per: *per })).collect();
    let others = others.map(|(most, per)| Pace { most, per });
    Limits { group_rates: Some(GroupRates { others, tiers }), ..Limits::default() }
}

fn rate(most: u32, per: Duration) -> Limits {
    rates(Some((most, per)), &[])
}

fn assert_kept(starts: &[Timestamp], most: usize, per: Duration) {
    let mut starts = starts.to_vec();
    starts.sort_unstable();
    for (at, first) in starts.iter().enumerate() {
        let within = starts[at..].iter().filter(|start| **start < first.plus(per)).count();
        assert!(within <= most, "{within} jobs started within the span: {starts:?}");
    }
}

/// Claims until so many have started, and ends each at once.
async fn run(hand: &Hand, types: &[&str], count: usize) -> Vec<Claimed> {
    let mut all = Vec::new();
    eventually("all have started", async || {
        let claimed = hand.claim(types, 10).await;
        finish(hand, &claimed).await;
        all.extend(claimed);
        all.len() >= count
    })
    .await;
    all
}

fn starts(claimed: &[Claimed]) -> Vec<Timestamp> {
    claimed.iter().filter_map(|one| one.job.locked_at).collect()
}

/// Nothing is claimed, nothing is looked at again, and within the span a line goes on.
async fn assert_waits(hand: &Hand, types: &[&str], most: Duration) {
    let none = hand.try_claim(types, 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    assert!(none.next_due.is_some_and(|due| due <= most + most / 30), "{none:?}");
}

pub async fn no_more_jobs_of_a_group_start_within_a_span_than_may(bench: &Bench) {
    bench.set_limits(&rate(3, HOUR)).await.unwrap();
    let mut jobs = vec![grouped("a", "g"), grouped("b", "g"), grouped("a", "h"), job("a")];
    jobs.extend(vec![grouped("a", "g"); 4]);
    let added = bench.add_all(jobs).await;
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    let first = hand.claim(&["a", "b"], 2).await;
    assert_eq!(ids(&first), added[..2]);
    finish(&hand, &first).await;
    let second = other.claim(&["a", "b"], 10).await;
    assert_eq!(ids(&second), added[2..5]);
    finish(&other, &second).await;
    let none = hand.try_claim(&["a", "b"], 10).await.unwrap();
    assert!(none.jobs.is_empty() && !none.more, "{none:?}");
    let due = none.next_due.unwrap();
    assert!(due > HOUR / 2 && due <= HOUR + HOUR / 30, "{due:?}");
    assert_eq!(bench.status(added[5]).await, Status::Pending);
    bench.set_limits(&rate(4, HOUR)).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [added[5]]);
    assert_waits(&other, &["a"], HOUR).await;
}

pub async fn a_rate_of_groups_is_never_exceeded_and_is_made_use_of(bench: &Bench) {
    let per = Duration::from_millis(400);
    bench.set_limits(&rate(4, per)).await.unwrap();
    bench.add_all(vec![grouped("a", "g"); 14]).await;
    let all = run(&bench.hand().await, &["a"], 14).await;
    assert_eq!(all.len(), 14);
    assert_kept(&starts(&all), 4, per);
}

pub async fn what_waits_goes_on_in_its_order_when_nothing_runs(bench: &Bench) {
    let per = Duration::from_millis(300);
    bench.set_limits(&rate(1, per)).await.unwrap();
    let first = bench.add_one(grouped("a", "g")).await;
    let hand = bench.hand().await;
    let mut order = ids(&run(&hand, &["a", "b"], 1).await);
    let later = bench.add_all(vec![grouped("b", "g"), grouped("a", "g"), grouped("b", "g")]).await;
    let urgent = bench.add_one(NewJob { priority: 3, ..grouped("b", "g") }).await;
    for _ in 0..4 {
        let mut told = None;
        eventually("the next one starts", async || {
            let claim = hand.try_claim(&["a", "b"], 10).await.unwrap();
            finish(&hand, &claim.jobs).await;
            order.extend(ids(&claim.jobs));
            told = claim.next_due;
            if claim.jobs.is_empty() {
                // As a worker that has nothing to do: it comes when it was told to, and not before.
                tokio::time::sleep(told.expect("nobody would wake it")).await;
            }
            !claim.jobs.is_empty()
        })
        .await;
    }
    assert_eq!(order, [first, urgent, later[0], later[1], later[2]]);
    eventually("nothing is waited for", async || {
        let none = hand.try_claim(&["a", "b"], 10).await.unwrap();
        assert!(none.jobs.is_empty());
        none.next_due.is_none()
    })
    .await;
}

pub async fn what_waits_is_found_by_a_worker_that_was_idle(bench: &Bench) {
    bench.set_limits(&rate(2, Duration::from_millis(300))).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 4]).await;
    let (hand, other) = (bench.hand().await, bench.distant_hand().await);
    let first = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&first), added[..2]);
    let rest = run(&other, &["b", "a"], 2).await;
    assert_eq!(ids(&rest), added[2..]);
    finish(&hand, &first).await;
    let mut both = starts(&first);
    both.extend(starts(&rest));
    assert_kept(&both, 2, Duration::from_millis(300));
}

pub async fn what_waits_is_seen_when_there_is_room(bench: &Bench) {
    let types = ["a".to_owned()];
    bench.set_limits(&rate(1, Duration::from_millis(500))).await.unwrap();
    bench.add_all(vec![grouped("a", "g"); 2]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 10).await;
    let started = first[0].job.locked_at.unwrap();
    let seen = bench.look(0, &types).await.unwrap().jobs;
    assert!(!seen || bench.now().await >= started.plus(Duration::from_millis(500)));
    eventually("its line goes on", async || bench.look(0, &types).await.unwrap().jobs).await;
    assert_eq!(run(&hand, &["a"], 1).await.len(), 1);
    assert!(!bench.look(0, &types).await.unwrap().jobs);
}

pub async fn a_store_in_which_a_group_waits_can_be_opened_again(bench: &Bench) {
    bench.set_limits(&rate(1, HOUR)).await.unwrap();
    bench.add_all(vec![grouped("a", "g"); 2]).await;
    let hand = bench.hand().await;
    assert_eq!(hand.claim(&["a"], 10).await.len(), 1);
    let again = bench.second();
    assert_eq!(again.count(&Filter::default()).await.unwrap(), 2);
}

pub async fn tiers_have_rates_of_their_own(bench: &Bench) {
    bench.set_limits(&rates(None, &[("gold", 3, HOUR), ("iron", 1, HOUR)])).await.unwrap();
    let mut jobs = Vec::new();
    for (group, tier) in [("g", Some("gold")), ("i", Some("iron")), ("n", None), ("o", Some("other"))] {
        jobs.extend(vec![tiered("a", group, tier); 4]);
    }
    let added = bench.add_all(jobs).await;
    let hand = bench.hand().await;
    let expected: Vec<_> = added[..3].iter().chain(&added[4..5]).chain(&added[8..]).copied().collect();
    assert_eq!(ids(&hand.claim(&["a"], 100).await), expected);
    bench.set_limits(&rates(Some((2, HOUR)), &[("gold", 3, HOUR)])).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 100).await), [added[5]]);
}

pub async fn a_group_is_held_to_its_rate_and_its_concurrency(bench: &Bench) {
    bench.set_limits(&Limits { groups: of_groups(2).groups, ..rate(3, HOUR) }).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 6]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&first), added[..2]);
    assert!(hand.claim(&["a"], 10).await.is_empty());
    finish(&hand, &first).await;
    let second = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&second), added[2..3]);
    finish(&hand, &second).await;
    assert_waits(&hand, &["a"], HOUR).await;
    let per = Duration::from_millis(300);
    bench.set_limits(&Limits { groups: of_groups(1).groups, ..rate(2, per) }).await.unwrap();
    let rest = run(&hand, &["a"], 3).await;
    assert_eq!(ids(&rest), added[3..]);
    assert_kept(&starts(&rest), 2, per);
}

pub async fn limits_of_types_and_pauses_hold_beside_it(bench: &Bench) {
    let per = Duration::from_millis(300);
    bench.set_limits(&Limits { types: of_type("a", running(1)).types, ..rate(2, per) }).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"), grouped("a", "g"), grouped("b", "g"), grouped("b", "g")]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a", "b"], 10).await;
    assert_eq!(ids(&first), [added[0], added[2]]);
    let group = Scope::Group("g".to_owned());
    bench.set_paused(&group, true).await.unwrap();
    finish(&hand, &first).await;
    tokio::time::sleep(per + per).await;
    assert!(hand.claim(&["a", "b"], 10).await.is_empty());
    bench.set_paused(&group, false).await.unwrap();
    let mut rest = ids(&run(&hand, &["a", "b"], 2).await);
    rest.sort_unstable();
    assert_eq!(rest, [added[1], added[3]]);
}

pub async fn in_claims_by_turns_a_rate_holds_too(bench: &Bench) {
    let per = Duration::from_millis(400);
    bench.set_limits(&Limits { turns: true, ..rate(2, per) }).await.unwrap();
    let mut jobs = vec![grouped("a", "g"); 6];
    jobs.extend(vec![grouped("a", "h"); 3]);
    bench.add_all(jobs).await;
    let hand = bench.hand().await.in_turns(Turns::default());
    let all = run(&hand, &["a"], 9).await;
    assert_eq!(all.len(), 9);
    for group in ["g", "h"] {
        let of_group: Vec<_> = all.iter().filter(|one| one.job.group_id.as_deref() == Some(group)).cloned().collect();
        assert_kept(&starts(&of_group), 2, per);
    }
}

pub async fn a_rate_that_is_taken_away_lets_its_line_go(bench: &Bench) {
    bench.set_limits(&rate(1, HOUR)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 5]).await;
    let hand = bench.hand().await;
    assert_eq!(ids(&hand.claim(&["a"], 10).await), added[..1]);
    assert_waits(&hand, &["a"], HOUR).await;
    bench.set_limits(&Limits { group_rates: Some(GroupRates::default()), ..Limits::default() }).await.unwrap();
    let rest = hand.try_claim(&["a"], 10).await.unwrap();
    assert_eq!(ids(&rest.jobs), added[1..]);
    assert_eq!(rest.next_due, None);
    assert!(!bench.look(0, &["a".to_owned()]).await.unwrap().jobs);
}

pub async fn each_setting_leaves_the_other_alone(bench: &Bench) {
    bench.set_limits(&of_groups(2)).await.unwrap();
    bench.set_limits(&rate(3, HOUR)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 6]).await;
    let hand = bench.hand().await;
    assert_eq!(ids(&hand.claim(&["a"], 10).await), added[..2]);
    bench.set_limits(&Limits::default()).await.unwrap();
    assert!(hand.claim(&["a"], 10).await.is_empty());
    bench.set_limits(&of_groups(5)).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [added[2]]);
    let no_rate = Limits { group_rates: Some(GroupRates::default()), ..Limits::default() };
    bench.set_limits(&no_rate).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), added[3..5]);
}

pub async fn a_job_in_line_is_cancelled_and_the_next_one_starts(bench: &Bench) {
    bench.set_limits(&rate(1, Duration::from_millis(300))).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 4]).await;
    let hand = bench.hand().await;
    let first = run(&hand, &["a"], 1).await;
    assert_eq!(ids(&first), added[..1]);
    assert!(bench.changed(added[1], Change::Cancel).await);
    assert!(bench.changed(added[3], Change::Cancel).await);
    assert_eq!(ids(&run(&hand, &["a"], 1).await), [added[2]]);
    assert_eq!(bench.status(added[1]).await, Status::Cancelled);
    eventually("nothing is waited for", async || hand.try_claim(&["a"], 10).await.unwrap().next_due.is_none()).await;
}

pub async fn many_groups_go_on_at_once(bench: &Bench) {
    let per = Duration::from_millis(300);
    bench.set_limits(&rate(1, per)).await.unwrap();
    let added = bench.add_all((0..450).map(|at| grouped("a", &format!("g{}", at % 150))).collect()).await;
    let hand = bench.hand().await;
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    let mut count = 0;
    eventually("all have started", async || {
        let claimed = hand.claim(&["a"], 200).await;
        finish(&hand, &claimed).await;
        count += claimed.len();
        for one in &claimed {
            all.entry(one.job.group_id.clone()).or_default().extend(one.job.locked_at);
        }
        count == added.len()
    })
    .await;
    for starts in all.values() {
        assert_kept(starts, 1, per);
    }
}

pub async fn many_workers_never_exceed_a_rate_and_lose_nothing(bench: &Bench) {
    const MOST: usize = 5;
    let per = Duration::from_millis(250);
    let limits = Limits { groups: of_groups(4).groups, ..rate(MOST as u32, per) };
    bench.set_limits(&limits).await.unwrap();
    let jobs = (0..60).map(|at| grouped(if at % 2 == 0 { "a" } else { "b" }, &format!("g{}", at % 3))).collect();
    let added = bench.add_all(jobs).await;
    let (done, seen) = (AtomicUsize::new(0), Mutex::new(HashMap::<_, Vec<_>>::new()));
    let work = async |hand: Hand| {
        while done.load(Ordering::Relaxed) < 60 {
            let claimed = hand.claim(&["a", "b"], 3).await;
            for one in &claimed {
                seen.lock().entry(one.job.group_id.clone()).or_default().extend(one.job.locked_at);
            }
            finish(&hand, &claimed).await;
            done.fetch_add(claimed.len(), Ordering::Relaxed);
            if claimed.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    let hands = [bench.hand().await, bench.hand().await, bench.distant_hand().await, bench.distant_hand().await];
    let all = tokio::time::timeout(Duration::from_secs(60), join_all(hands.into_iter().map(work)));
    all.await.expect("jobs wait and none starts");
    for starts in seen.lock().values() {
        assert_kept(starts, MOST, per);
    }
    for id in added {
        assert_eq!(bench.status(id).await, Status::Completed);
    }
}

pub async fn counting_anew_keeps_what_was_spent(bench: &Bench) {
    bench.set_limits(&rate(2, HOUR)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 4]).await;
    let hand = bench.hand().await;
    let first = hand.claim(&["a"], 10).await;
    assert_eq!(ids(&first), added[..2]);
    finish(&hand, &first).await;
    bench.tend_limits().await.unwrap();
    bench.set_limits(&of_type("b", running(1))).await.unwrap();
    assert_waits(&hand, &["a"], HOUR).await;
    bench.set_limits(&rate(3, HOUR)).await.unwrap();
    assert_eq!(ids(&hand.claim(&["a"], 10).await), [added[2]]);
}

pub async fn a_sweep_finds_a_line_of_which_nobody_knows_when_it_goes_on(bench: &Bench) {
    let per = Duration::from_millis(500);
    bench.set_limits(&rate(1, per)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"); 3]).await;
    let hand = bench.hand().await;
    let mut all = run(&hand, &["a"], 1).await;
    bench.driver().lose_openings().await;
    bench.tend_limits().await.unwrap();
    all.extend(run(&hand, &["a"], 1).await);
    assert!(hand.claim(&["a"], 10).await.is_empty());
    bench.driver().lose_openings().await;
    tokio::time::sleep(per + per).await;
    bench.tend_limits().await.unwrap();
    all.extend(run(&hand, &["a"], 1).await);
    assert_eq!(ids(&all), added);
    assert_kept(&starts(&all), 1, per);
}
