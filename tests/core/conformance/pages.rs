//! Pages of lists: newest first, by offset and by key.

use dataqueue::model::{Filter, JobId, Page, Status, TagFilter, TagMode};

use crate::bench::{Bench, complete, job, settled_all, tagged};

super::tests![pages:
    pages_by_key_and_by_offset_agree,
    lists_are_newest_first_whatever_the_filter,
    pages_of_a_filter_leave_out_and_repeat_none,
    a_page_by_key_is_not_moved_by_jobs_added_meanwhile,
    a_page_beyond_the_end_is_empty,
    the_largest_limits_and_offsets_are_taken,
];

fn filters() -> Vec<Filter> {
    let tags = |mode, values: &[&str]| TagFilter { values: values.iter().map(|tag| (*tag).to_owned()).collect(), mode };
    let none = Filter::default;
    vec![
        none(),
        Filter { statuses: vec![Status::Pending], ..none() },
        Filter { statuses: vec![Status::Completed], ..none() },
        Filter { statuses: vec![Status::Pending, Status::Processing], ..none() },
        Filter { statuses: vec![Status::Pending, Status::Processing, Status::Completed], ..none() },
        Filter { job_types: vec!["a".to_owned()], ..none() },
        Filter { job_types: vec!["a".to_owned(), "b".to_owned()], ..none() },
        Filter { tags: Some(tags(TagMode::Any, &["x", "y"])), ..none() },
        Filter { tags: Some(tags(TagMode::None, &["x"])), ..none() },
    ]
}

async fn fill(bench: &Bench) -> Vec<JobId> {
    let tags = [&["x"][..], &["x", "y"], &[], &["y"]];
    let added = bench.add_all((0..60).map(|at| tagged(["a", "b", "c"][at % 3], tags[at % 4])).collect()).await;
    let hand = bench.hand().await;
    let done: Vec<_> = hand.claim(&["a", "b"], 15).await.iter().map(complete).collect();
    assert!(settled_all(&bench.settle(&done).await.unwrap()));
    hand.claim(&["b", "c"], 15).await;
    added
}

async fn page(bench: &Bench, filter: &Filter, limit: u32, offset: u32, before: Option<JobId>) -> Vec<JobId> {
    bench.find(filter, Page { limit, offset, before }).await.unwrap().iter().map(|job| job.id).collect()
}

pub async fn pages_by_key_and_by_offset_agree(bench: &Bench) {
    let ids = bench.add_all((0..25).map(|_| job("a")).collect()).await;
    let (mut by_key, mut by_offset) = (Vec::new(), Vec::new());
    for number in 0..3 {
        by_key.extend(page(bench, &Filter::default(), 10, 0, by_key.last().copied()).await);
        by_offset.extend(page(bench, &Filter::default(), 10, number * 10, None).await);
    }
    assert_eq!(by_key, by_offset);
    assert_eq!(by_key, ids.into_iter().rev().collect::<Vec<_>>());
}

pub async fn lists_are_newest_first_whatever_the_filter(bench: &Bench) {
    fill(bench).await;
    for filter in filters() {
        let found = bench.found(&filter).await;
        assert!(found.len() > 3 && found.is_sorted_by(|one, next| one > next), "{filter:?}: {found:?}");
    }
}

pub async fn pages_of_a_filter_leave_out_and_repeat_none(bench: &Bench) {
    fill(bench).await;
    for filter in filters() {
        let all = bench.found(&filter).await;
        for limit in [1, 4, 7] {
            let (mut by_key, mut by_offset) = (Vec::new(), Vec::new());
            while by_key.len() < all.len() {
                let next = page(bench, &filter, limit, 0, by_key.last().copied()).await;
                assert!((1..=limit as usize).contains(&next.len()), "{filter:?}");
                by_key.extend(next);
                by_offset.extend(page(bench, &filter, limit, by_offset.len() as u32, None).await);
            }
            assert_eq!((&by_key, &by_offset), (&all, &all), "{filter:?}");
        }
    }
}

pub async fn a_page_by_key_is_not_moved_by_jobs_added_meanwhile(bench: &Bench) {
    let ids = bench.add_all((0..6).map(|_| job("a")).collect()).await;
    let first = page(bench, &Filter::default(), 3, 0, None).await;
    bench.add_all((0..6).map(|_| job("a")).collect()).await;
    let second = page(bench, &Filter::default(), 3, 0, first.last().copied()).await;
    assert_eq!([first, second].concat(), ids.into_iter().rev().collect::<Vec<_>>());
}

pub async fn a_page_beyond_the_end_is_empty(bench: &Bench) {
    let ids = bench.add_all((0..5).map(|_| job("a")).collect()).await;
    for filter in [Filter::default(), Filter { statuses: vec![Status::Pending], ..Filter::default() }] {
        assert!(page(bench, &filter, 10, 5, None).await.is_empty());
        assert_eq!(page(bench, &filter, 10, 4, None).await, [ids[0]]);
        assert!(page(bench, &filter, 10, 0, Some(ids[0])).await.is_empty());
        assert_eq!(page(bench, &filter, 10, 0, Some(JobId::MAX)).await.len(), 5);
        assert!(page(bench, &filter, 10, 0, Some(JobId::MIN)).await.is_empty());
    }
}

pub async fn the_largest_limits_and_offsets_are_taken(bench: &Bench) {
    bench.add_all((0..5).map(|_| job("a")).collect()).await;
    for filter in filters() {
        let all = page(bench, &filter, u32::MAX, 0, None).await.len() as u64;
        assert_eq!(all, bench.count(&filter).await.unwrap(), "{filter:?}");
        assert!(page(bench, &filter, u32::MAX, u32::MAX, None).await.is_empty());
        assert!(page(bench, &filter, 0, 0, None).await.is_empty());
    }
}
