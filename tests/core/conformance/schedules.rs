//! Schedules: kept, found and changed.

use dataqueue::model::{
    JobEdit, Missed, NewJob, NewSchedule, Schedule, ScheduleEdit, ScheduleId, ScheduleQuery, ScheduleStatus,
};
use dataqueue::storage::{
    add_schedule, edit_schedule, ensure_schedule, find_schedule, list_schedules, pause_schedule, resume_schedule,
    run_schedule,
};

use crate::bench::{Bench, full_schedule, job, json, schedule};

super::tests![schedules:
    a_schedule_is_stored_whole_and_found_by_id_and_name,
    schedules_are_listed_by_status_and_in_pages,
    a_taken_name_is_refused_and_the_holder_stays,
    what_cannot_be_is_refused_before_anything_is_stored,
    a_paused_schedule_does_not_fire_and_a_resumed_one_missed_nothing,
    an_edit_moves_the_next_tick_only_with_the_times,
    a_removed_schedule_leaves_its_jobs_and_its_name,
    a_declared_schedule_is_stored_once_and_stays_as_it_is,
    a_schedule_runs_by_hand_beside_its_ticks,
];

pub async fn a_schedule_is_stored_whole_and_found_by_id_and_name(bench: &Bench) {
    let before = bench.now().await;
    for new in [schedule("plain"), full_schedule("voll 'n' \"ganz\"")] {
        let id = bench.scheduled(&new).await;
        let found = bench.schedule(id).await;
        assert_eq!(json(&found.definition.job.payload), json(&new.job.payload));
        let mut definition = found.definition.clone();
        definition.job.payload = new.job.payload.clone();
        assert_eq!(definition, new);
        assert_eq!((found.id, found.status), (id, ScheduleStatus::Active));
        assert!(found.next_run_at.unwrap() > before && before <= found.created_at);
        assert_eq!(found.created_at, found.updated_at);
        assert_eq!((found.last_job_id, found.last_enqueued_at), (None, None));
        let named = find_schedule(&**bench, &ScheduleQuery::Name(new.name.clone())).await.unwrap();
        assert_eq!(named.unwrap(), found);
    }
    assert_eq!(find_schedule(&**bench, &ScheduleQuery::Id(4_711)).await.unwrap(), None);
    assert_eq!(find_schedule(&**bench, &ScheduleQuery::Name("none".to_owned())).await.unwrap(), None);
}

pub async fn schedules_are_listed_by_status_and_in_pages(bench: &Bench) {
    let mut ids = Vec::new();
    for at in 0..5 {
        ids.push(bench.scheduled(&schedule(&format!("s{at}"))).await);
    }
    for at in [1, 3] {
        assert!(pause_schedule(&**bench, ids[at]).await.unwrap());
    }
    let listed = async |status| -> Vec<ScheduleId> {
        list_schedules(&**bench, status).await.unwrap().iter().map(|one| one.id).collect()
    };
    assert_eq!(listed(None).await, ids);
    assert_eq!(listed(Some(ScheduleStatus::Paused)).await, [ids[1], ids[3]]);
    assert_eq!(listed(Some(ScheduleStatus::Active)).await, [ids[0], ids[2], ids[4]]);
    let page = ScheduleQuery::Page { status: Some(ScheduleStatus::Active), after: ids[0], limit: 1 };
    let page: Vec<_> = bench.schedules(&page).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(page, [ids[2]]);
}

pub async fn a_taken_name_is_refused_and_the_holder_stays(bench: &Bench) {
    let id = bench.scheduled(&schedule("taken")).await;
    let before = bench.schedule(id).await;
    let refused = add_schedule(&**bench, &full_schedule("taken")).await.unwrap_err().to_string();
    assert!(refused.contains("\"taken\""), "{refused}");
    assert_eq!(bench.schedule(id).await, before);
    assert_eq!(list_schedules(&**bench, None).await.unwrap().len(), 1);
}

pub async fn what_cannot_be_is_refused_before_anything_is_stored(bench: &Bench) {
    let plain = || schedule("bad");
    let of_jobs = |job: NewJob| NewSchedule { job, ..plain() };
    let bad = [
        (schedule(""), "schedule_name"),
        (schedule(&"x".repeat(256)), "256"),
        (NewSchedule { expression: "61 * * * *".into(), ..plain() }, "61"),
        (NewSchedule { expression: "* * * * * *".into(), ..plain() }, "six fields"),
        (NewSchedule { expression: "0 0 30 2 *".into(), ..plain() }, "0 0 30 2 *"),
        (NewSchedule { timezone: "Mars/Base".into(), ..plain() }, "Mars/Base"),
        (of_jobs(NewJob { max_attempts: 0, ..job("cron") }), "max_attempts"),
        (of_jobs(NewJob::new("cron", "{")), "payload"),
        (of_jobs(job("")), "job_type"),
    ];
    for (one, named) in bad {
        let refused = add_schedule(&**bench, &one).await.unwrap_err().to_string();
        assert!(refused.contains(named), "{named}: {refused}");
    }
    assert!(list_schedules(&**bench, None).await.unwrap().is_empty());
}

pub async fn a_paused_schedule_does_not_fire_and_a_resumed_one_missed_nothing(bench: &Bench) {
    let id = bench.missed(&NewSchedule { missed: Missed::All, allow_overlap: true, ..schedule("s") }, 5).await;
    assert!(!resume_schedule(&**bench, id).await.unwrap());
    assert!(pause_schedule(&**bench, id).await.unwrap());
    assert!(!pause_schedule(&**bench, id).await.unwrap());
    assert_eq!((bench.fired().await, bench.schedule(id).await.status), (0, ScheduleStatus::Paused));
    let before = bench.now().await;
    assert!(resume_schedule(&**bench, id).await.unwrap());
    let after = bench.schedule(id).await;
    assert_eq!(after.status, ScheduleStatus::Active);
    assert!(after.next_run_at.unwrap() > before);
    assert!(bench.all_ids().await.is_empty());
    for change in [pause_schedule(&**bench, id + 99).await, resume_schedule(&**bench, id + 99).await] {
        assert!(!change.unwrap());
    }
    bench.make_due(id).await;
    assert_eq!(bench.fired().await, 1);
}

pub async fn an_edit_moves_the_next_tick_only_with_the_times(bench: &Bench) {
    let id = bench.missed(&full_schedule("s"), 3).await;
    let before = bench.schedule(id).await;
    let edit = ScheduleEdit {
        allow_overlap: Some(false),
        missed: Some(Missed::Skip),
        job_type: Some("other".to_owned()),
        job: JobEdit {
            payload: Some("[1]".into()),
            priority: Some(3),
            timeout_ms: Some(None),
            tags: Some(vec![]),
            retry_delay: Some(None),
            ..JobEdit::default()
        },
        ..ScheduleEdit::default()
    };
    assert!(edit_schedule(&**bench, id, &edit).await.unwrap());
    let after = bench.schedule(id).await;
    let (old, new) = (&before.definition, &after.definition);
    assert_eq!((after.next_run_at, after.created_at), (before.next_run_at, before.created_at));
    assert_eq!((new.allow_overlap, new.missed, new.job.job_type.as_str()), (false, Missed::Skip, "other"));
    assert_eq!((&new.job.payload[..], new.job.priority, new.job.timeout_ms), (&b"[1]"[..], 3, None));
    assert_eq!((new.job.tags.len(), new.job.retry.delay), (0, None));
    assert_eq!((&new.expression, &new.timezone), (&old.expression, &old.timezone));
    assert_eq!((new.job.max_attempts, new.job.retry.delay_max), (9, old.job.retry.delay_max));
    let edits = [("expression", Some("@hourly"), None), ("timezone", None, Some("Asia/Tokyo"))];
    for (what, expression, timezone) in edits {
        assert!(bench.replace_schedule(&Schedule { next_run_at: None, ..bench.schedule(id).await }).await.unwrap());
        let (expression, timezone) = (expression.map(str::to_owned), timezone.map(str::to_owned));
        let edit = ScheduleEdit { expression, timezone, ..ScheduleEdit::default() };
        let now = bench.now().await;
        assert!(edit_schedule(&**bench, id, &edit).await.unwrap());
        assert!(bench.schedule(id).await.next_run_at.unwrap() > now, "{what}");
    }
    assert!(!edit_schedule(&**bench, id + 99, &edit).await.unwrap());
    let kept = bench.schedule(id).await;
    let bad = ScheduleEdit { expression: Some("0 0 31 feb *".to_owned()), ..ScheduleEdit::default() };
    assert!(edit_schedule(&**bench, id, &bad).await.unwrap_err().to_string().contains("0 0 31 feb *"));
    assert_eq!(bench.schedule(id).await, kept);
}

pub async fn a_removed_schedule_leaves_its_jobs_and_its_name(bench: &Bench) {
    let id = bench.missed(&schedule("s"), 0).await;
    assert_eq!(bench.fired().await, 1);
    bench.make_due(id).await;
    assert!(bench.remove_schedule(id).await.unwrap());
    assert!(!bench.remove_schedule(id).await.unwrap());
    assert_eq!((bench.fired().await, bench.all_ids().await.len()), (0, 1));
    assert!(list_schedules(&**bench, None).await.unwrap().is_empty());
    assert!(bench.scheduled(&schedule("s")).await > id);
}

pub async fn a_declared_schedule_is_stored_once_and_stays_as_it_is(bench: &Bench) {
    let wanted = full_schedule("declared");
    assert!(ensure_schedule(&**bench, &wanted).await.unwrap());
    assert!(!ensure_schedule(&**bench, &wanted).await.unwrap());
    let id = list_schedules(&**bench, None).await.unwrap()[0].id;
    assert!(pause_schedule(&**bench, id).await.unwrap());
    let before = bench.schedule(id).await;
    assert!(!ensure_schedule(&**bench, &wanted).await.unwrap());
    assert_eq!(bench.schedule(id).await, before);
    let other = NewSchedule { job: NewJob { priority: 1, ..wanted.job.clone() }, ..wanted };
    assert!(ensure_schedule(&**bench, &other).await.unwrap());
    let after = bench.schedule(id).await;
    assert_eq!((after.status, after.definition.job.priority), (ScheduleStatus::Paused, 1));
    assert_eq!(after.next_run_at, before.next_run_at);
}

pub async fn a_schedule_runs_by_hand_beside_its_ticks(bench: &Bench) {
    let new = full_schedule("s");
    let id = bench.scheduled(&new).await;
    assert!(pause_schedule(&**bench, id).await.unwrap());
    let before = bench.schedule(id).await;
    let mut added = Vec::new();
    for query in [ScheduleQuery::Id(id), ScheduleQuery::Name("s".to_owned())] {
        let now = bench.now().await;
        let one = run_schedule(&**bench, &query).await.unwrap().unwrap();
        let made = bench.job(one.id).await;
        assert!(one.created && made.run_at >= now);
        assert_eq!((made.job_type, made.priority), (new.job.job_type.clone(), new.job.priority));
        assert_eq!((json(&made.payload), made.tags), (json(&new.job.payload), new.job.tags.clone()));
        added.insert(0, one.id);
    }
    assert_eq!(bench.all_ids().await, added);
    assert_eq!(bench.schedule(id).await, before);
    assert_eq!(run_schedule(&**bench, &ScheduleQuery::Id(4_711)).await.unwrap(), None);
    assert_eq!(bench.all_ids().await.len(), 2);
}
