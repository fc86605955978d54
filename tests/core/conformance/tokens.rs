//! Tokens, and jobs that wait for them.

use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::model::{
    Awaited, Change, Claimed, JobId, NewToken, Outcome, Prune, Settled, Settlement, Status, Token, TokenStatus, Wait,
};
use serde_json::json;

use crate::bench::{Bench, Hand, complete, eventually, ids, job, release};

super::tests![tokens:
    a_token_is_read_as_it_was_made,
    a_token_made_twice_is_one,
    a_token_is_completed_once,
    an_unknown_token_is_neither_read_nor_completed,
    a_token_that_timed_out_cannot_be_completed,
    late_tokens_are_marked_in_steps,
    a_job_waits_until_its_token_is_completed,
    a_job_whose_token_was_completed_before_goes_on_at_once,
    a_job_whose_token_is_not_there_goes_on_at_once,
    a_job_goes_on_when_its_token_times_out,
    many_jobs_wait_for_one_token,
    a_completion_and_the_beginning_of_a_wait_never_miss_each_other,
    a_resumed_job_that_is_given_back_does_not_wait_for_its_token_again,
    a_cancelled_job_is_not_resumed,
    tokens_go_with_their_job_and_others_after_a_while,
];

fn named(id: &str) -> NewToken {
    NewToken { id: id.to_owned(), job_id: None, timeout: None, tags: Vec::new() }
}

async fn made(bench: &Bench, id: &str) -> Token {
    bench.create_token(&named(id)).await.unwrap()
}

async fn read(bench: &Bench, id: &str) -> Token {
    bench.get_token(id).await.unwrap().unwrap()
}

async fn completed(bench: &Bench, id: &str) -> Option<bool> {
    bench.complete_token(id, None).await.unwrap()
}

/// The settlement of a run that waits for a token.
fn waits(claimed: &Claimed, id: &str, until: Option<Timestamp>) -> Settlement {
    let on = Some(Awaited::Token(id.to_owned()));
    let wait = Wait { until, on, name: "__wait_0".to_owned(), entry: "0".into() };
    Settlement { outcome: Outcome::Waiting(wait), ..complete(claimed) }
}

/// A job that waits for a token, and the worker that ran it.
async fn waiting(bench: &Bench, token: &str, until: Option<Timestamp>) -> (JobId, Hand) {
    let hand = bench.hand().await;
    let id = bench.add_one(job("a")).await;
    let claimed = hand.take("a").await;
    assert_eq!(hand.settle(waits(&claimed, token, until)).await, Settled::Applied);
    (id, hand)
}

pub async fn a_token_is_read_as_it_was_made(bench: &Bench) {
    let owner = bench.add_one(job("a")).await;
    let new = NewToken {
        id: "wp_1".to_owned(),
        job_id: Some(owner),
        timeout: Some(Duration::from_secs(60)),
        tags: vec!["ä".to_owned(), "b".to_owned(), "ä".to_owned()],
    };
    let token = bench.create_token(&new).await.unwrap();
    assert_eq!((token.id.as_str(), token.job_id, token.status), ("wp_1", Some(owner), TokenStatus::Waiting));
    assert_eq!(token.timeout_at, Some(token.created_at.plus(Duration::from_secs(60))));
    assert_eq!((token.output.clone(), token.completed_at), (None, None));
    assert_eq!(token.tags, ["ä", "b"]);
    assert_eq!(read(bench, "wp_1").await, token);
    let plain = made(bench, "wp_2").await;
    assert_eq!((plain.job_id, plain.timeout_at, plain.tags.len()), (None, None, 0));
}

pub async fn a_token_made_twice_is_one(bench: &Bench) {
    let first = made(bench, "wp_1").await;
    assert_eq!(completed(bench, "wp_1").await, Some(true));
    let again = bench.create_token(&NewToken { tags: vec!["other".to_owned()], ..named("wp_1") }).await.unwrap();
    assert_eq!((again.created_at, again.status, again.tags.len()), (first.created_at, TokenStatus::Completed, 0));
}

pub async fn a_token_is_completed_once(bench: &Bench) {
    made(bench, "wp_1").await;
    let output = r#"{"action": "approve"}"#.into();
    assert_eq!(bench.complete_token("wp_1", Some(&output)).await.unwrap(), Some(true));
    let token = read(bench, "wp_1").await;
    assert_eq!(token.status, TokenStatus::Completed);
    let stored: serde_json::Value = serde_json::from_slice(token.output.as_deref().unwrap()).unwrap();
    assert_eq!(stored, json!({"action": "approve"}));
    assert!(token.completed_at.is_some());
    assert_eq!(bench.complete_token("wp_1", Some(&"2".into())).await.unwrap(), Some(false));
    assert_eq!(read(bench, "wp_1").await, token);
}

pub async fn an_unknown_token_is_neither_read_nor_completed(bench: &Bench) {
    assert_eq!(bench.get_token("wp_none").await.unwrap(), None);
    assert_eq!(completed(bench, "wp_none").await, None);
}

pub async fn a_token_that_timed_out_cannot_be_completed(bench: &Bench) {
    let new = NewToken { timeout: Some(Duration::from_millis(1)), ..named("wp_1") };
    bench.create_token(&new).await.unwrap();
    eventually("its time is up", async || read(bench, "wp_1").await.status == TokenStatus::TimedOut).await;
    assert_eq!(completed(bench, "wp_1").await, Some(false));
    let token = read(bench, "wp_1").await;
    assert_eq!((token.status, token.completed_at), (TokenStatus::TimedOut, None));
}

pub async fn late_tokens_are_marked_in_steps(bench: &Bench) {
    for number in 0..3 {
        let timeout = Some(Duration::from_millis(1));
        bench.create_token(&NewToken { timeout, ..named(&format!("wp_{number}")) }).await.unwrap();
    }
    bench.create_token(&NewToken { timeout: Some(Duration::from_secs(60)), ..named("wp_later") }).await.unwrap();
    made(bench, "wp_never").await;
    eventually("their time is up", async || read(bench, "wp_2").await.status == TokenStatus::TimedOut).await;
    assert_eq!(bench.tidy_waits(2).await.unwrap(), 2);
    assert_eq!(bench.tidy_waits(2).await.unwrap(), 1);
    assert_eq!(bench.tidy_waits(2).await.unwrap(), 0);
    assert_eq!(read(bench, "wp_later").await.status, TokenStatus::Waiting);
    assert_eq!(read(bench, "wp_never").await.status, TokenStatus::Waiting);
}

pub async fn a_job_waits_until_its_token_is_completed(bench: &Bench) {
    made(bench, "wp_1").await;
    let (id, hand) = waiting(bench, "wp_1", None).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.wait_until), (Status::Waiting, None));
    assert_eq!(stored.wait_token_id.as_deref(), Some("wp_1"));
    assert_eq!(bench.last_metadata(id).await, json!({"token_id": "wp_1"}));
    let claim = hand.try_claim(&["a"], 1).await.unwrap();
    assert_eq!((claim.jobs.len(), claim.more, claim.next_due), (0, false, None));
    let mut hints = bench.listen().await.unwrap();
    hints.mark_unchanged();
    assert_eq!(completed(bench, "wp_1").await, Some(true));
    tokio::time::timeout(Duration::from_secs(10), hints.changed()).await.unwrap().unwrap();
    let claimed = hand.take("a").await;
    assert_eq!((claimed.job.id, claimed.job.attempts, &claimed.job.wait_token_id), (id, 1, &None));
    hand.settle(complete(&claimed)).await;
    assert_eq!(bench.status(id).await, Status::Completed);
}

pub async fn a_job_whose_token_was_completed_before_goes_on_at_once(bench: &Bench) {
    made(bench, "wp_1").await;
    completed(bench, "wp_1").await;
    let later = bench.now().await.plus(Duration::from_secs(3_600));
    for until in [None, Some(later)] {
        let (id, hand) = waiting(bench, "wp_1", until).await;
        assert_eq!(bench.job(id).await.wait_token_id, None);
        let claimed = hand.take("a").await;
        assert_eq!((claimed.job.id, claimed.job.attempts), (id, 1));
        hand.settle(complete(&claimed)).await;
    }
}

pub async fn a_job_whose_token_is_not_there_goes_on_at_once(bench: &Bench) {
    let (id, hand) = waiting(bench, "wp_gone", None).await;
    assert_eq!(hand.take("a").await.job.id, id);
}

pub async fn a_job_goes_on_when_its_token_times_out(bench: &Bench) {
    let new = NewToken { timeout: Some(Duration::from_millis(400)), ..named("wp_1") };
    let token = bench.create_token(&new).await.unwrap();
    let (id, hand) = waiting(bench, "wp_1", token.timeout_at).await;
    let mut got = Vec::new();
    eventually("the token timed out", async || {
        got = hand.claim(&["a"], 1).await;
        !got.is_empty()
    })
    .await;
    assert_eq!(ids(&got), [id]);
    assert_eq!(got[0].job.wait_token_id, None);
    assert_eq!(read(bench, "wp_1").await.status, TokenStatus::TimedOut);
    assert_eq!(completed(bench, "wp_1").await, Some(false));
    hand.settle(complete(&got[0])).await;
    assert!(hand.claim(&["a"], 1).await.is_empty(), "the late completion resumes nothing");
}

pub async fn many_jobs_wait_for_one_token(bench: &Bench) {
    made(bench, "wp_1").await;
    let hand = bench.hand().await;
    let added = bench.add_all((0..1_203).map(|_| job("a")).collect()).await;
    let claimed = hand.claim(&["a"], 2_000).await;
    let all: Vec<_> = claimed.iter().map(|one| waits(one, "wp_1", None)).collect();
    bench.settle(&all).await.unwrap();
    assert!(hand.claim(&["a"], 1).await.is_empty());
    assert_eq!(completed(bench, "wp_1").await, Some(true));
    let mut resumed = ids(&hand.claim(&["a"], 2_000).await);
    resumed.sort_unstable();
    assert_eq!(resumed, added);
}

pub async fn a_completion_and_the_beginning_of_a_wait_never_miss_each_other(bench: &Bench) {
    let hand = bench.hand().await;
    for round in 0..40 {
        let token = format!("wp_{round}");
        made(bench, &token).await;
        let id = bench.add_one(job("a")).await;
        let claimed = hand.take("a").await;
        let wait = [waits(&claimed, &token, None)];
        let (settled, done) = tokio::join!(bench.settle(&wait), bench.complete_token(&token, None));
        assert_eq!((settled.unwrap(), done.unwrap()), (vec![Settled::Applied], Some(true)));
        let again = hand.take("a").await;
        assert_eq!(again.job.id, id);
        hand.settle(complete(&again)).await;
    }
}

pub async fn a_resumed_job_that_is_given_back_does_not_wait_for_its_token_again(bench: &Bench) {
    made(bench, "wp_1").await;
    let (id, hand) = waiting(bench, "wp_1", None).await;
    completed(bench, "wp_1").await;
    let claimed = hand.take("a").await;
    hand.settle(release(&claimed)).await;
    let stored = bench.job(id).await;
    assert_eq!((stored.status, stored.attempts, stored.wait_token_id), (Status::Waiting, 1, None));
    assert_eq!(hand.take("a").await.job.id, id);
}

pub async fn a_cancelled_job_is_not_resumed(bench: &Bench) {
    made(bench, "wp_1").await;
    let later = bench.now().await.plus(Duration::from_secs(3_600));
    for until in [None, Some(later)] {
        let (id, hand) = waiting(bench, "wp_1", until).await;
        assert!(bench.changed(id, Change::Cancel).await);
        let stored = bench.job(id).await;
        assert_eq!((stored.wait_token_id, stored.wait_until), (None, None));
        assert!(bench.changed(id, Change::Retry).await);
        let claimed = hand.take("a").await;
        assert_eq!(claimed.job.id, id);
        hand.settle(complete(&claimed)).await;
    }
    assert_eq!(completed(bench, "wp_1").await, Some(true));
    assert!(bench.hand().await.claim(&["a"], 1).await.is_empty());
}

pub async fn tokens_go_with_their_job_and_others_after_a_while(bench: &Bench) {
    let hand = bench.hand().await;
    let owner = bench.add_one(job("a")).await;
    bench.create_token(&NewToken { job_id: Some(owner), ..named("wp_owned") }).await.unwrap();
    bench.create_token(&NewToken { job_id: Some(owner), ..named("wp_open") }).await.unwrap();
    for id in ["wp_1", "wp_2", "wp_3"] {
        made(bench, id).await;
        completed(bench, id).await;
    }
    made(bench, "wp_still_open").await;
    completed(bench, "wp_owned").await;
    hand.settle(complete(&hand.take("a").await)).await;
    assert_eq!(bench.prune_tokens(Duration::from_secs(3_600), 10).await.unwrap(), 0);
    assert_eq!(bench.prune_tokens(Duration::ZERO, 2).await.unwrap(), 2);
    assert_eq!(bench.prune_tokens(Duration::ZERO, 2).await.unwrap(), 1);
    assert!(bench.get_token("wp_owned").await.unwrap().is_some());
    let prune = Prune { older_than: Duration::ZERO, statuses: vec![Status::Completed] };
    assert_eq!(dataqueue::storage::prune_all_jobs(&*bench.store(), &prune).await.unwrap(), 1);
    for gone in ["wp_owned", "wp_open", "wp_1"] {
        assert_eq!(bench.get_token(gone).await.unwrap(), None);
    }
    assert!(bench.get_token("wp_still_open").await.unwrap().is_some());
}
