//! Looking through jobs for what no index knows.

use std::time::Duration;

use dataqueue::model::{
    Extras, Failure, FailureReason, Filter, JobId, NewJob, Outcome, RunAtFilter, Search, Searched, Status, TagFilter,
    TagMode,
};

use super::flow::grouped;
use crate::bench::{Bench, Stage, complete, end, fail, job, tagged};

super::tests![searching:
    a_text_is_found_in_payloads_whatever_their_size,
    an_error_is_found_in_every_message_that_is_kept,
    groups_dead_letters_and_the_time_of_adding_narrow_it_down,
    the_filter_of_lists_holds_too,
    a_search_goes_on_where_it_stopped,
    a_search_that_finds_little_looks_at_a_bounded_number_of_jobs,
    every_job_is_looked_at_once_whatever_the_steps,
];

fn search() -> Search {
    Search { limit: 50, looks: 5_000, ..Search::default() }
}

fn for_text(text: &str) -> Search {
    Search { text: Some(text.to_owned()), ..search() }
}

async fn run(bench: &Bench, search: &Search) -> Searched {
    bench.search(search).await.unwrap()
}

async fn found(bench: &Bench, search: &Search) -> Vec<JobId> {
    let found = run(bench, search).await;
    assert_eq!(found.next, None, "it did not look at all: {found:?}");
    found.jobs.iter().map(|job| job.id).collect()
}

pub async fn a_text_is_found_in_payloads_whatever_their_size(bench: &Bench) {
    let filling = "x".repeat(30_000);
    let payloads = [
        r#"{"to":"Bob@Example.com","n":12345}"#.to_owned(),
        format!(r#"{{"filling":"{filling}","to":"bob@example.com"}}"#),
        r#"{"quote":"say \"hi\" / back\\slash","deep":[{"Straße":"ünï"}]}"#.to_owned(),
        r#"[1.5,"a: b",null,true]"#.to_owned(),
    ];
    let ids = bench.add_all(payloads.iter().map(|text| NewJob::new("a", text.clone())).collect()).await;
    let cases: [(&str, &[usize]); 13] = [
        ("bob@example.COM", &[1, 0]),
        ("TO", &[1, 0]),
        ("2345", &[0]),
        ("say \"hi\"", &[2]),
        ("back\\slash", &[2]),
        ("straße", &[2]),
        ("ünï", &[2]),
        ("1.5", &[3]),
        ("a: b", &[3]),
        ("true", &[]),
        ("\": ", &[]),
        ("%", &[]),
        ("nobody", &[]),
    ];
    for (text, places) in cases {
        let wanted: Vec<_> = places.iter().map(|at| ids[*at]).collect();
        assert_eq!(found(bench, &for_text(text)).await, wanted, "{text:?}");
    }
}

pub async fn an_error_is_found_in_every_message_that_is_kept(bench: &Bench) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    for message in ["Connection REFUSED by peer", "out of luck"] {
        let claimed = hand.take("a").await;
        let failure = Failure {
            reason: FailureReason::HandlerError,
            message: message.to_owned(),
            kind: Some("ValueError".to_owned()),
            traceback: Some("line 77".to_owned()),
            retry_in: Some(Duration::ZERO),
        };
        hand.settle(end(&claimed, Outcome::Failed(failure))).await;
    }
    let other = bench.staged(Stage::Failed, "b").await;
    let by = |text: &str| Search { error: Some(text.to_owned()), ..search() };
    assert_eq!(found(bench, &by("connection refused")).await, [id]);
    assert_eq!(found(bench, &by("LUCK")).await, [id]);
    assert_eq!(found(bench, &by("it broke")).await, [other]);
    assert!(found(bench, &by("line 77")).await.is_empty());
    assert!(found(bench, &by("ValueError")).await.is_empty());
    let both = Search { text: Some("nothing".to_owned()), ..by("luck") };
    assert!(found(bench, &both).await.is_empty());
}

pub async fn groups_dead_letters_and_the_time_of_adding_narrow_it_down(bench: &Bench) {
    let ids = bench.add_all(vec![grouped("a", "g"), grouped("a", "h"), job("a")]).await;
    let of_group = |group: &str| Search { group: Some(group.to_owned()), ..search() };
    assert_eq!(found(bench, &of_group("g")).await, ids[..1]);
    assert!(found(bench, &of_group("i")).await.is_empty());

    let extras = Extras { dead_letter_job_type: Some("dead".into()), ..Extras::default() };
    let failed = bench.bring(Stage::Failed, NewJob { extras: extras.boxed(), ..job("l") }).await;
    let lettered = |yes| Search { dead_lettered: Some(yes), ..search() };
    assert_eq!(found(bench, &lettered(true)).await, [failed]);
    assert_eq!(found(bench, &lettered(false)).await.len(), 4);

    let moment = bench.job(ids[0]).await.created_at;
    let at = |range: RunAtFilter| Search { created_at: range, ..search() };
    let exactly = found(bench, &at(RunAtFilter { eq: Some(moment), ..RunAtFilter::default() })).await;
    assert!(exactly.contains(&ids[0]) && !exactly.contains(&failed));
    let later = found(bench, &at(RunAtFilter { gt: Some(moment), ..RunAtFilter::default() })).await;
    assert!(later.contains(&failed) && !later.contains(&ids[0]));
    let to = RunAtFilter { gte: Some(moment), lte: Some(moment), ..RunAtFilter::default() };
    assert_eq!(found(bench, &at(to)).await, exactly);
    assert!(found(bench, &at(RunAtFilter { lt: Some(moment), ..RunAtFilter::default() })).await.is_empty());
}

pub async fn the_filter_of_lists_holds_too(bench: &Bench) {
    let jobs =
        vec![tagged("a", &["x", "y"]), tagged("b", &["x"]), NewJob { priority: 3, ..tagged("a", &["x"]) }, job("c")];
    let ids = bench.add_all(jobs).await;
    let hand = bench.hand().await;
    let done = hand.take("b").await;
    hand.settle(complete(&done)).await;
    let failed = hand.take("c").await;
    hand.settle(fail(&failed, None)).await;
    let by = |filter: Filter| Search { filter, ..search() };
    let types = |types: &[&str]| Filter {
        job_types: types.iter().map(|name| (*name).to_owned()).collect(),
        ..Filter::default()
    };
    let statuses = |statuses: &[Status]| Filter { statuses: statuses.to_vec(), ..Filter::default() };
    let tags = |mode| Filter {
        tags: Some(TagFilter { values: vec!["x".to_owned(), "y".to_owned()], mode }),
        ..Filter::default()
    };
    let cases = [
        (types(&["a"]), vec![ids[2], ids[0]]),
        (types(&["b", "c"]), vec![ids[3], ids[1]]),
        (statuses(&[Status::Pending]), vec![ids[2], ids[0]]),
        (statuses(&[Status::Completed, Status::Failed]), vec![ids[3], ids[1]]),
        (statuses(&[Status::Failed]), vec![ids[3]]),
        (Filter { job_types: vec!["b".to_owned()], ..statuses(&[Status::Pending]) }, vec![]),
        (Filter { priority: Some(3), ..Filter::default() }, vec![ids[2]]),
        (tags(TagMode::All), vec![ids[0]]),
        (tags(TagMode::Any), vec![ids[2], ids[1], ids[0]]),
        (tags(TagMode::None), vec![ids[3]]),
        (Filter { ids: Some(vec![ids[3], ids[0], ids[0], 999_999]), ..Filter::default() }, vec![ids[3], ids[0]]),
        (Filter { ids: Some(vec![]), ..Filter::default() }, vec![]),
    ];
    for (filter, wanted) in cases {
        assert_eq!(found(bench, &by(filter.clone())).await, wanted, "{filter:?}");
        assert_eq!(bench.found(&filter).await, wanted, "{filter:?}");
    }
}

pub async fn a_search_goes_on_where_it_stopped(bench: &Bench) {
    let payload =
        |at: usize| NewJob::new("a", format!(r#"{{"n":"{}"}}"#, if at.is_multiple_of(3) { "fizz" } else { "other" }));
    let ids = bench.add_all((0..30).map(payload).collect()).await;
    let wanted: Vec<_> = (0..30).rev().filter(|at: &usize| at.is_multiple_of(3)).map(|at| ids[at]).collect();
    let mut all = Vec::new();
    let mut before = None;
    for page in 0..5 {
        let part = run(bench, &Search { limit: 3, before, ..for_text("fizz") }).await;
        assert!(part.jobs.len() <= 3, "{part:?}");
        all.extend(part.jobs.iter().map(|job| job.id));
        let oldest = part.oldest_looked_at.unwrap();
        assert!(part.jobs.iter().all(|job| job.created_at >= oldest));
        before = part.next;
        if page < 3 {
            assert_eq!((part.jobs.len(), before), (3, all.last().copied()));
        }
        if before.is_none() {
            break;
        }
    }
    assert_eq!((all, before), (wanted, None));
}

pub async fn a_search_that_finds_little_looks_at_a_bounded_number_of_jobs(bench: &Bench) {
    let ids = bench.add_all((0..20).map(|at| NewJob::new("a", format!(r#"{{"n":"<{at}>"}}"#))).collect()).await;
    let first = run(bench, &Search { looks: 8, ..for_text("<5>") }).await;
    assert_eq!((first.jobs.len(), first.looked_at, first.next), (0, 8, Some(ids[12])));
    assert_eq!(first.oldest_looked_at, Some(bench.job(ids[12]).await.created_at));
    let second = run(bench, &Search { looks: 8, before: first.next, ..for_text("<5>") }).await;
    assert_eq!((second.jobs[0].id, second.looked_at, second.next), (ids[5], 8, Some(ids[4])));
    let last = run(bench, &Search { looks: 8, before: second.next, ..for_text("<5>") }).await;
    assert_eq!((last.jobs.len(), last.looked_at, last.next), (0, 4, None));
    let none = run(bench, &Search { before: Some(ids[0]), ..for_text("<5>") }).await;
    assert_eq!(none, Searched::default());
}

pub async fn every_job_is_looked_at_once_whatever_the_steps(bench: &Bench) {
    let ids = bench.add_all((0..1_300).map(|_| job("a")).collect()).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let part = run(bench, &Search { limit: 150, looks: 700, before, ..search() }).await;
        assert_eq!(part.looked_at, part.jobs.len() as u64, "all match");
        seen.extend(part.jobs.iter().map(|job| job.id));
        before = part.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids.into_iter().rev().collect::<Vec<_>>());
}
