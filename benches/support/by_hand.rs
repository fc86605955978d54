//! A queue by hand, to hold the engine against: a bare table, or a list and a hash, jobs claimed and completed by two updates
//! for each batch, no history, no leases, no types.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio_postgres::NoTls;

use super::{Bed, PAYLOAD, postgres_url, redis_url};

const FILL: &str =
    "INSERT INTO by_hand (status, payload) SELECT 'pending', $1::text FROM generate_series(1, $2::bigint)";
const CLAIM: &str = "UPDATE by_hand SET status = 'processing' WHERE id = ANY (ARRAY(
    SELECT id FROM by_hand WHERE status = 'pending' ORDER BY id LIMIT $1::bigint FOR UPDATE SKIP LOCKED
)) RETURNING id, payload";
const COMPLETE: &str = "UPDATE by_hand SET status = 'completed' WHERE id = ANY ($1::bigint[])";

/// How long it takes to claim and complete `count` jobs, `batch` at a time.
pub fn drain(bed: &Bed, count: usize, batch: usize) -> Duration {
    match bed.name {
        "postgres" => bed.wait(drain_postgres(count, batch)),
        "redis" => bed.wait(drain_redis(count, batch)),
        _ => drain_sqlite(&Connection::open(bed.folder().unwrap().join("by_hand.db")).unwrap(), count, batch),
    }
}

async fn drain_redis(count: usize, batch: usize) -> Duration {
    let client = redis::Client::open(redis_url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let base = format!("{{by-hand-{:016x}}}", rand::random::<u64>());
    let [pending, payloads, running, done] = ["p", "j", "r", "d"].map(|name| format!("{base}:{name}"));
    for from in (0..count).step_by(1_000) {
        let ids: Vec<usize> = (from..count.min(from + 1_000)).collect();
        let pairs: Vec<_> = ids.iter().map(|id| (id, PAYLOAD)).collect();
        redis::pipe()
            .rpush(&pending, ids.clone())
            .hset_multiple(&payloads, &pairs)
            .exec_async(&mut link)
            .await
            .unwrap();
    }
    let claim = redis::Script::new(
        "local ids = redis.call('LPOP', KEYS[1], ARGV[1]) redis.call('SADD', KEYS[3], unpack(ids))
         return {ids, redis.call('HMGET', KEYS[2], unpack(ids))}",
    );
    let complete =
        redis::Script::new("redis.call('SREM', KEYS[1], unpack(ARGV)) redis.call('SADD', KEYS[2], unpack(ARGV))");
    let began = Instant::now();
    let mut finished = 0;
    while finished < count {
        let mut call = claim.key(&pending);
        call.key(&payloads).key(&running).arg(batch);
        let (ids, _): (Vec<String>, Vec<String>) = call.invoke_async(&mut link).await.unwrap();
        assert!(!ids.is_empty(), "the jobs have run out");
        finished += ids.len();
        let mut call = complete.key(&running);
        call.key(&done);
        for id in &ids {
            call.arg(id);
        }
        call.invoke_async::<()>(&mut link).await.unwrap();
    }
    let took = began.elapsed();
    redis::cmd("UNLINK").arg(&[pending, payloads, running, done]).exec_async(&mut link).await.unwrap();
    took
}

async fn drain_postgres(count: usize, batch: usize) -> Duration {
    let (client, connection) = tokio_postgres::connect(&postgres_url(), NoTls).await.unwrap();
    let driven = tokio::spawn(connection);
    client
        .batch_execute(
            "SET jit = off;
             CREATE TEMP TABLE by_hand_name AS SELECT 'by_hand_' || pg_backend_pid() AS name;
             DO $$ BEGIN EXECUTE 'CREATE SCHEMA ' || (SELECT name FROM by_hand_name); END $$;
             SELECT set_config('search_path', (SELECT name FROM by_hand_name), false);
             CREATE TABLE by_hand (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL,
                 payload text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
             CREATE INDEX ON by_hand (id) WHERE status = 'pending';",
        )
        .await
        .unwrap();
    client.execute(FILL, &[&PAYLOAD, &i64::try_from(count).unwrap()]).await.unwrap();
    client.batch_execute("ANALYZE by_hand").await.unwrap();
    let claim = client.prepare(CLAIM).await.unwrap();
    let complete = client.prepare(COMPLETE).await.unwrap();
    let limit = i64::try_from(batch).unwrap();
    let began = Instant::now();
    let mut done = 0;
    while done < count {
        let rows = client.query(&claim, &[&limit]).await.unwrap();
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert!(!ids.is_empty(), "the jobs have run out");
        done += ids.len();
        client.execute(&complete, &[&ids]).await.unwrap();
    }
    let took = began.elapsed();
    client
        .batch_execute("DO $$ BEGIN EXECUTE 'DROP SCHEMA ' || (SELECT name FROM by_hand_name) || ' CASCADE'; END $$")
        .await
        .unwrap();
    drop(client);
    driven.await.unwrap().unwrap();
    took
}

fn drain_sqlite(connection: &Connection, count: usize, batch: usize) -> Duration {
    connection
        .execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = full;
             CREATE TABLE IF NOT EXISTS by_hand (id INTEGER PRIMARY KEY, status TEXT NOT NULL, payload TEXT NOT NULL,
                 created_at INTEGER NOT NULL);
             CREATE INDEX IF NOT EXISTS pending ON by_hand (id) WHERE status = 'pending';",
        )
        .unwrap();
    connection
        .execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)
             INSERT INTO by_hand (status, payload, created_at) SELECT 'pending', ?1, unixepoch() FROM n",
            (PAYLOAD, i64::try_from(count).unwrap()),
        )
        .unwrap();
    let began = Instant::now();
    let mut done = 0;
    while done < count {
        let ids = claim_sqlite(connection, batch);
        assert!(!ids.is_empty(), "the jobs have run out");
        done += ids.len();
        let mut complete = connection.prepare_cached("UPDATE by_hand SET status = 'completed' WHERE id = ?1").unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for id in ids {
            complete.execute([id]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    began.elapsed()
}

fn claim_sqlite(connection: &Connection, batch: usize) -> Vec<i64> {
    let mut claim = connection
        .prepare_cached(
            "UPDATE by_hand SET status = 'processing' WHERE id IN (
                 SELECT id FROM by_hand WHERE status = 'pending' ORDER BY id LIMIT ?1) RETURNING id, payload",
        )
        .unwrap();
    let rows = claim.query_map([i64::try_from(batch).unwrap()], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
