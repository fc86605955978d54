//! Schedules: fired at their ticks.

use std::time::Duration;

use dataqueue::model::{
    Change, Filter, Fired, Missed, NewSchedule, Schedule, ScheduleStatus, Status, TagFilter, TagMode,
};
use dataqueue::policy::schedules::firing;
use dataqueue::storage::{fire_all, fire_due};
use serde_json::json;

use crate::bench::{Bench, MINUTE, complete, fail, full_schedule, job, schedule};

super::tests![firing:
    a_due_schedule_adds_its_job_once_and_goes_on,
    a_job_of_a_schedule_has_all_its_options,
    many_who_fire_add_one_job_for_each_tick,
    a_firing_that_is_repeated_changes_nothing,
    a_firing_of_what_changed_meanwhile_changes_nothing,
    no_job_is_added_while_the_one_before_is_alive,
    jobs_overlap_where_they_may,
    missed_ticks_make_one_job_or_none_or_all,
    all_missed_ticks_make_one_job_where_jobs_may_not_overlap,
    due_schedules_come_by_tick_and_in_pages,
    a_schedule_that_cannot_be_fired_keeps_no_other_from_it,
    adding_and_firing_wake_processors,
];

pub async fn a_due_schedule_adds_its_job_once_and_goes_on(bench: &Bench) {
    let id = bench.missed(&schedule("s"), 0).await;
    let before = bench.schedule(id).await;
    assert_eq!(bench.fired().await, 1);
    let after = bench.schedule(id).await;
    let [job_id] = bench.all_ids().await[..] else { panic!("not one job") };
    let made = bench.job(job_id).await;
    assert_eq!((made.status, Some(made.run_at)), (Status::Pending, before.next_run_at));
    assert_eq!(bench.last_metadata(job_id).await, json!({"schedule": "s"}));
    assert_eq!((after.last_job_id, after.last_enqueued_at.is_some()), (Some(job_id), true));
    assert!(after.next_run_at > before.next_run_at && after.updated_at > before.updated_at);
    assert_eq!(after.next_run_at.unwrap().as_micros() % 60_000_000, 0);
    assert_eq!(after.definition, before.definition);
    let hand = bench.hand().await;
    assert_eq!(hand.take("cron").await.job.id, job_id);
    assert_eq!(bench.all_ids().await.len(), 1);
}

pub async fn a_job_of_a_schedule_has_all_its_options(bench: &Bench) {
    for (at, payload) in [r#"{"a": 1}"#.to_owned(), format!("\"{}\"", "x".repeat(20_000))].into_iter().enumerate() {
        let mut new = full_schedule(&format!("s{at}"));
        new.job.payload = payload.into();
        let id = bench.missed(&new, 0).await;
        assert_eq!(bench.fired().await, 1);
        let made = bench.job(bench.schedule(id).await.last_job_id.unwrap()).await;
        assert_eq!(crate::bench::json(&made.payload), crate::bench::json(&new.job.payload));
        assert_eq!((made.job_type, made.priority, made.max_attempts), ("a job type".to_owned(), -7, 9));
        assert_eq!((made.timeout_ms, made.retry, made.tags), (Some(1_500), new.job.retry, new.job.tags.clone()));
    }
    let tags = TagFilter { values: vec!["ü".to_owned()], mode: TagMode::All };
    let filter = Filter { tags: Some(tags), ..Default::default() };
    assert_eq!(bench.found(&filter).await.len(), 2);
}

pub async fn many_who_fire_add_one_job_for_each_tick(bench: &Bench) {
    let id = bench.scheduled(&NewSchedule { allow_overlap: true, ..schedule("s") }).await;
    let stores: Vec<_> = (0..4).map(|_| bench.second()).collect();
    for round in 1..=10 {
        bench.make_due(id).await;
        let firing = stores.iter().map(|store| async { fire_due(store.as_ref()).await.unwrap().added });
        let added: u64 = futures_util::future::join_all(firing).await.into_iter().sum();
        assert_eq!((added, bench.all_ids().await.len()), (1, round));
    }
}

pub async fn a_firing_that_is_repeated_changes_nothing(bench: &Bench) {
    let id = bench.missed(&NewSchedule { allow_overlap: true, ..schedule("s") }, 0).await;
    let once = firing(&bench.schedule(id).await, bench.now().await).unwrap().unwrap();
    let Fired::Moved { jobs: made, .. } = bench.fire(&once).await.unwrap() else { panic!("it was not fired") };
    let after = bench.schedule(id).await;
    assert_eq!(bench.fire(&once).await.unwrap(), Fired::Stale);
    assert_eq!((bench.all_ids().await, bench.schedule(id).await), (made, after));
}

pub async fn a_firing_of_what_changed_meanwhile_changes_nothing(bench: &Bench) {
    let changes: [fn(&mut Schedule); 3] = [
        |one| one.definition.job.priority = 5,
        |one| one.status = ScheduleStatus::Paused,
        |one| one.next_run_at = one.next_run_at.map(|at| at.minus(MINUTE)),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let id = bench.missed(&schedule(&format!("s{at}")), 0).await;
        let mut read = bench.schedule(id).await;
        let once = firing(&read, bench.now().await).unwrap().unwrap();
        change(&mut read);
        assert!(bench.replace_schedule(&read).await.unwrap());
        assert!(!bench.replace_schedule(&read).await.unwrap());
        assert_eq!(bench.fire(&once).await.unwrap(), Fired::Stale);
        assert!(bench.remove_schedule(id).await.unwrap());
        assert_eq!(bench.fire(&once).await.unwrap(), Fired::Stale);
    }
    assert!(bench.all_ids().await.is_empty());
}

pub async fn no_job_is_added_while_the_one_before_is_alive(bench: &Bench) {
    let id = bench.missed(&schedule("s"), 0).await;
    assert_eq!(bench.fired().await, 1);
    let first = bench.schedule(id).await.last_job_id.unwrap();
    let hand = bench.hand().await;
    let passes = async || {
        bench.make_due(id).await;
        assert_eq!(bench.fired().await, 0);
        let after = bench.schedule(id).await;
        assert_eq!(after.last_job_id, Some(first));
        assert!(after.next_run_at.unwrap() > bench.this_minute().await);
    };
    passes().await;
    let claimed = hand.take("cron").await;
    passes().await;
    bench.settle(&[fail(&claimed, Some(Duration::ZERO))]).await.unwrap();
    bench.make_due(id).await;
    assert_eq!(bench.fired().await, 1);
    let second = bench.schedule(id).await.last_job_id.unwrap();
    bench.forget_history();
    bench.change(first, &Change::Cancel).await.unwrap();
    let claimed = hand.take("cron").await;
    assert_eq!(claimed.job.id, second);
    bench.driver().suspend(second).await;
    bench.make_due(id).await;
    assert_eq!(bench.fired().await, 0);
    bench.change(second, &Change::Cancel).await.unwrap();
    bench.make_due(id).await;
    assert_eq!(bench.fired().await, 1);
    let claimed = hand.take("cron").await;
    bench.settle(&[complete(&claimed)]).await.unwrap();
    bench.make_due(id).await;
    assert_eq!(bench.fired().await, 1);
}

pub async fn jobs_overlap_where_they_may(bench: &Bench) {
    let id = bench.missed(&NewSchedule { allow_overlap: true, ..schedule("s") }, 0).await;
    assert_eq!(bench.fired().await, 1);
    bench.make_due(id).await;
    assert_eq!(bench.fired().await, 1);
    let made = bench.all_ids().await;
    assert_eq!((made.len(), bench.schedule(id).await.last_job_id), (2, Some(made[0])));
}

pub async fn missed_ticks_make_one_job_or_none_or_all(bench: &Bench) {
    let since = bench.this_minute().await.minus(MINUTE * 250);
    for (way, made) in [(Missed::Coalesce, 1..=1), (Missed::Skip, 1..=1), (Missed::All, 251..=252)] {
        let new = NewSchedule { allow_overlap: true, missed: way, job: job(way.as_str()), ..schedule(way.as_str()) };
        let id = bench.add_schedule(&new, since).await.unwrap().unwrap();
        let count = bench.fired().await;
        assert!(made.contains(&count), "{way:?}: {count}");
        assert!(bench.schedule(id).await.next_run_at.unwrap() > bench.this_minute().await);
        let filter = Filter { job_types: vec![way.as_str().to_owned()], ..Default::default() };
        let mut ticks: Vec<_> = Vec::new();
        for id in bench.found(&filter).await {
            ticks.push(bench.job(id).await.run_at);
        }
        ticks.reverse();
        let first = if way == Missed::Skip { ticks[0] } else { since };
        assert!(way != Missed::Skip || first >= since.plus(MINUTE * 249));
        let wanted: Vec<_> = (0..u32::try_from(count).unwrap()).map(|at| first.plus(MINUTE * at)).collect();
        assert_eq!(ticks, wanted);
    }
}

pub async fn all_missed_ticks_make_one_job_where_jobs_may_not_overlap(bench: &Bench) {
    let id = bench.missed(&NewSchedule { missed: Missed::All, ..schedule("s") }, 250).await;
    assert_eq!((bench.fired().await, bench.all_ids().await.len()), (1, 1));
    assert!(bench.schedule(id).await.next_run_at.unwrap() > bench.this_minute().await);
}

pub async fn due_schedules_come_by_tick_and_in_pages(bench: &Bench) {
    let minute = bench.this_minute().await;
    let coming = minute.plus(MINUTE * 5);
    let mut ids = Vec::new();
    for (at, next) in [minute, minute.minus(MINUTE), minute, coming, coming.plus(MINUTE)].into_iter().enumerate() {
        ids.push(bench.add_schedule(&schedule(&format!("s{at}")), next).await.unwrap().unwrap());
    }
    let page = bench.due_schedules(None, 2).await.unwrap();
    let (found, last) = (page.due.iter().map(|one| one.id).collect::<Vec<_>>(), page.due.last().unwrap());
    assert_eq!((found, page.next), (vec![ids[1], ids[0]], Some(coming)));
    assert!(page.now >= minute);
    let rest = bench.due_schedules(Some((last.at, last.id)), 2).await.unwrap();
    assert_eq!(rest.due.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[2]]);
    assert_eq!(rest.due[0].schedule.as_ref().unwrap(), &bench.schedule(ids[2]).await);
    assert_eq!(bench.fired().await, 3);
}

pub async fn a_schedule_that_cannot_be_fired_keeps_no_other_from_it(bench: &Bench) {
    let broken = bench.missed(&schedule("broken"), 9).await;
    let mut row = bench.schedule(broken).await;
    row.definition.timezone = "Mars/Base".into();
    assert!(bench.replace_schedule(&row).await.unwrap());
    bench.missed(&schedule("whole"), 0).await;
    let round = fire_due(&**bench).await.unwrap();
    assert_eq!((round.added, round.faults.len(), round.faults[0].0), (1, 1, broken));
    assert!(round.faults[0].1.to_string().contains("Mars/Base"));
    assert!(round.next.is_some());
    let told = fire_all(&**bench).await.unwrap_err().to_string();
    assert!(told.contains(&format!("schedule {broken} could not be fired")) && told.contains("Mars/Base"), "{told}");
}

pub async fn adding_and_firing_wake_processors(bench: &Bench) {
    let other = bench.second();
    let mut hints = other.listen().await.unwrap();
    let mut woken = async |what: &str| {
        crate::bench::eventually(what, async || hints.has_changed().unwrap()).await;
        hints.borrow_and_update();
    };
    let id = bench.scheduled(&schedule("s")).await;
    woken("an added schedule wakes").await;
    bench.make_due(id).await;
    woken("an edited schedule wakes").await;
    assert_eq!(bench.fired().await, 1);
    woken("a fired schedule wakes").await;
}
