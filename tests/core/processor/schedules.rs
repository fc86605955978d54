//! Schedules, fired by processors.

use std::time::Duration;

use dataqueue::model::{Missed, NewSchedule, Schedule, ScheduleQuery};
use dataqueue::storage::{find_schedule, list_schedules, pause_schedule};

use super::station::{LOOPED, Station};
use crate::bench::{Bench, Gate, eventually, job};

super::tests![schedules:
    a_batch_begins_with_what_is_due,
    a_schedule_added_elsewhere_is_fired_at_its_tick,
    schedules_of_the_handlers_are_stored_at_the_start,
    a_schedule_that_cannot_be_fired_is_reported_once_and_keeps_no_other_from_it,
    an_outage_of_the_store_does_not_end_the_firing,
    a_busy_queue_is_not_asked_for_schedules_at_each_job,
];

fn schedule(name: &str) -> NewSchedule {
    NewSchedule {
        name: name.to_owned(),
        expression: "* * * * *".to_owned(),
        timezone: "UTC".to_owned(),
        allow_overlap: true,
        missed: Missed::Coalesce,
        job: job(LOOPED),
    }
}

const GRACE: Duration = Duration::from_secs(5);

pub async fn a_batch_begins_with_what_is_due(bench: &Bench) {
    let past = bench.now().await.minus(Duration::from_secs(90));
    bench.add_schedule(&schedule("due"), past).await.unwrap().unwrap();
    let station = Station::new(bench.second(), |config| config.schedules = vec![schedule("declared")]);
    let processor = station.processor.clone();
    let batch = tokio::spawn(async move { processor.run_batch().await.unwrap() });
    let run = station.next().await;
    assert_eq!(run.claimed.job.run_at, past);
    station.complete(&run);
    assert_eq!(batch.await.unwrap(), 1);
    assert_eq!(list_schedules(&**bench, None).await.unwrap().len(), 2);
}

pub async fn a_schedule_added_elsewhere_is_fired_at_its_tick(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    gate.until_called("due_schedules", 1).await;
    let tick = bench.now().await.plus(Duration::from_millis(1_500));
    let id = bench.add_schedule(&schedule("soon"), tick).await.unwrap().unwrap();
    let run = station.next().await;
    assert_eq!(run.claimed.job.run_at, tick);
    assert!(run.claimed.job.created_at >= tick);
    let fired = find_schedule(&**bench, &ScheduleQuery::Id(id)).await.unwrap().unwrap();
    assert_eq!(fired.last_job_id, Some(run.claimed.job.id));
    station.complete(&run);
    station.drain(GRACE).await;
}

pub async fn schedules_of_the_handlers_are_stored_at_the_start(bench: &Bench) {
    let declared = [schedule("one"), schedule("two")];
    let all = async || list_schedules(&**bench, None).await.unwrap();
    let session = async |declared: Vec<NewSchedule>| {
        let gate = Gate::before(bench.second());
        let station = Station::started(gate.clone(), |config| config.schedules = declared);
        gate.until_called("due_schedules", 1).await;
        eventually("both are there", async || all().await.len() == 2).await;
        station.drain(GRACE).await;
    };
    session(declared.to_vec()).await;
    let first = all().await;
    assert!(pause_schedule(&**bench, first[0].id).await.unwrap());
    let before = all().await;
    session(declared.to_vec()).await;
    assert_eq!(all().await, before);
}

pub async fn a_schedule_that_cannot_be_fired_is_reported_once_and_keeps_no_other_from_it(bench: &Bench) {
    let past = bench.now().await.minus(Duration::from_secs(300));
    let broken = bench.add_schedule(&schedule("broken"), past).await.unwrap().unwrap();
    let mut row = find_schedule(&**bench, &ScheduleQuery::Id(broken)).await.unwrap().unwrap();
    row.definition.expression = "no cron at all".into();
    assert!(bench.replace_schedule(&row).await.unwrap());
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    for round in 1..=2 {
        bench.add_schedule(&schedule(&format!("whole {round}")), past).await.unwrap().unwrap();
        let run = station.next().await;
        station.complete(&run);
    }
    let (_, reports) = station.lanes.attend(Duration::ZERO);
    let about: Vec<_> = reports.iter().filter(|report| report.contains("no cron at all")).collect();
    assert_eq!(about.len(), 1, "{reports:?}");
    station.drain(GRACE).await;
}

pub async fn an_outage_of_the_store_does_not_end_the_firing(bench: &Bench) {
    let gate = Gate::before(bench.second());
    for method in ["due_schedules", "fire", "schedules", "add_schedule"] {
        gate.lose(method, 2);
    }
    let declared = schedule("declared");
    let station = Station::started(gate.clone(), |config| config.schedules = vec![declared]);
    eventually("it is stored", async || list_schedules(&**bench, None).await.unwrap().len() == 1).await;
    let stored = list_schedules(&**bench, None).await.unwrap().remove(0);
    let due = Schedule { next_run_at: Some(bench.now().await), ..stored };
    assert!(bench.replace_schedule(&due).await.unwrap());
    let run = station.next().await;
    station.complete(&run);
    station.drain(GRACE).await;
    assert_eq!(bench.found(&dataqueue::model::Filter::default()).await.len(), 1);
}

pub async fn a_busy_queue_is_not_asked_for_schedules_at_each_job(bench: &Bench) {
    let gate = Gate::before(bench.second());
    let station = Station::started(gate.clone(), |_| {});
    for _ in 0..100 {
        bench.add_one(job(LOOPED)).await;
        let run = station.next().await;
        station.complete(&run);
    }
    let (looks, claims) = (gate.calls("due_schedules"), gate.calls("claim"));
    assert!(looks <= 15, "{looks} looks and {claims} claims for 100 jobs");
    station.drain(GRACE).await;
}
