//! Reports about running jobs.

use std::time::Duration;

use dataqueue::model::{Claimed, EventKind, Lease, Note, NoteKind, Settled};

use crate::bench::{Bench, complete, fail, job, release};

super::tests![notes:
    progress_is_recorded_without_an_event,
    an_output_is_recorded_without_an_event_and_replaces_the_one_before,
    a_prolonged_job_starts_its_time_anew_and_says_so,
    each_part_of_a_lease_must_be_right_to_report,
    nothing_is_reported_of_a_run_that_ended,
    reports_of_a_run_that_was_lost_do_not_reach_the_next,
    answers_come_for_each_report_in_order,
    of_several_reports_in_a_call_the_newest_of_each_kind_counts,
    an_empty_batch_reports_nothing,
];

async fn running(bench: &Bench) -> Claimed {
    bench.add_one(job("a")).await;
    bench.hand().await.take("a").await
}

async fn note(bench: &Bench, lease: Lease, kind: NoteKind) -> Settled {
    bench.note(&[Note { lease, kind }]).await.unwrap().remove(0)
}

fn one_of_each() -> [NoteKind; 4] {
    let step = NoteKind::Step { name: "s".to_owned(), entry: "1".into() };
    [NoteKind::Progress(5), NoteKind::Output("1".into()), NoteKind::Prolonged { timeout_ms: 5 }, step]
}

pub async fn progress_is_recorded_without_an_event(bench: &Bench) {
    let claimed = running(bench).await;
    for percent in [0, 37, 36, 100] {
        assert_eq!(note(bench, claimed.lease, NoteKind::Progress(percent)).await, Settled::Applied);
        let job = bench.job(claimed.job.id).await;
        assert_eq!((job.progress, job.locked_at, job.output), (Some(percent), claimed.job.locked_at, None));
        assert!(job.updated_at > claimed.job.updated_at);
    }
    assert_eq!(bench.kinds(claimed.job.id).await, [EventKind::Added, EventKind::Processing]);
}

pub async fn an_output_is_recorded_without_an_event_and_replaces_the_one_before(bench: &Bench) {
    let claimed = running(bench).await;
    for text in ["1".to_owned(), format!("\"{}\"", "z".repeat(100_000)), "null".to_owned(), "[]".to_owned()] {
        assert_eq!(note(bench, claimed.lease, NoteKind::Output(text.clone().into())).await, Settled::Applied);
        assert_eq!(bench.job(claimed.job.id).await.output, Some(text.into()));
    }
    assert_eq!(bench.kinds(claimed.job.id).await, [EventKind::Added, EventKind::Processing]);
}

pub async fn a_prolonged_job_starts_its_time_anew_and_says_so(bench: &Bench) {
    let claimed = running(bench).await;
    let before = bench.now().await;
    for timeout_ms in [1, 60_000, i64::from(i32::MAX)] {
        assert_eq!(note(bench, claimed.lease, NoteKind::Prolonged { timeout_ms }).await, Settled::Applied);
        let job = bench.job(claimed.job.id).await;
        assert!(job.locked_at >= Some(before), "its time was not counted anew");
        assert_eq!((job.timeout_ms, job.started_at), (None, claimed.job.started_at));
        assert_eq!(bench.last_metadata(job.id).await, serde_json::json!({"timeout_ms": timeout_ms}));
    }
    assert_eq!(bench.kinds(claimed.job.id).await[2..], [EventKind::Prolonged; 3]);
}

pub async fn each_part_of_a_lease_must_be_right_to_report(bench: &Bench) {
    let claimed = running(bench).await;
    let right = claimed.lease;
    let wrong = [
        Lease { token: right.token + 1, ..right },
        Lease { worker_id: bench.hand().await.worker.id, ..right },
        Lease { job_id: right.job_id + 1, ..right },
    ];
    for lease in wrong {
        for kind in one_of_each() {
            assert_eq!(note(bench, lease, kind).await, Settled::LeaseLost, "{lease:?} for {right:?}");
        }
    }
    assert_eq!(bench.job(right.job_id).await, claimed.job);
}

pub async fn nothing_is_reported_of_a_run_that_ended(bench: &Bench) {
    for way in 0..4 {
        let claimed = running(bench).await;
        let end = match way {
            0 => complete(&claimed),
            1 => fail(&claimed, None),
            2 => fail(&claimed, Some(Duration::from_secs(60))),
            _ => release(&claimed),
        };
        assert_eq!(bench.settle(&[end]).await.unwrap(), [Settled::Applied]);
        let before = (bench.job(claimed.job.id).await, bench.kinds(claimed.job.id).await);
        for kind in one_of_each() {
            assert_eq!(note(bench, claimed.lease, kind).await, Settled::LeaseLost, "after end {way}");
        }
        assert_eq!((bench.job(claimed.job.id).await, bench.kinds(claimed.job.id).await), before);
    }
}

pub async fn reports_of_a_run_that_was_lost_do_not_reach_the_next(bench: &Bench) {
    let first = running(bench).await;
    bench.unregister(&dataqueue::model::Worker { id: first.lease.worker_id, name: String::new() }).await.unwrap();
    bench.reclaim_all(1).await;
    let second = bench.hand().await.take("a").await;
    for kind in one_of_each() {
        assert_eq!(note(bench, first.lease, kind).await, Settled::LeaseLost);
    }
    assert_eq!(bench.job(first.job.id).await, second.job);
    assert_eq!(note(bench, second.lease, NoteKind::Progress(9)).await, Settled::Applied);
}

pub async fn answers_come_for_each_report_in_order(bench: &Bench) {
    bench.add_all((0..20).map(|_| job("a")).collect()).await;
    let claimed = bench.hand().await.claim(&["a"], 20).await;
    let ended: Vec<_> = claimed.iter().step_by(3).map(complete).collect();
    bench.settle(&ended).await.unwrap();
    let order = (0..20).map(|at| (at * 7) % 20);
    let note = |at: usize| Note { lease: claimed[at].lease, kind: NoteKind::Progress(at as i32) };
    let notes: Vec<_> = order.clone().map(note).collect();
    let wanted = order.map(|at| if at % 3 == 0 { Settled::LeaseLost } else { Settled::Applied });
    assert_eq!(bench.note(&notes).await.unwrap(), wanted.collect::<Vec<_>>());
    for (at, claimed) in claimed.iter().enumerate() {
        let wanted = (at % 3 != 0).then_some(at as i32);
        assert_eq!(bench.job(claimed.job.id).await.progress, wanted, "job {at}");
    }
}

pub async fn of_several_reports_in_a_call_the_newest_of_each_kind_counts(bench: &Bench) {
    let lease = running(bench).await.lease;
    let kinds = [
        NoteKind::Progress(1),
        NoteKind::Prolonged { timeout_ms: 7 },
        NoteKind::Output("\"old\"".into()),
        NoteKind::Progress(3),
        NoteKind::Output("\"new\"".into()),
        NoteKind::Progress(2),
        NoteKind::Prolonged { timeout_ms: 8 },
    ];
    let notes: Vec<_> = kinds.into_iter().map(|kind| Note { lease, kind }).collect();
    assert_eq!(bench.note(&notes).await.unwrap(), [Settled::Applied; 7]);
    let job = bench.job(lease.job_id).await;
    assert_eq!((job.progress, job.output), (Some(2), Some("\"new\"".into())));
    assert_eq!(bench.last_metadata(lease.job_id).await["timeout_ms"], 8);
    assert_eq!(bench.kinds(lease.job_id).await.len(), 3, "one call prolongs once");
}

pub async fn an_empty_batch_reports_nothing(bench: &Bench) {
    assert!(bench.note(&[]).await.unwrap().is_empty());
}
