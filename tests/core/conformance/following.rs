//! Jobs that wait for others: those that wait for tags, and what happens at the same time.

use std::time::Duration;

use dataqueue::model::{Change, EventKind, JobEdit, Settled};

use super::dependencies::{after, done, is_blocked, on, why};
use crate::bench::{Bench, complete, fail, ids, job, tagged};

super::tests![following:
    a_job_waits_for_tags_until_no_open_job_has_all_of_them,
    a_job_waits_for_jobs_and_tags,
    an_edit_takes_the_tag_off_that_is_waited_for,
    an_end_and_an_add_of_who_waits_for_it_follow_each_other,
    prerequisites_that_complete_at_the_same_time_release_once,
    ends_and_adds_of_who_waits_for_tags_follow_each_other,
];

pub async fn a_job_waits_for_tags_until_no_open_job_has_all_of_them(bench: &Bench) {
    let hand = bench.hand().await;
    bench.add_all(vec![tagged("x", &["p"]), tagged("x", &["q", "r"])]).await;
    let [first, second] = bench.add_all(vec![tagged("a", &["p", "q", "z"]), tagged("c", &["q", "p"])]).await[..] else {
        unreachable!()
    };
    let id = bench.add_one(on(tagged("b", &["p", "q"]), &[], &["q", "p", "q"])).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.depends_on_tags, stored.depends_on_job_ids), (vec!["q".to_owned(), "p".to_owned()], vec![]));
    assert_eq!(stored.pending_reason.as_deref(), Some("waits for jobs tagged q, p"));
    assert_eq!(done(&hand, "c").await, second);
    assert!(is_blocked(bench, id).await);
    // One that comes later holds it too, and so does one that is tried again.
    let third = bench.add_one(tagged("c", &["p", "q"])).await;
    let claimed = hand.take("a").await;
    hand.settle(fail(&claimed, Some(Duration::ZERO))).await;
    assert!(bench.changed(third, Change::Cancel).await);
    assert!(is_blocked(bench, id).await);
    let claimed = hand.take("a").await;
    assert_eq!(claimed.job.id, first);
    hand.settle(fail(&claimed, None)).await;
    assert_eq!(done(&hand, "b").await, id);
    // Nobody has them now.
    let free = bench.add_one(on(job("b"), &[], &["p", "q"])).await;
    assert_eq!(done(&hand, "b").await, free);
}

pub async fn a_job_waits_for_jobs_and_tags(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_one(job("a")).await;
    let id = bench.add_one(on(job("b"), &[first], &["t"])).await;
    assert_eq!(bench.job(id).await.pending_reason, Some(format!("waits for job {first} and for jobs tagged t")));
    bench.add_one(tagged("c", &["t"])).await;
    done(&hand, "a").await;
    assert!(is_blocked(bench, id).await);
    done(&hand, "c").await;
    assert_eq!(done(&hand, "b").await, id);
}

pub async fn an_edit_takes_the_tag_off_that_is_waited_for(bench: &Bench) {
    let hand = bench.hand().await;
    let first = bench.add_one(tagged("a", &["t"])).await;
    let id = bench.add_one(on(job("b"), &[], &["t"])).await;
    assert!(
        bench
            .changed(first, Change::Edit(JobEdit { tags: Some(vec!["t".into(), "u".into()]), ..JobEdit::default() }))
            .await
    );
    assert!(is_blocked(bench, id).await);
    assert!(bench.changed(first, Change::Edit(JobEdit { tags: Some(vec![]), ..JobEdit::default() })).await);
    assert_eq!(done(&hand, "b").await, id);
}

pub async fn an_end_and_an_add_of_who_waits_for_it_follow_each_other(bench: &Bench) {
    const ROUNDS: usize = 60;
    let hand = bench.hand().await;
    let other = bench.second();
    for round in 0..ROUNDS {
        let first = bench.add_one(job("a")).await;
        let claimed = hand.take("a").await;
        let ends = if round % 3 == 2 { fail(&claimed, None) } else { complete(&claimed) };
        let adding = async {
            if round % 2 == 0 {
                tokio::task::yield_now().await;
            }
            other.add(vec![after(&[first])]).await.unwrap()[0].id
        };
        let (settled, id) = tokio::join!(hand.settle(ends), adding);
        assert_eq!(settled, Settled::Applied);
        if round % 3 == 2 {
            assert_eq!(why(bench, id).await, format!("job {first}, which it waited for, failed"));
        } else {
            assert_eq!(done(&hand, "b").await, id);
        }
    }
}

pub async fn prerequisites_that_complete_at_the_same_time_release_once(bench: &Bench) {
    const ROUNDS: usize = 25;
    let hands = [bench.hand().await, bench.distant_hand().await];
    for _ in 0..ROUNDS {
        let first = bench.add_all(vec![job("a"), job("a")]).await;
        let added = bench.add_all(vec![after(&first), after(&[first[1], first[0]]), after(&[first[1]])]).await;
        let [one, two] = [hands[0].take("a").await, hands[1].take("a").await];
        let settled = tokio::join!(hands[0].settle(complete(&one)), hands[1].settle(complete(&two)));
        assert_eq!(settled, (Settled::Applied, Settled::Applied));
        let claimed = hands[0].claim(&["b"], 10).await;
        assert_eq!(ids(&claimed), added);
        let ends: Vec<_> = claimed.iter().map(complete).collect();
        hands[0].store.settle(&ends).await.unwrap();
        for id in added {
            assert_eq!(bench.kinds(id).await, [EventKind::Added, EventKind::Processing, EventKind::Completed]);
        }
    }
}

pub async fn ends_and_adds_of_who_waits_for_tags_follow_each_other(bench: &Bench) {
    const ROUNDS: usize = 25;
    let hands = [bench.hand().await, bench.distant_hand().await];
    let other = bench.second();
    for _ in 0..ROUNDS {
        bench.add_all(vec![tagged("a", &["t"]), tagged("a", &["t"])]).await;
        let waiter = || on(job("b"), &[], &["t"]);
        let before = bench.add_all(vec![waiter(), waiter()]).await;
        let [one, two] = [hands[0].take("a").await, hands[1].take("a").await];
        let adding = async { other.add(vec![waiter()]).await.unwrap()[0].id };
        let (_, _, id) = tokio::join!(hands[0].settle(complete(&one)), hands[1].settle(complete(&two)), adding);
        let claimed = hands[0].claim(&["b"], 10).await;
        assert_eq!(ids(&claimed), [before[0], before[1], id]);
        let ends: Vec<_> = claimed.iter().map(complete).collect();
        hands[0].store.settle(&ends).await.unwrap();
    }
}
