//! Groups, limits and tokens, as lists.

use std::time::Duration;

use dataqueue::error::Error;
use dataqueue::model::{
    Count, CountKind, GroupRates, Limits, NewToken, Pace, Rate, RateState, Scope, TokenQuery, TokenStatus, TypeLimits,
};

use super::flow::{grouped, of_groups, of_type};
use crate::bench::{Bench, eventually, job};

super::tests![inspecting:
    groups_are_told_with_their_lines,
    a_group_that_waits_for_its_rate_tells_when_it_goes_on,
    pages_of_groups_go_by_id,
    limits_of_types_are_told,
    tokens_are_listed_from_the_newest_on,
    tokens_are_listed_by_status,
    a_page_of_tokens_behind_one_that_is_gone_is_refused,
];

const HOUR: Duration = Duration::from_secs(3_600);

pub async fn groups_are_told_with_their_lines(bench: &Bench) {
    assert!(bench.groups("", 10, 10).await.unwrap().is_empty());
    bench.set_limits(&of_groups(2)).await.unwrap();
    let mut jobs = vec![grouped("a", "g"); 6];
    jobs.push(grouped("b", "h"));
    bench.add_all(jobs).await;
    let hand = bench.hand().await;
    assert_eq!(hand.claim(&["a", "b"], 20).await.len(), 3);
    bench.set_paused(&Scope::Group("h".to_owned()), true).await.unwrap();
    let groups = bench.groups("", 10, 10).await.unwrap();
    let told: Vec<_> =
        groups.iter().map(|one| (one.id.as_str(), one.running, one.most, one.in_line, one.is_paused)).collect();
    assert_eq!(told, [("g", 2, Some(2), Count::exact(4), false), ("h", 1, Some(2), Count::exact(0), true)]);
    assert!(groups.iter().all(|one| one.opens_at.is_none() && one.rate.is_none()));
    let cut = bench.groups("", 10, 3).await.unwrap();
    assert_eq!(cut[0].in_line, Count { value: 3, kind: CountKind::AtLeast });
}

pub async fn a_group_that_waits_for_its_rate_tells_when_it_goes_on(bench: &Bench) {
    let rate = GroupRates { others: Some(Pace { most: 2, per: HOUR }), ..GroupRates::default() };
    bench.set_limits(&Limits { group_rates: Some(rate), ..Limits::default() }).await.unwrap();
    bench.add_all(vec![grouped("a", "g"); 3]).await;
    let now = bench.now().await;
    let hand = bench.hand().await;
    assert_eq!(hand.claim(&["a"], 10).await.len(), 2);
    let group = bench.groups("", 10, 10).await.unwrap().remove(0);
    assert_eq!(group.rate, Some(RateState { most: 2, per: 3_600.0, spent: 2 }));
    assert_eq!((group.most, group.in_line), (None, Count::exact(1)));
    let opens_at = group.opens_at.unwrap();
    assert!(opens_at > now.plus(HOUR / 2) && opens_at < now.plus(2 * HOUR), "{group:?}");
}

pub async fn pages_of_groups_go_by_id(bench: &Bench) {
    bench.set_limits(&of_groups(1)).await.unwrap();
    bench.add_all((0..7).map(|at| grouped("a", &format!("g{at}"))).collect()).await;
    assert_eq!(bench.hand().await.claim(&["a"], 10).await.len(), 7);
    let page = async |after: &str| -> Vec<_> {
        bench.groups(after, 3, 10).await.unwrap().into_iter().map(|one| one.id).collect()
    };
    assert_eq!(page("").await, ["g0", "g1", "g2"]);
    assert_eq!(page("g2").await, ["g3", "g4", "g5"]);
    assert_eq!(page("g5").await, ["g6"]);
    assert!(page("g6").await.is_empty());
}

pub async fn limits_of_types_are_told(bench: &Bench) {
    assert!(bench.type_limits().await.unwrap().is_empty());
    let rate = Rate { key: "k".to_owned(), most: 5, per: HOUR };
    let limits = TypeLimits { max_running: Some(3), rate: Some(rate) };
    bench.set_limits(&of_type("a", limits)).await.unwrap();
    bench.add_all(vec![job("a"), job("a")]).await;
    assert_eq!(bench.hand().await.claim(&["a"], 10).await.len(), 2);
    bench.set_paused(&Scope::Type("b".to_owned()), true).await.unwrap();
    let told = bench.type_limits().await.unwrap();
    assert_eq!(told.iter().map(|one| one.job_type.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let (a, b) = (&told[0], &told[1]);
    assert_eq!((a.running, a.max_running, a.is_paused, a.held_until), (2, Some(3), false, None));
    assert_eq!(a.rate, Some(RateState { most: 5, per: 3_600.0, spent: 2 }));
    assert_eq!((b.running, b.max_running, b.is_paused, b.rate, b.held_until), (0, None, true, None, None));
    let now = bench.now().await;
    bench.hold("a", HOUR).await.unwrap();
    let held = bench.type_limits().await.unwrap().remove(0).held_until.unwrap();
    assert!(held > now.plus(HOUR / 2) && held < now.plus(2 * HOUR));
}

async fn made(bench: &Bench, id: &str, timeout: Option<Duration>) {
    let token = NewToken { id: id.to_owned(), job_id: None, timeout, tags: vec!["x".to_owned()] };
    bench.create_token(&token).await.unwrap();
}

async fn listed(bench: &Bench, status: Option<TokenStatus>, after: Option<&str>, limit: u32) -> Vec<String> {
    let query = TokenQuery { status, after: after.map(str::to_owned), limit };
    bench.tokens(&query).await.unwrap().into_iter().map(|token| token.id).collect()
}

pub async fn tokens_are_listed_from_the_newest_on(bench: &Bench) {
    assert!(listed(bench, None, None, 10).await.is_empty());
    for at in 0..5 {
        made(bench, &format!("wp_{at}"), None).await;
    }
    bench.complete_token("wp_3", None).await.unwrap();
    assert_eq!(listed(bench, None, None, 10).await, ["wp_4", "wp_3", "wp_2", "wp_1", "wp_0"]);
    assert_eq!(listed(bench, None, None, 2).await, ["wp_4", "wp_3"]);
    assert_eq!(listed(bench, None, Some("wp_3"), 2).await, ["wp_2", "wp_1"]);
    assert_eq!(listed(bench, None, Some("wp_1"), 2).await, ["wp_0"]);
    assert!(listed(bench, None, Some("wp_0"), 2).await.is_empty());
    let query = TokenQuery { status: None, after: None, limit: 1 };
    assert_eq!(bench.tokens(&query).await.unwrap()[0], bench.get_token("wp_4").await.unwrap().unwrap());
}

pub async fn tokens_are_listed_by_status(bench: &Bench) {
    for (id, timeout) in
        [("open", Some(HOUR)), ("late", Some(Duration::from_millis(1))), ("done", None), ("free", None)]
    {
        made(bench, id, timeout).await;
    }
    bench.complete_token("done", None).await.unwrap();
    eventually("a token timed out", async || {
        bench.get_token("late").await.unwrap().unwrap().status == TokenStatus::TimedOut
    })
    .await;
    assert_eq!(listed(bench, Some(TokenStatus::Waiting), None, 10).await, ["free", "open"]);
    let all = bench.tokens(&TokenQuery { status: None, after: None, limit: 10 }).await.unwrap();
    assert_eq!(all.iter().find(|token| token.id == "late").unwrap().status, TokenStatus::TimedOut);
    bench.tidy_waits(10).await.unwrap();
    assert_eq!(listed(bench, Some(TokenStatus::TimedOut), None, 10).await, ["late"]);
    assert_eq!(listed(bench, Some(TokenStatus::Completed), None, 10).await, ["done"]);
}

pub async fn a_page_of_tokens_behind_one_that_is_gone_is_refused(bench: &Bench) {
    made(bench, "here", None).await;
    let query = TokenQuery { status: None, after: Some("gone".to_owned()), limit: 10 };
    let Err(Error::Invalid(message)) = bench.tokens(&query).await else { panic!("it was not refused") };
    assert!(message.contains("\"gone\"") && message.contains("without a cursor"), "{message}");
}
