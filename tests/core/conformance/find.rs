//! Reading: filters, and what is read.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use dataqueue::clock::Timestamp;
use dataqueue::model::{
    Filter, Job, JobId, NewJob, Note, NoteKind, Page, Retry, RunAtFilter, Settled, Status, TagFilter, TagMode,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::bench::{Bench, Stage, complete, job, tagged};

super::tests![find:
    statuses_types_and_priorities_filter_together,
    each_status_alone_finds_the_jobs_that_have_it,
    tags_are_compared_as_sets,
    tags_asked_for_twice_or_in_another_order_find_the_same,
    an_old_job_is_found_by_its_tag_behind_thousands_of_others,
    no_tags_asked_for_is_the_empty_set,
    tags_added_twice_are_kept_once_in_the_order_given,
    bounds_of_run_at_are_exact_to_the_microsecond,
    any_filter_finds_what_it_says_and_nothing_else,
    every_read_returns_every_field,
    a_get_answers_those_that_exist,
];

async fn by_tags(bench: &Bench, mode: TagMode, values: &[&str]) -> Vec<JobId> {
    let values = values.iter().map(|tag| (*tag).to_owned()).collect();
    bench.found(&Filter { tags: Some(TagFilter { values, mode }), ..Filter::default() }).await
}

pub async fn statuses_types_and_priorities_filter_together(bench: &Bench) {
    let ids = bench.add_all(vec![job("a"), job("b"), NewJob { priority: 5, ..job("a") }, job("c")]).await;
    let hand = bench.hand().await;
    let claimed = hand.take("b").await;
    hand.settle(complete(&claimed)).await;
    hand.take("c").await;
    let by = |statuses: &[Status]| Filter { statuses: statuses.to_vec(), ..Filter::default() };
    assert_eq!(bench.found(&Filter::default()).await, [ids[3], ids[2], ids[1], ids[0]]);
    assert_eq!(bench.found(&by(&[Status::Pending])).await, [ids[2], ids[0]]);
    assert_eq!(bench.found(&by(&[Status::Completed, Status::Processing])).await, [ids[3], ids[1]]);
    assert_eq!(bench.found(&by(&[Status::Pending, Status::Processing])).await, [ids[3], ids[2], ids[0]]);
    let high = Filter { job_types: vec!["a".into()], priority: Some(5), ..by(&[Status::Pending]) };
    assert_eq!(bench.found(&high).await, [ids[2]]);
}

pub async fn each_status_alone_finds_the_jobs_that_have_it(bench: &Bench) {
    let mut staged = Vec::new();
    for stage in Stage::ALL {
        staged.push((stage.status(), bench.staged(stage, &format!("{stage:?}")).await));
    }
    for status in Status::ALL {
        let wanted: Vec<_> = staged.iter().rev().filter(|(one, _)| *one == status).map(|(_, id)| *id).collect();
        let filter = Filter { statuses: vec![status, status], ..Filter::default() };
        assert_eq!(bench.found(&filter).await, wanted, "{status:?}");
    }
}

pub async fn tags_are_compared_as_sets(bench: &Bench) {
    let odd = "q\"uo,te{}'\\ é";
    let jobs = [&["x", "y"][..], &["y", "x", "x"], &[odd], &[], &["x", "y", "z"], &["null"]];
    let ids = bench.add_all(jobs.map(|tags| tagged("a", tags)).to_vec()).await;
    let found = async |mode, values: &[&str]| by_tags(bench, mode, values).await;
    assert_eq!(found(TagMode::Exact, &["y", "x"]).await, [ids[1], ids[0]]);
    assert_eq!(found(TagMode::Exact, &[odd]).await, [ids[2]]);
    assert!(found(TagMode::Exact, &["x"]).await.is_empty());
    assert_eq!(found(TagMode::All, &["x"]).await, [ids[4], ids[1], ids[0]]);
    assert_eq!(found(TagMode::All, &["z", "x"]).await, [ids[4]]);
    assert!(found(TagMode::All, &["x", odd]).await.is_empty());
    assert_eq!(found(TagMode::Any, &["x", odd]).await, [ids[4], ids[2], ids[1], ids[0]]);
    assert_eq!(found(TagMode::Any, &["null", "NULL"]).await, [ids[5]]);
    assert_eq!(found(TagMode::None, &["x"]).await, [ids[5], ids[3], ids[2]]);
    assert_eq!(found(TagMode::None, &["x", odd, "null"]).await, [ids[3]]);
}

pub async fn tags_asked_for_twice_or_in_another_order_find_the_same(bench: &Bench) {
    bench.add_all([&["x", "y"][..], &["x"], &[], &["y", "z"]].map(|tags| tagged("a", tags)).to_vec()).await;
    for mode in [TagMode::Exact, TagMode::All, TagMode::Any, TagMode::None] {
        let plain = by_tags(bench, mode, &["x", "y"]).await;
        assert_eq!(by_tags(bench, mode, &["y", "x", "y", "x"]).await, plain, "{mode:?}");
        let single = by_tags(bench, mode, &["y"]).await;
        assert_eq!(by_tags(bench, mode, &["y", "y"]).await, single, "{mode:?}");
    }
}

pub async fn an_old_job_is_found_by_its_tag_behind_thousands_of_others(bench: &Bench) {
    let old = bench.add_all(vec![tagged("a", &["rare", "x"]), job("a"), tagged("a", &["rare"])]).await;
    // More than a search looks at in one step.
    for _ in 0..6 {
        bench.add_all((0..900).map(|_| tagged("a", &["x"])).collect()).await;
    }
    let rare = |statuses: Vec<Status>| Filter {
        tags: Some(TagFilter { values: vec!["rare".to_owned()], mode: TagMode::Any }),
        statuses,
        ..Filter::default()
    };
    for statuses in [vec![], vec![Status::Pending], vec![Status::Pending, Status::Completed]] {
        let filter = rare(statuses);
        assert_eq!(bench.found(&filter).await, [old[2], old[0]]);
        assert_eq!(bench.count(&filter).await.unwrap(), 2);
        assert_eq!(bench.count_up_to(&filter, Some(1)).await.unwrap(), 1);
        let page = async |limit, offset, before| {
            let found = bench.find(&filter, Page { limit, offset, before }).await.unwrap();
            found.iter().map(|job| job.id).collect::<Vec<_>>()
        };
        assert_eq!(page(1, 0, None).await, [old[2]]);
        assert_eq!(page(5, 1, None).await, [old[0]]);
        assert_eq!(page(5, 0, Some(old[2])).await, [old[0]]);
        assert!(page(5, 2, None).await.is_empty());
    }
    let claimed = rare(vec![Status::Processing]);
    assert_eq!((bench.found(&claimed).await.len(), bench.count(&claimed).await.unwrap()), (0, 0));
    let common =
        Filter { tags: Some(TagFilter { values: vec!["x".to_owned()], mode: TagMode::All }), ..Filter::default() };
    let found = bench.find(&common, Page { limit: 2, offset: 3, before: None }).await.unwrap();
    assert_eq!(found.iter().map(|job| job.id - old[0]).collect::<Vec<_>>(), [5_399, 5_398]);
    assert_eq!(bench.count(&common).await.unwrap(), 5_401);
}

pub async fn no_tags_asked_for_is_the_empty_set(bench: &Bench) {
    let ids = bench.add_all(vec![tagged("a", &["x"]), tagged("a", &[])]).await;
    assert_eq!(by_tags(bench, TagMode::Exact, &[]).await, [ids[1]]);
    assert_eq!(by_tags(bench, TagMode::All, &[]).await, [ids[1], ids[0]]);
    assert_eq!(by_tags(bench, TagMode::Any, &[]).await, Vec::<JobId>::new());
    assert_eq!(by_tags(bench, TagMode::None, &[]).await, [ids[1], ids[0]]);
}

pub async fn tags_added_twice_are_kept_once_in_the_order_given(bench: &Bench) {
    let id = bench.add_one(tagged("a", &["b", "a", "b", "c", "a"])).await;
    assert_eq!(bench.job(id).await.tags, ["b", "a", "c"]);
    let edit =
        dataqueue::model::JobEdit { tags: Some(["z", "y", "z"].map(str::to_owned).to_vec()), ..Default::default() };
    assert!(bench.changed(id, dataqueue::model::Change::Edit(edit)).await);
    assert_eq!(bench.job(id).await.tags, ["z", "y"]);
}

pub async fn bounds_of_run_at_are_exact_to_the_microsecond(bench: &Bench) {
    let base = 4_102_444_800_123_456;
    let at = |micros: i64| Timestamp::from_micros(base + micros);
    let ids = bench.add_all((0..5).map(|micros| NewJob { run_at: Some(at(micros)), ..job("a") }).collect()).await;
    let found = async |run_at: RunAtFilter| {
        let found = bench.found(&Filter { run_at, ..Filter::default() }).await;
        found.into_iter().map(|id| ids.iter().position(|one| *one == id).unwrap()).collect::<Vec<_>>()
    };
    let none = RunAtFilter::default();
    assert_eq!(found(RunAtFilter { gt: Some(at(2)), ..none }).await, [4, 3]);
    assert_eq!(found(RunAtFilter { gte: Some(at(2)), ..none }).await, [4, 3, 2]);
    assert_eq!(found(RunAtFilter { lt: Some(at(2)), ..none }).await, [1, 0]);
    assert_eq!(found(RunAtFilter { lte: Some(at(2)), ..none }).await, [2, 1, 0]);
    assert_eq!(found(RunAtFilter { eq: Some(at(2)), ..none }).await, [2]);
    assert_eq!(found(RunAtFilter { gt: Some(at(0)), lte: Some(at(3)), ..none }).await, [3, 2, 1]);
    assert!(found(RunAtFilter { gt: Some(at(3)), lt: Some(at(3)), ..none }).await.is_empty());
    assert!(found(RunAtFilter { eq: Some(at(2)), lt: Some(at(2)), ..none }).await.is_empty());
    assert_eq!(found(RunAtFilter { gte: Some(Timestamp::from_micros(0)), ..none }).await.len(), 5);
}

/// What a filter says, read off the record.
fn matches(filter: &Filter, job: &Job) -> bool {
    let RunAtFilter { gt, gte, lt, lte, eq } = filter.run_at;
    let tags: HashSet<_> = job.tags.iter().collect();
    (filter.job_types.is_empty() || filter.job_types.contains(&job.job_type))
        && (filter.statuses.is_empty() || filter.statuses.contains(&job.status))
        && filter.priority.is_none_or(|priority| priority == job.priority)
        && filter.ids.as_ref().is_none_or(|ids| ids.contains(&job.id))
        && gt.is_none_or(|bound| job.run_at > bound)
        && gte.is_none_or(|bound| job.run_at >= bound)
        && lt.is_none_or(|bound| job.run_at < bound)
        && lte.is_none_or(|bound| job.run_at <= bound)
        && eq.is_none_or(|bound| job.run_at == bound)
        && filter.tags.as_ref().is_none_or(|asked| {
            let values: HashSet<_> = asked.values.iter().collect();
            match asked.mode {
                TagMode::Exact => values == tags,
                TagMode::All => values.is_subset(&tags),
                TagMode::Any => !values.is_disjoint(&tags),
                TagMode::None => values.is_disjoint(&tags),
            }
        })
}

fn some_of<T: Clone>(rng: &mut StdRng, of: &[T], most: usize) -> Vec<T> {
    (0..rng.random_range(0..=most)).map(|_| of[rng.random_range(0..of.len())].clone()).collect()
}

pub async fn any_filter_finds_what_it_says_and_nothing_else(bench: &Bench) {
    let seed = rand::random();
    let mut rng = StdRng::seed_from_u64(seed);
    let types = ["a", "b", "c"].map(str::to_owned);
    let tags = ["x", "y", "z"].map(str::to_owned);
    let now = bench.now().await;
    let times: Vec<_> = (0..4).map(|hours| now.plus(Duration::from_secs(hours * 3_600 + 60))).collect();
    for _ in 0..60 {
        // A retry that is due would be claimed in the place of the next job that is brought somewhere.
        let stage =
            Stage::ALL.into_iter().filter(|stage| *stage != Stage::RetryNow).nth(rng.random_range(0..8)).unwrap();
        let new = NewJob {
            priority: rng.random_range(0..3),
            tags: some_of(&mut rng, &tags, 3),
            ..NewJob::new(types[rng.random_range(0..3)].clone(), "{}")
        };
        if stage == Stage::Ready || stage == Stage::Scheduled {
            bench.add_one(NewJob { run_at: Some(times[rng.random_range(0..4)]), ..new }).await;
        } else {
            bench.bring(stage, new).await;
        }
    }
    let all = bench.find(&Filter::default(), Page { limit: 100, offset: 0, before: None }).await.unwrap();
    for _ in 0..300 {
        let mut bound = || rng.random_bool(0.15).then(|| times[rng.random_range(0..4)]);
        let run_at = RunAtFilter { gt: bound(), gte: bound(), lt: bound(), lte: bound(), eq: None };
        let mode = [TagMode::Exact, TagMode::All, TagMode::Any, TagMode::None][rng.random_range(0..4)];
        let filter = Filter {
            job_types: some_of(&mut rng, &types, 2),
            statuses: some_of(&mut rng, &Status::ALL, 3),
            priority: rng.random_bool(0.3).then(|| rng.random_range(0..4)),
            run_at,
            tags: rng.random_bool(0.5).then(|| TagFilter { values: some_of(&mut rng, &tags, 3), mode }),
            ids: rng.random_bool(0.3).then(|| all.iter().map(|job| job.id).filter(|id| id % 3 != 0).collect()),
        };
        let wanted: Vec<_> = all.iter().filter(|job| matches(&filter, job)).map(|job| job.id).collect();
        assert_eq!(bench.found(&filter).await, wanted, "{filter:?}, seed {seed}");
    }
}

pub async fn every_read_returns_every_field(bench: &Bench) {
    let long = format!("\"{}\"", "x".repeat(9_000));
    let retry =
        Retry { delay: Some(Duration::from_secs(1)), backoff: Some(true), delay_max: Some(Duration::from_secs(9)) };
    let new = NewJob {
        priority: 2,
        timeout_ms: Some(1_234),
        idempotency_key: Some("key".to_owned()),
        retry,
        payload: long.clone().into(),
        ..tagged("a", &["x", "y"])
    };
    let id = bench.bring(Stage::RetryNow, new).await;
    let hand = bench.hand().await;
    let lease = hand.take("a").await.lease;
    let kinds = [NoteKind::Progress(40), NoteKind::Output(Bytes::from(long))];
    let notes = kinds.map(|kind| Note { lease, kind });
    assert_eq!(bench.note(&notes).await.unwrap(), [Settled::Applied; 2]);
    let token = hand.token();
    let job = hand.store.reclaim_reply(&hand.worker, token).await.unwrap().jobs.remove(0).job;
    assert_eq!((job.tags.len(), job.progress, job.retry, job.timeout_ms), (2, Some(40), retry, Some(1_234)));
    assert!(job.output.is_some() && job.locked_by.is_some() && job.failure_reason.is_some());
    assert_eq!(bench.job(id).await, job);
    let filters = [
        Filter::default(),
        Filter { statuses: vec![Status::Processing], ..Filter::default() },
        Filter { statuses: vec![Status::Processing, Status::Failed], ..Filter::default() },
        Filter { statuses: vec![Status::Processing, Status::Completed], ..Filter::default() },
        Filter { job_types: vec!["a".to_owned()], ..Filter::default() },
        Filter { tags: Some(TagFilter { values: vec!["y".to_owned()], mode: TagMode::Any }), ..Filter::default() },
    ];
    for filter in filters {
        let found = bench.find(&filter, Page { limit: 10, offset: 0, before: None }).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&job), "{filter:?}");
    }
}

pub async fn a_get_answers_those_that_exist(bench: &Bench) {
    let ids = bench.add_all((0..5).map(|_| job("a")).collect()).await;
    let asked = [ids[3], ids[4] + 100, ids[0], 0, -3, ids[1]];
    let mut found: Vec<_> = bench.get(&asked).await.unwrap().iter().map(|job| job.id).collect();
    found.sort_unstable();
    assert_eq!(found, [ids[0], ids[1], ids[3]]);
    assert!(bench.get(&[]).await.unwrap().is_empty());
}
