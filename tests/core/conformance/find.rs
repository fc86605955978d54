//! Reading: filters, tags and pages.

use dataqueue::model::{Filter, NewJob, Page, Status, TagFilter, TagMode};

use crate::bench::{Bench, complete, job};

super::tests![find:
    statuses_types_and_priorities_filter_together,
    tags_are_compared_as_sets,
    pages_by_key_and_by_offset_agree,
];

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

pub async fn tags_are_compared_as_sets(bench: &Bench) {
    let tagged = |tags: &[&str]| NewJob { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..job("a") };
    let odd = "q\"uo,te{}'\\ é";
    let ids = bench.add_all(vec![tagged(&["x", "y"]), tagged(&["y", "x", "x"]), tagged(&[odd]), tagged(&[])]).await;
    let found = async |mode, values: &[&str]| {
        let values = values.iter().map(|tag| (*tag).to_owned()).collect();
        bench.found(&Filter { tags: Some(TagFilter { values, mode }), ..Filter::default() }).await
    };
    assert_eq!(found(TagMode::Exact, &["y", "x"]).await, [ids[1], ids[0]]);
    assert!(found(TagMode::Exact, &["x"]).await.is_empty());
    assert_eq!(found(TagMode::All, &["x"]).await, [ids[1], ids[0]]);
    assert_eq!(found(TagMode::Any, &["x", odd]).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(found(TagMode::None, &["x"]).await, [ids[3], ids[2]]);
}

pub async fn pages_by_key_and_by_offset_agree(bench: &Bench) {
    let ids = bench.add_all((0..25).map(|_| job("a")).collect()).await;
    let mut by_key = Vec::new();
    let mut by_offset = Vec::new();
    for page in 0..3 {
        let key = Page { limit: 10, offset: 0, before: by_key.last().copied() };
        by_key.extend(bench.find(&Filter::default(), key).await.unwrap().iter().map(|job| job.id));
        let offset = Page { limit: 10, offset: page * 10, before: None };
        by_offset.extend(bench.find(&Filter::default(), offset).await.unwrap().iter().map(|job| job.id));
    }
    assert_eq!(by_key, by_offset);
    assert_eq!(by_key, ids.into_iter().rev().collect::<Vec<_>>());
}
