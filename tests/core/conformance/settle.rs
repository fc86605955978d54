//! Ends of runs: what each records, item by item, and what a repeat of a call does.

use std::time::Duration;

use dataqueue::model::{Claimed, EventKind, FailureReason, Lease, NewJob, Outcome, Settled, Settlement, Status, Wait};

use crate::bench::{Bench, complete, end, fail, job, json, release, settled_all};

super::tests![settle:
    each_end_records_its_fields_and_takes_the_lock_off,
    answers_come_for_each_item_in_order_whatever_their_ends,
    five_hundred_ends_of_which_one_lost_its_lease_leave_the_others_applied,
    each_part_of_a_lease_must_be_right,
    an_output_is_stored_or_replaced_and_none_keeps_what_was_noted,
    will_retry_agrees_with_what_is_stored,
    a_retry_is_due_after_its_delay_counted_from_the_failure,
    a_job_claimed_for_its_retry_is_released_as_failed_and_due,
    an_empty_batch_settles_nothing,
    of_two_ends_of_one_lease_the_first_counts,
    a_repeat_after_a_cut_reply_changes_nothing_more,
    a_repeat_is_known_until_the_next_claim,
    a_settled_job_needs_its_worker_no_more,
    ends_whose_commit_is_refused_are_not_told_as_recorded,
];

/// Claims as many new jobs as asked for, of a type of their own.
async fn claimed(bench: &Bench, count: usize) -> Vec<Claimed> {
    let job_type = format!("batch {}", rand::random::<u64>());
    bench.add_all((0..count).map(|_| job(&job_type)).collect()).await;
    bench.hand().await.claim(&[&job_type], count as u32).await
}

async fn one(bench: &Bench) -> Claimed {
    claimed(bench, 1).await.remove(0)
}

async fn settle(bench: &Bench, settlement: Settlement) -> Settled {
    bench.settle(&[settlement]).await.unwrap().remove(0)
}

pub async fn each_end_records_its_fields_and_takes_the_lock_off(bench: &Bench) {
    let claimed = claimed(bench, 3).await;
    let before = bench.now().await;
    let ends = [complete(&claimed[0]), fail(&claimed[1], None), release(&claimed[2])];
    assert!(settled_all(&bench.settle(&ends).await.unwrap()));
    let after = bench.now().await;
    let mut jobs = Vec::new();
    for claimed in &claimed {
        let job = bench.job(claimed.job.id).await;
        assert_eq!((&job.locked_at, &job.locked_by), (&None, &None));
        assert!(before <= job.updated_at && job.updated_at <= after);
        jobs.push(job);
    }
    assert_eq!((jobs[0].status, jobs[0].completed_at), (Status::Completed, Some(jobs[0].updated_at)));
    assert_eq!((jobs[0].attempts, jobs[0].started_at), (1, claimed[0].job.started_at));
    assert_eq!((jobs[1].status, jobs[1].last_failed_at), (Status::Failed, Some(jobs[1].updated_at)));
    assert_eq!((jobs[1].failure_reason, jobs[1].next_attempt_at), (Some(FailureReason::HandlerError), None));
    assert_eq!((jobs[2].status, jobs[2].attempts, jobs[2].started_at), (Status::Pending, 0, None));
    assert_eq!(jobs[2].run_at, claimed[2].job.run_at);
}

pub async fn answers_come_for_each_item_in_order_whatever_their_ends(bench: &Bench) {
    let claimed = claimed(bench, 60).await;
    let mut ends = Vec::new();
    let mut wanted = Vec::new();
    // Not in the order of the ids, nor of the kinds of ends.
    for at in (0..60).map(|at| (at * 37) % 60) {
        let mut claimed = claimed[at].clone();
        if at % 7 == 3 {
            claimed.lease.token += 1;
        }
        wanted.push(if at % 7 == 3 { Settled::LeaseLost } else { Settled::Applied });
        ends.push(match at % 4 {
            0 => complete(&claimed),
            1 => fail(&claimed, None),
            2 => fail(&claimed, Some(Duration::from_secs(60))),
            _ => release(&claimed),
        });
    }
    assert_eq!(bench.settle(&ends).await.unwrap(), wanted);
    for (at, claimed) in claimed.iter().enumerate() {
        let status = match (at % 7, at % 4) {
            (3, _) => Status::Processing,
            (_, 0) => Status::Completed,
            (_, 1 | 2) => Status::Failed,
            _ => Status::Pending,
        };
        assert_eq!(bench.status(claimed.job.id).await, status, "job {at}");
    }
}

pub async fn five_hundred_ends_of_which_one_lost_its_lease_leave_the_others_applied(bench: &Bench) {
    let claimed = claimed(bench, 500).await;
    assert_eq!(settle(bench, release(&claimed[321])).await, Settled::Applied);
    let hand = bench.distant_hand().await;
    let again = hand.take(&claimed[321].job.job_type).await;
    let ends: Vec<_> = claimed.iter().map(complete).collect();
    let answers = bench.settle(&ends).await.unwrap();
    for (at, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, if at == 321 { Settled::LeaseLost } else { Settled::Applied }, "item {at}");
    }
    let filter = dataqueue::model::Filter { statuses: vec![Status::Completed], ..Default::default() };
    assert_eq!(bench.count(&filter).await.unwrap(), 499);
    assert_eq!(hand.settle(complete(&again)).await, Settled::Applied);
}

pub async fn each_part_of_a_lease_must_be_right(bench: &Bench) {
    let claimed = claimed(bench, 2).await;
    let other = bench.hand().await;
    let right = claimed[0].lease;
    let wrong = [
        Lease { token: right.token + 1, ..right },
        Lease { token: right.token - 1, ..right },
        Lease { worker_id: other.worker.id, ..right },
        Lease { worker_id: i64::MAX, ..right },
        Lease { job_id: claimed[1].job.id + 1_000, ..right },
    ];
    let before = bench.job(right.job_id).await;
    let wait = Outcome::Waiting(Wait { until: None, on: None, name: "__wait_0".to_owned(), entry: "{}".into() });
    let ends = [
        complete(&claimed[0]),
        fail(&claimed[0], None),
        release(&claimed[0]),
        end(&claimed[0], wait),
        end(&claimed[0], Outcome::Cancelled { reason: None }),
    ];
    for lease in wrong {
        for outcome in ends.clone().map(|end| end.outcome) {
            let settlement = Settlement { lease, attempt: 1, outcome };
            assert_eq!(settle(bench, settlement).await, Settled::LeaseLost, "{lease:?} for {right:?}");
        }
    }
    assert_eq!(bench.job(right.job_id).await, before);
    assert_eq!(settle(bench, complete(&claimed[0])).await, Settled::Applied);
}

pub async fn an_output_is_stored_or_replaced_and_none_keeps_what_was_noted(bench: &Bench) {
    use dataqueue::model::{Note, NoteKind};
    let long = format!("\"{}\"", "y".repeat(30_000));
    let cases = [
        (None, None, None),
        (None, Some("[1]"), Some("[1]")),
        (Some("[1]"), None, Some("[1]")),
        (Some("[1]"), Some("2"), Some("2")),
        (Some(&long), None, Some(&long)),
        (Some(&long), Some("2"), Some("2")),
        (Some("1"), Some(&long), Some(&long)),
        (None, Some("null"), Some("null")),
        (Some("1"), Some("null"), Some("null")),
    ];
    for (noted, returned, wanted) in cases {
        let claimed = one(bench).await;
        if let Some(text) = noted {
            let note = Note { lease: claimed.lease, kind: NoteKind::Output(text.to_owned().into()) };
            assert_eq!(bench.note(&[note]).await.unwrap(), [Settled::Applied]);
        }
        let output = returned.map(|text| text.to_owned().into());
        assert_eq!(settle(bench, end(&claimed, Outcome::Completed { output })).await, Settled::Applied);
        let stored = bench.job(claimed.job.id).await.output;
        assert_eq!(stored.as_deref(), wanted.map(str::as_bytes));
    }
}

pub async fn will_retry_agrees_with_what_is_stored(bench: &Bench) {
    for retry_in in [None, Some(Duration::ZERO), Some(Duration::from_micros(1)), Some(Duration::from_secs(9_999))] {
        let claimed = one(bench).await;
        assert_eq!(settle(bench, fail(&claimed, retry_in)).await, Settled::Applied);
        let (job, told) = (bench.job(claimed.job.id).await, bench.last_metadata(claimed.job.id).await);
        assert_eq!(told["will_retry"], retry_in.is_some());
        assert_eq!(job.next_attempt_at.is_some(), retry_in.is_some());
        let claim = bench.hand().await.try_claim(&[&job.job_type], 1).await.unwrap();
        let comes_again = !claim.jobs.is_empty() || claim.next_due.is_some();
        assert_eq!(comes_again, retry_in.is_some(), "told to be retried, or not, and it is otherwise");
    }
}

pub async fn a_retry_is_due_after_its_delay_counted_from_the_failure(bench: &Bench) {
    for micros in [0, 1, 999_999, 1_500_000, 86_400_000_000] {
        let claimed = one(bench).await;
        let delay = Duration::from_micros(micros);
        assert_eq!(settle(bench, fail(&claimed, Some(delay))).await, Settled::Applied);
        let job = bench.job(claimed.job.id).await;
        assert_eq!(job.next_attempt_at, Some(job.last_failed_at.unwrap().plus(delay)));
    }
}

pub async fn a_job_claimed_for_its_retry_is_released_as_failed_and_due(bench: &Bench) {
    let id = bench.add_one(NewJob { max_attempts: 2, ..job("a") }).await;
    let hand = bench.hand().await;
    let first = hand.take("a").await;
    hand.settle(fail(&first, Some(Duration::ZERO))).await;
    let before = bench.job(id).await;
    for _ in 0..3 {
        let retry = hand.take("a").await;
        assert_eq!(retry.job.attempts, 2);
        assert_eq!(hand.settle(release(&retry)).await, Settled::Applied);
        let job = bench.job(id).await;
        assert_eq!((job.status, job.attempts, job.next_attempt_at), (Status::Failed, 1, Some(job.updated_at)));
        assert_eq!((job.failure_reason, &job.error_history), (before.failure_reason, &before.error_history));
        assert_eq!((job.started_at, job.run_at), (before.started_at, before.run_at));
    }
}

pub async fn an_empty_batch_settles_nothing(bench: &Bench) {
    assert!(bench.settle(&[]).await.unwrap().is_empty());
}

pub async fn of_two_ends_of_one_lease_the_first_counts(bench: &Bench) {
    for turned in [false, true] {
        let claimed = one(bench).await;
        let other = Outcome::Failed(dataqueue::model::Failure {
            reason: FailureReason::Timeout,
            message: "the second".to_owned(),
            kind: None,
            traceback: None,
            retry_in: None,
        });
        let mut ends = [complete(&claimed), fail(&claimed, None), end(&claimed, other)];
        if turned {
            ends.rotate_left(1);
        }
        assert!(settled_all(&bench.settle(&ends).await.unwrap()));
        let job = bench.job(claimed.job.id).await;
        assert_eq!(job.status, if turned { Status::Failed } else { Status::Completed });
        assert_eq!(job.failure_reason, turned.then_some(FailureReason::HandlerError));
        assert_eq!(json(&job.error_history).as_array().unwrap().len(), usize::from(turned));
        assert_eq!(bench.kinds(job.id).await.len(), 3);
    }
}

pub async fn a_repeat_after_a_cut_reply_changes_nothing_more(bench: &Bench) {
    for wait in [0, 1, 2, 5, 10] {
        let claimed = claimed(bench, 30).await;
        let ends: Vec<_> = claimed
            .iter()
            .enumerate()
            .map(|(at, claimed)| match at % 3 {
                0 => complete(claimed),
                1 => fail(claimed, Some(Duration::from_secs(60))),
                _ => release(claimed),
            })
            .collect();
        let (store, batch) = (bench.store(), ends.clone());
        let cut = tokio::spawn(async move { store.settle(&batch).await });
        tokio::time::sleep(Duration::from_millis(wait)).await;
        cut.abort();
        let _ = cut.await;
        assert!(settled_all(&bench.settle(&ends).await.unwrap()), "a repeat was refused");
        assert!(settled_all(&bench.settle(&ends).await.unwrap()), "a repeat was refused");
        for (at, claimed) in claimed.iter().enumerate() {
            let kinds = bench.kinds(claimed.job.id).await;
            let last = [EventKind::Completed, EventKind::Failed, EventKind::Reclaimed][at % 3];
            assert_eq!(kinds, [EventKind::Added, EventKind::Processing, last]);
        }
    }
}

pub async fn a_repeat_is_known_until_the_next_claim(bench: &Bench) {
    use dataqueue::model::Change;
    // Both claims are one worker's: the token alone tells them apart.
    let hand = bench.hand().await;
    let id = bench.add_one(job("repeated")).await;
    let claimed = hand.take("repeated").await;
    let failed = fail(&claimed, None);
    assert_eq!(settle(bench, failed.clone()).await, Settled::Applied);
    assert!(bench.changed(id, Change::Retry).await);
    assert_eq!(settle(bench, failed.clone()).await, Settled::Applied, "it was recorded, whatever came after");
    assert_eq!(bench.status(id).await, Status::Pending);
    let second = hand.take(&claimed.job.job_type).await;
    assert_eq!(settle(bench, failed.clone()).await, Settled::LeaseLost);
    assert_eq!(settle(bench, complete(&claimed)).await, Settled::LeaseLost);
    assert_eq!(hand.settle(complete(&second)).await, Settled::Applied);
    assert_eq!(settle(bench, failed).await, Settled::LeaseLost);
}

pub async fn a_settled_job_needs_its_worker_no_more(bench: &Bench) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    assert_eq!(hand.settle(complete(&claimed)).await, Settled::Applied);
    let before = bench.job(id).await;
    bench.unregister(&hand.worker).await.unwrap();
    assert!(bench.reclaim(100).await.unwrap().is_empty());
    assert_eq!(bench.reclaim_stuck(Duration::ZERO, 0, 100).await.unwrap().changed, 0);
    assert_eq!(settle(bench, complete(&claimed)).await, Settled::Applied);
    assert_eq!(bench.job(id).await, before);
}

pub async fn ends_whose_commit_is_refused_are_not_told_as_recorded(bench: &Bench) {
    bench.add_all(vec![job("poison"), job("poison")]).await;
    let hand = bench.hand().await;
    let claimed = hand.claim(&["poison"], 2).await;
    let ends = [complete(&claimed[0]), fail(&claimed[1], None)];
    bench.driver().poison_commits().await;
    assert!(bench.settle(&ends).await.is_err());
    bench.driver().cure().await;
    for claimed in &claimed {
        assert_eq!(bench.job(claimed.job.id).await.status, Status::Processing);
    }
    assert!(settled_all(&bench.settle(&ends).await.unwrap()));
}
