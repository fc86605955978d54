//! Edits: each field, and what an edit does to the place of a job in the queue.

use std::time::Duration;

use dataqueue::model::{Change, Filter, Job, JobEdit, JobId, NewJob, Retry, TagFilter, TagMode};
use serde_json::{Value, json};

use crate::bench::{Bench, Hand, Stage, ids, job, tagged};

super::tests![edit:
    each_field_is_edited_alone_and_the_others_are_kept,
    what_an_edit_names_without_a_value_is_cleared,
    an_edit_of_nothing_changes_nothing,
    the_event_of_an_edit_tells_the_edited_fields_and_no_others,
    a_pending_job_moves_out_of_reach_with_its_time_and_back,
    a_job_that_waits_for_its_retry_moves_with_its_time,
    an_edited_priority_reorders_what_is_due,
    the_priority_of_a_job_that_is_not_due_holds_when_it_falls_due,
    max_attempts_is_never_edited_below_the_attempts_made_and_one,
    edited_tags_are_found_and_the_old_ones_are_not,
    a_long_payload_gives_way_to_a_short_one_and_back,
    a_payload_nested_to_the_limit_is_edited_in,
];

const HOUR: Duration = Duration::from_secs(3_600);

/// An edit, and what it makes of a job.
type Case = (JobEdit, fn(&mut Job));

fn none() -> JobEdit {
    JobEdit::default()
}

async fn edit(bench: &Bench, id: JobId, edit: JobEdit) -> Job {
    assert!(bench.changed(id, Change::Edit(edit)).await);
    bench.job(id).await
}

fn rich() -> NewJob {
    let retry = Retry { delay: Some(HOUR), backoff: Some(true), delay_max: Some(2 * HOUR) };
    NewJob { priority: 3, max_attempts: 5, timeout_ms: Some(9), retry, ..tagged("a", &["x", "y"]) }
}

pub async fn each_field_is_edited_alone_and_the_others_are_kept(bench: &Bench) {
    let time = bench.now().await.plus(HOUR);
    let half = Duration::from_millis(500);
    let cases: [Case; 8] = [
        (JobEdit { payload: Some("[1]".into()), ..none() }, |job| job.payload = "[1]".into()),
        (JobEdit { priority: Some(-4), ..none() }, |job| job.priority = -4),
        (JobEdit { max_attempts: Some(2), ..none() }, |job| job.max_attempts = 2),
        (JobEdit { timeout_ms: Some(Some(77)), ..none() }, |job| job.timeout_ms = Some(77)),
        (JobEdit { tags: Some(vec!["z".into()]), ..none() }, |job| job.tags = vec!["z".into()]),
        (JobEdit { retry_delay: Some(Some(half)), ..none() }, |job| job.retry.delay = Some(Duration::from_millis(500))),
        (JobEdit { retry_backoff: Some(Some(false)), ..none() }, |job| job.retry.backoff = Some(false)),
        (JobEdit { retry_delay_max: Some(Some(half)), ..none() }, |job| {
            job.retry.delay_max = Some(Duration::from_millis(500));
        }),
    ];
    for stage in [Stage::Ready, Stage::Scheduled, Stage::RetryLater, Stage::RetryNow] {
        for (at, (change, expect)) in cases.iter().enumerate() {
            let new = NewJob { job_type: format!("{stage:?} {at}"), ..rich() };
            let id = bench.bring(stage, new).await;
            let mut wanted = bench.job(id).await;
            expect(&mut wanted);
            let edited = edit(bench, id, change.clone()).await;
            wanted.updated_at = edited.updated_at;
            assert_eq!(edited, wanted, "{change:?} of a job that is {stage:?}");
        }
        let id = bench.bring(stage, NewJob { job_type: format!("{stage:?}"), ..rich() }).await;
        let mut wanted = bench.job(id).await;
        let edited = edit(bench, id, JobEdit { run_at: Some(Some(time)), ..none() }).await;
        wanted.updated_at = edited.updated_at;
        *if stage.retry_due() { wanted.next_attempt_at.as_mut().unwrap() } else { &mut wanted.run_at } = time;
        assert_eq!(edited, wanted, "run_at of a job that is {stage:?}");
    }
}

pub async fn what_an_edit_names_without_a_value_is_cleared(bench: &Bench) {
    let id = bench.add_one(rich()).await;
    let cleared = JobEdit {
        timeout_ms: Some(None),
        tags: Some(Vec::new()),
        retry_delay: Some(None),
        retry_backoff: Some(None),
        retry_delay_max: Some(None),
        ..none()
    };
    let job = edit(bench, id, cleared).await;
    assert_eq!((job.timeout_ms, job.tags, job.retry), (None, Vec::new(), Retry::default()));
    assert_eq!((job.priority, job.max_attempts), (3, 5));
}

pub async fn an_edit_of_nothing_changes_nothing(bench: &Bench) {
    let id = bench.add_one(rich()).await;
    let before = bench.job(id).await;
    assert!(!bench.changed(id, Change::Edit(none())).await);
    assert_eq!(bench.changed_all(&Filter::default(), &Change::Edit(none()), 10).await, 0);
    assert_eq!((bench.job(id).await, bench.kinds(id).await.len()), (before, 1));
}

pub async fn the_event_of_an_edit_tells_the_edited_fields_and_no_others(bench: &Bench) {
    let time = bench.now().await.plus(HOUR);
    let half = Some(Duration::from_millis(1_500));
    let cases: [(JobEdit, Value); 5] = [
        (JobEdit { priority: Some(1), ..none() }, json!({"priority": 1})),
        (JobEdit { run_at: Some(None), timeout_ms: Some(None), ..none() }, json!({"run_at": null, "timeout_ms": null})),
        (
            JobEdit { payload: Some(r#"{"a": [1, "ü"]}"#.into()), tags: Some(Vec::new()), ..none() },
            json!({"payload": {"a": [1, "ü"]}, "tags": []}),
        ),
        (
            JobEdit { retry_delay: Some(half), retry_delay_max: Some(None), retry_backoff: Some(Some(true)), ..none() },
            json!({"retry_delay": 1.5, "retry_delay_max": null, "retry_backoff": true}),
        ),
        (
            JobEdit { run_at: Some(Some(time)), max_attempts: Some(4), tags: Some(vec!["t".into()]), ..none() },
            json!({"run_at": time.to_rfc3339(), "max_attempts": 4, "tags": ["t"]}),
        ),
    ];
    for (change, wanted) in cases {
        let id = bench.add_one(rich()).await;
        edit(bench, id, change).await;
        assert_eq!(bench.last_metadata(id).await, wanted);
    }
}

/// Moves a job's time away and back, and looks whether it is claimed when it should be.
async fn moves_with_its_time(bench: &Bench, hand: &Hand, id: JobId) {
    let now = bench.now().await;
    for hours in [1, 2] {
        let time = now.plus(hours * HOUR);
        edit(bench, id, JobEdit { run_at: Some(Some(time)), ..none() }).await;
        let claim = hand.try_claim(&["a"], 10).await.unwrap();
        assert!(claim.jobs.is_empty() && !claim.more, "claimed before its time: {claim:?}");
        let due = claim.now.plus(claim.next_due.unwrap());
        assert!(due.since(time).max(time.since(due)) < Duration::from_millis(5), "{due:?} is not {time:?}");
    }
    let earlier = bench.now().await.minus(HOUR);
    for back in [None, Some(earlier)] {
        edit(bench, id, JobEdit { run_at: Some(Some(now.plus(HOUR))), ..none() }).await;
        edit(bench, id, JobEdit { run_at: Some(back), ..none() }).await;
        let claimed = hand.claim(&["a"], 10).await;
        assert_eq!(ids(&claimed), [id], "moved back to {back:?}");
        let claim = hand.try_claim(&["a"], 10).await.unwrap();
        assert!(claim.jobs.is_empty() && claim.next_due.is_none(), "claimed twice: {claim:?}");
        hand.settle(crate::bench::release(&claimed[0])).await;
    }
}

pub async fn a_pending_job_moves_out_of_reach_with_its_time_and_back(bench: &Bench) {
    let hand = bench.hand().await;
    for stage in [Stage::Ready, Stage::Scheduled] {
        let id = bench.staged(stage, "a").await;
        moves_with_its_time(bench, &hand, id).await;
        assert!(bench.changed(id, Change::Cancel).await);
    }
}

pub async fn a_job_that_waits_for_its_retry_moves_with_its_time(bench: &Bench) {
    let hand = bench.hand().await;
    for stage in [Stage::RetryLater, Stage::RetryNow] {
        let id = bench.staged(stage, "a").await;
        let run_at = bench.job(id).await.run_at;
        moves_with_its_time(bench, &hand, id).await;
        assert_eq!(bench.job(id).await.run_at, run_at);
        assert!(bench.changed(id, Change::Cancel).await);
    }
}

pub async fn an_edited_priority_reorders_what_is_due(bench: &Bench) {
    let added = bench.add_all((0..6).map(|_| job("a")).collect()).await;
    let retry = bench.staged(Stage::RetryNow, "b").await;
    edit(bench, added[4], JobEdit { priority: Some(1), ..none() }).await;
    edit(bench, added[1], JobEdit { priority: Some(-1), ..none() }).await;
    edit(bench, added[5], JobEdit { priority: Some(9), ..none() }).await;
    edit(bench, added[5], JobEdit { priority: Some(0), ..none() }).await;
    edit(bench, retry, JobEdit { priority: Some(2), ..none() }).await;
    let claimed = ids(&bench.hand().await.claim(&["a", "b"], 10).await);
    assert_eq!(claimed, [retry, added[4], added[0], added[2], added[3], added[5], added[1]]);
}

pub async fn the_priority_of_a_job_that_is_not_due_holds_when_it_falls_due(bench: &Bench) {
    let first = bench.add_one(NewJob { priority: 3, ..job("a") }).await;
    let later = bench.staged(Stage::Scheduled, "a").await;
    edit(bench, later, JobEdit { priority: Some(4), ..none() }).await;
    edit(bench, later, JobEdit { run_at: Some(None), ..none() }).await;
    assert_eq!(ids(&bench.hand().await.claim(&["a"], 10).await), [later, first]);
}

pub async fn max_attempts_is_never_edited_below_the_attempts_made_and_one(bench: &Bench) {
    for (stage, least) in [(Stage::Ready, 1), (Stage::Scheduled, 1), (Stage::RetryLater, 2), (Stage::RetryNow, 2)] {
        let id = bench.staged(stage, &format!("{stage:?}")).await;
        for asked in [1, 2, 9, i32::MAX, 1] {
            let job = edit(bench, id, JobEdit { max_attempts: Some(asked), ..none() }).await;
            assert_eq!(job.max_attempts, asked.max(least), "{asked} attempts for a job that is {stage:?}");
        }
        assert_eq!(edit(bench, id, JobEdit { priority: Some(1), ..none() }).await.max_attempts, least);
    }
}

pub async fn edited_tags_are_found_and_the_old_ones_are_not(bench: &Bench) {
    let id = bench.add_one(tagged("a", &["x", "y"])).await;
    let other = bench.add_one(tagged("a", &["x"])).await;
    let found = async |tag: &str| {
        let tags = TagFilter { values: vec![tag.to_owned()], mode: TagMode::Any };
        bench.found(&Filter { tags: Some(tags), ..Filter::default() }).await
    };
    edit(bench, id, JobEdit { tags: Some(vec!["y".into(), "z".into()]), ..none() }).await;
    assert_eq!((found("x").await, found("y").await, found("z").await), (vec![other], vec![id], vec![id]));
    edit(bench, id, JobEdit { tags: Some(Vec::new()), ..none() }).await;
    assert_eq!((found("x").await, found("y").await, found("z").await), (vec![other], vec![], vec![]));
}

pub async fn a_long_payload_gives_way_to_a_short_one_and_back(bench: &Bench) {
    let of_length = |count: usize| format!("\"{}\"", "x".repeat(count));
    let id = bench.add_one(NewJob::new("a", of_length(250_000))).await;
    for count in [1, 250_000, 1_000, 1_022, 1_023, 2_000, 1_100_000, 0] {
        let payload = of_length(count);
        let job = edit(bench, id, JobEdit { payload: Some(payload.clone().into()), ..none() }).await;
        assert_eq!(job.payload, payload);
    }
}

pub async fn a_payload_nested_to_the_limit_is_edited_in(bench: &Bench) {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let id = bench.add_one(job("a")).await;
    let job = edit(bench, id, JobEdit { payload: Some(deep.clone().into()), ..none() }).await;
    assert_eq!(job.payload, deep);
}
