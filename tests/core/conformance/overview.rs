//! The store at a glance.

use std::time::Duration;

use dataqueue::model::{Count, CountKind, NewJob, Overview, Profile, Scope, Status, TypeDepth};

use super::flow::{grouped, of_groups};
use crate::bench::{Bench, Stage, job};

super::tests![overview:
    an_empty_store_has_nothing_to_show,
    each_status_is_counted,
    jobs_in_line_and_those_that_wait_for_others_are_pending,
    what_may_be_claimed_is_told_by_type,
    counting_stops_where_it_is_told_to,
    the_oldest_of_all_priorities_is_found,
    types_are_handled_by_living_workers_alone,
    what_is_paused_is_told,
    of_many_types_those_are_told_that_have_waited_for_longest,
];

const MOST: u32 = 1_000;
const MINUTE: Duration = Duration::from_secs(60);

async fn glance(bench: &Bench) -> Overview {
    bench.overview(MOST, MOST).await.unwrap()
}

fn of(overview: &Overview, status: Status) -> Count {
    overview.counts.iter().find(|(one, _)| *one == status).unwrap().1
}

fn depth<'a>(overview: &'a Overview, job_type: &str) -> &'a TypeDepth {
    overview.types.iter().find(|one| one.job_type == job_type).unwrap_or_else(|| panic!("no {job_type}: {overview:#?}"))
}

pub async fn an_empty_store_has_nothing_to_show(bench: &Bench) {
    let before = bench.now().await;
    let overview = glance(bench).await;
    assert!(overview.now >= before);
    assert_eq!(overview.counts, Status::ALL.map(|status| (status, Count::exact(0))));
    assert!(overview.types.is_empty() && !overview.more_types && overview.paused.is_empty());
    assert_eq!((overview.oldest_due_at, overview.next_due_at, overview.workers), (None, None, 0));
}

pub async fn each_status_is_counted(bench: &Bench) {
    for (at, stage) in Stage::ALL.into_iter().enumerate() {
        for copy in 0..=at {
            bench.staged(stage, &format!("{stage:?}{copy}")).await;
        }
    }
    let overview = glance(bench).await;
    for status in Status::ALL {
        let staged = Stage::ALL.iter().enumerate().filter(|(_, stage)| stage.status() == status);
        let count: u64 = staged.map(|(at, _)| at as u64 + 1).sum();
        assert_eq!(of(&overview, status), Count::exact(count), "{status:?}");
    }
}

pub async fn jobs_in_line_and_those_that_wait_for_others_are_pending(bench: &Bench) {
    bench.set_limits(&of_groups(1)).await.unwrap();
    let added = bench.add_all(vec![grouped("a", "g"), grouped("a", "g"), grouped("a", "g")]).await;
    bench.add_one(super::dependencies::after(&[added[0]])).await;
    let hand = bench.hand().await;
    assert_eq!(hand.claim(&["a"], 10).await.len(), 1);
    let overview = glance(bench).await;
    assert_eq!(of(&overview, Status::Pending), Count::exact(3));
    assert_eq!(of(&overview, Status::Processing), Count::exact(1));
    let pending = dataqueue::model::Filter { statuses: vec![Status::Pending], ..Default::default() };
    assert_eq!(bench.found(&pending).await.len(), 3);
    assert_eq!(bench.changed_all(&pending, &dataqueue::model::Change::Cancel, 2).await, 3);
}

pub async fn what_may_be_claimed_is_told_by_type(bench: &Bench) {
    let now = bench.now().await;
    let at = |span: Duration| NewJob { run_at: Some(now.plus(span)), ..job("b") };
    let old = NewJob { run_at: Some(now.minus(10 * MINUTE)), ..job("a") };
    bench.add_all(vec![job("a"), old, at(3 * MINUTE), at(2 * MINUTE), job("b")]).await;
    bench.staged(Stage::RetryNow, "c").await;
    bench.staged(Stage::RetryLater, "d").await;
    let overview = glance(bench).await;
    let names: Vec<_> = overview.types.iter().map(|one| one.job_type.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    let numbers = |name: &str| {
        let depth = depth(&overview, name);
        assert_eq!((depth.ready.kind, depth.scheduled.kind), (CountKind::Exact, CountKind::Exact));
        (depth.ready.value, depth.scheduled.value, depth.oldest_due_at.is_some())
    };
    assert_eq!(["a", "b", "c", "d"].map(numbers), [(2, 0, true), (1, 2, true), (1, 0, true), (0, 1, false)]);
    assert_eq!(overview.oldest_due_at, Some(now.minus(10 * MINUTE)));
    assert_eq!(overview.oldest_due_at, depth(&overview, "a").oldest_due_at);
    assert_eq!(overview.next_due_at, Some(now.plus(2 * MINUTE)));
}

pub async fn counting_stops_where_it_is_told_to(bench: &Bench) {
    bench.add_all((0..9).map(|_| job("a")).collect()).await;
    for copy in 0..4 {
        bench.staged(Stage::Completed, &format!("c{copy}")).await;
    }
    let overview = bench.overview(3, 2).await.unwrap();
    let (pending, ready) = (of(&overview, Status::Pending), depth(&overview, "a").ready);
    for (count, value) in [(pending, 3), (ready, 2)] {
        // Where an index knows the number it is told.
        let is_bounded = count == Count { value, kind: CountKind::AtLeast };
        assert!(is_bounded || count == Count::exact(9), "{count:?}");
    }
    let completed = of(&overview, Status::Completed);
    assert!(
        completed == Count::exact(4) || completed.value >= 3 && completed.kind != CountKind::Exact,
        "{completed:?}"
    );
    let exact = bench.overview(100, 100).await.unwrap();
    assert_eq!((of(&exact, Status::Pending), of(&exact, Status::Completed)), (Count::exact(9), Count::exact(4)));
}

pub async fn the_oldest_of_all_priorities_is_found(bench: &Bench) {
    let now = bench.now().await;
    let job = |priority: i32, age: u32| NewJob { priority, run_at: Some(now.minus(age * MINUTE)), ..job("a") };
    bench.add_all(vec![job(5, 1), job(-7, 30), job(0, 20), job(5, 2), job(i32::MAX, 3), job(i32::MIN, 4)]).await;
    assert_eq!(glance(bench).await.oldest_due_at, Some(now.minus(30 * MINUTE)));
}

pub async fn types_are_handled_by_living_workers_alone(bench: &Bench) {
    bench.add_all(vec![job("a"), job("b"), job("c")]).await;
    let claims = |types: &[&str]| {
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        Profile { job_types: Some(types), ..Profile::named("w") }
    };
    let first = bench.register(&claims(&["a", "x"]), MINUTE).await.unwrap();
    bench.register(&claims(&["b"]), Duration::from_millis(1)).await.unwrap();
    crate::bench::eventually("a lease has run out", async || {
        let overview = glance(bench).await;
        let handled = ["a", "b", "c"].map(|name| depth(&overview, name).is_handled);
        overview.workers == 1 && handled == [true, false, false]
    })
    .await;
    // One that claims any type.
    let any = bench.register(&Profile::named("any"), MINUTE).await.unwrap();
    let overview = glance(bench).await;
    assert!(overview.types.iter().all(|one| one.is_handled) && overview.workers == 2);
    bench.unregister(&any).await.unwrap();
    bench.unregister(&first).await.unwrap();
    let overview = glance(bench).await;
    assert!(overview.types.iter().all(|one| !one.is_handled) && overview.workers == 0);
}

pub async fn what_is_paused_is_told(bench: &Bench) {
    bench.add_all(vec![job("a"), job("b")]).await;
    let (of_type, of_group) = (Scope::Type("a".to_owned()), Scope::Group("g".to_owned()));
    bench.set_paused(&of_type, true).await.unwrap();
    bench.set_paused(&of_group, true).await.unwrap();
    let overview = glance(bench).await;
    assert_eq!(["a", "b"].map(|name| depth(&overview, name).is_paused), [true, false]);
    assert_eq!(overview.paused, [of_type, of_group]);
    bench.set_paused(&Scope::All, true).await.unwrap();
    assert!(glance(bench).await.types.iter().all(|one| one.is_paused));
}

pub async fn of_many_types_those_are_told_that_have_waited_for_longest(bench: &Bench) {
    let now = bench.now().await;
    let aged = |at: u32| NewJob { run_at: Some(now.minus((100 - at) * MINUTE)), ..job(&format!("t{:03}", 200 - at)) };
    bench.add_all((0..60).map(aged).collect()).await;
    let overview = glance(bench).await;
    assert!(overview.more_types);
    let names: Vec<_> = overview.types.iter().map(|one| one.job_type.clone()).collect();
    assert_eq!(names, (0..50).map(|at| format!("t{:03}", 200 - at)).collect::<Vec<_>>());
    assert_eq!(overview.oldest_due_at, Some(now.minus(100 * MINUTE)));
}
