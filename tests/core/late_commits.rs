//! What only PostgreSQL does: transactions that commit in another order than their events were numbered. And what only Redis does:
//! events for readers are kept for a while only.

use std::env;

use bytes::Bytes;
use dataqueue::Error;
use dataqueue::model::{Added, After, Extras, JobId, NewJob, Unique, Wanted};
use dataqueue::storage::{Storage, StoreOptions};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

use crate::bench::{self, Bench, MINUTE, Postgres, Redis, complete, eventually, job};

const NONE: [JobId; 0] = [];

/// A connection of a caller's own, which leads past any pooler.
async fn connection() -> Client {
    let url = env::var("DATAQUEUE_TEST_POSTGRES_URL").unwrap();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Adds a job in the transaction that is open on a connection.
async fn add_on(client: &Client, bench: &Bench, job: NewJob) -> JobId {
    let add = bench.external_add(&[job]).unwrap();
    let insert = add.insert.replace("{param}", "$1");
    let rows = client.query_typed(&insert, &[(&add.parts[0].1, Type::TEXT)]).await.unwrap();
    rows[0].get(1)
}

async fn now(store: &dyn Storage) -> After {
    After::Place(store.tail(&After::Now, &Wanted::default(), 10).await.unwrap().next)
}

/// The jobs of the events behind a place, and the places behind each.
async fn read(store: &dyn Storage, after: &mut After, limit: u32) -> Vec<(JobId, String)> {
    let mut told = Vec::new();
    loop {
        let tail = store.tail(after, &Wanted::default(), limit).await.unwrap();
        told.extend(tail.events.into_iter().map(|one| (one.event.job_id, one.place)));
        *after = After::Place(tail.next);
        if !tail.more {
            return told;
        }
    }
}

fn jobs(told: &[(JobId, String)]) -> Vec<JobId> {
    told.iter().map(|(id, _)| *id).collect()
}

#[test]
fn an_event_is_told_whose_transaction_commits_after_newer_ones_were() {
    bench::run::<Postgres>(async |bench| {
        for limit in [1, 2, 500] {
            let mut after = now(&**bench).await;
            let (early, late) = (connection().await, connection().await);
            early.batch_execute("BEGIN").await.unwrap();
            let first = add_on(&early, bench, job("a")).await;
            late.batch_execute("BEGIN").await.unwrap();
            let second = add_on(&late, bench, job("a")).await;
            let third = bench.add_one(job("a")).await;
            assert_eq!(jobs(&read(&**bench, &mut after, limit).await), [third]);
            assert_eq!(jobs(&read(&**bench, &mut after, limit).await), NONE);
            late.batch_execute("COMMIT").await.unwrap();
            let fourth = bench.add_one(job("a")).await;
            assert_eq!(jobs(&read(&**bench, &mut after, limit).await), [second, fourth]);
            early.batch_execute("COMMIT").await.unwrap();
            assert_eq!(jobs(&read(&**bench, &mut after, limit).await), [first]);
            assert_eq!(jobs(&read(&**bench, &mut after, limit).await), NONE);
        }
    });
}

#[test]
fn whoever_goes_on_from_an_event_is_told_of_what_committed_late_too() {
    bench::run::<Postgres>(async |bench| {
        let mut after = now(&**bench).await;
        let early = connection().await;
        early.batch_execute("BEGIN").await.unwrap();
        let first = add_on(&early, bench, job("a")).await;
        let others = bench.add_all(vec![job("a"), job("a"), job("a")]).await;
        let told = read(&**bench, &mut after, 500).await;
        assert_eq!(jobs(&told), others);
        early.batch_execute("COMMIT").await.unwrap();
        for (at, (_, place)) in told.iter().enumerate() {
            let mut rest = jobs(&read(&**bench, &mut After::Place(place.clone()), 2).await);
            rest.sort_unstable();
            let mut expected = [&[first], &others[at + 1..]].concat();
            expected.sort_unstable();
            assert_eq!(rest, expected);
        }
    });
}

#[test]
fn a_savepoint_hides_nothing() {
    bench::run::<Postgres>(async |bench| {
        let mut after = now(&**bench).await;
        let early = connection().await;
        early.batch_execute("BEGIN").await.unwrap();
        let first = add_on(&early, bench, job("a")).await;
        early.batch_execute("SAVEPOINT one").await.unwrap();
        let second = add_on(&early, bench, job("a")).await;
        let third = bench.add_one(job("a")).await;
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), [third]);
        early.batch_execute("RELEASE one; SAVEPOINT two").await.unwrap();
        add_on(&early, bench, job("a")).await;
        early.batch_execute("ROLLBACK TO two; COMMIT").await.unwrap();
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), [first, second]);
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), NONE);
    });
}

#[test]
fn a_transaction_that_stays_open_costs_no_second_look_at_what_was_told() {
    bench::run::<Postgres>(async |bench| {
        let mut after = now(&**bench).await;
        let early = connection().await;
        early.batch_execute("BEGIN").await.unwrap();
        let first = add_on(&early, bench, job("a")).await;
        let hand = bench.hand().await;
        for _ in 0..20 {
            let id = bench.add_one(job("b")).await;
            let claimed = hand.take("b").await;
            hand.settle(complete(&claimed)).await;
            assert_eq!(jobs(&read(&**bench, &mut after, 500).await), [id; 3]);
        }
        early.batch_execute("COMMIT").await.unwrap();
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), [first]);
    });
}

#[test]
fn what_was_rolled_back_is_not_told() {
    bench::run::<Postgres>(async |bench| {
        let mut after = now(&**bench).await;
        let early = connection().await;
        early.batch_execute("BEGIN").await.unwrap();
        add_on(&early, bench, job("a")).await;
        let second = bench.add_one(job("a")).await;
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), [second]);
        early.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), NONE);
    });
}

#[test]
fn a_debounced_add_that_waited_for_others_changes_a_job_made_meanwhile() {
    bench::run::<Postgres>(async |bench| {
        let StoreOptions::Postgres(options) = bench.driver().options() else { panic!("no server") };
        let kinds = format!("{}.job_unique", options.schema);
        let (holding, adding) = (connection().await, connection().await);
        holding.batch_execute(&format!("BEGIN; INSERT INTO {kinds} (key, job_id) VALUES ('k', 0)")).await.unwrap();
        let store = bench.store();
        let unique = Unique { key: "k".into(), states: Vec::new(), within: None, debounce: Some(MINUTE) };
        let debounced = NewJob { extras: Extras { unique: Some(unique), ..Extras::default() }.boxed(), ..job("a") };
        let waiting = tokio::spawn(async move { store.add(vec![debounced]).await.unwrap().remove(0) });
        let blocked = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0";
        eventually("the add waits for the kind", async || {
            adding.query_opt(blocked, &[&options.schema]).await.unwrap().is_some()
        })
        .await;
        adding.batch_execute("BEGIN").await.unwrap();
        let made = add_on(&adding, bench, job("a")).await;
        adding.batch_execute("COMMIT").await.unwrap();
        let taken = format!("UPDATE {kinds} SET job_id = {made} WHERE key = 'k'; COMMIT");
        holding.batch_execute(&taken).await.unwrap();
        assert_eq!(waiting.await.unwrap(), Added { id: made, created: false });
        let stored = bench.job(made).await;
        assert!(stored.created_at < stored.updated_at && stored.created_at.plus(MINUTE) < stored.run_at, "{stored:#?}");
    });
}

/// Forgets the feed of events, as the server does when nobody reads it.
async fn forget_feed(bench: &Bench) {
    let StoreOptions::Redis(options) = bench.driver().options() else { panic!("no server") };
    let key = format!("{{{}}}:feed", options.key_prefix.trim_end_matches(':'));
    bench.command(&[Bytes::from("UNLINK"), Bytes::from(key)]).await.unwrap();
}

#[test]
fn a_gap_in_what_redis_keeps_for_readers_is_told() {
    bench::run::<Redis>(async |bench| {
        let mut after = now(&**bench).await;
        let first = bench.add_one(job("a")).await;
        assert_eq!(jobs(&read(&**bench, &mut after, 500).await), [first]);
        forget_feed(bench).await;
        bench.add_one(job("a")).await;
        for after in [after.clone(), After::Event(0)] {
            let gap = bench.tail(&after, &Wanted::default(), 500).await;
            assert!(matches!(&gap, Err(Error::Gap(why)) if why.contains("Begin anew")), "{gap:?}");
        }
        let mut anew = now(&**bench).await;
        let third = bench.add_one(job("a")).await;
        assert_eq!(jobs(&read(&**bench, &mut anew, 500).await), [third]);
    });
}

#[test]
fn redis_keeps_nothing_for_readers_while_there_are_none() {
    bench::run::<Redis>(async |bench| {
        let StoreOptions::Redis(options) = bench.driver().options() else { panic!("no server") };
        let key = format!("{{{}}}:feed", options.key_prefix.trim_end_matches(':'));
        let exists = async || bench.command(&[Bytes::from("EXISTS"), Bytes::from(key.clone())]).await.unwrap();
        bench.add_one(job("a")).await;
        assert_eq!(exists().await, dataqueue::model::Answer::Int(0));
        now(&**bench).await;
        assert_eq!(exists().await, dataqueue::model::Answer::Int(1));
        let kept = bench.command(&[Bytes::from("PTTL"), Bytes::from(key.clone())]).await.unwrap();
        assert!(matches!(kept, dataqueue::model::Answer::Int(left) if left > 0), "{kept:?}");
    });
}
