//! What the benches stand on: a fresh store of each driver, jobs in it, and the conditions told before the numbers.
//!
//! PostgreSQL and Redis are the servers named by `$DATAQUEUE_TEST_POSTGRES_URL` and `$DATAQUEUE_TEST_REDIS_URL`;
//! `python -m tests.servers -- cargo bench` finds them.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub mod by_hand;
mod conditions;

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use dataqueue::model::{ClaimRequest, Claimed, NewJob, Outcome, Profile, Settlement, Worker};
use dataqueue::storage::postgres::PostgresStorage;
use dataqueue::storage::redis::RedisStorage;
use dataqueue::storage::sqlite::SqliteStorage;
use dataqueue::storage::{Storage, StoreOptions, url};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The one job type of the benches.
pub const TYPE: &str = "bench";

/// A hundred bytes of JSON.
pub const PAYLOAD: &str =
    r#"{"to": "somebody@example.org", "subject": "a subject of some length", "body": "a body, and so on"}   "#;

/// The URL of the PostgreSQL server.
pub fn postgres_url() -> String {
    server("DATAQUEUE_TEST_POSTGRES_URL")
}

/// The URL of the Redis server.
pub fn redis_url() -> String {
    server("DATAQUEUE_TEST_REDIS_URL")
}

fn server(variable: &str) -> String {
    env::var(variable)
        .unwrap_or_else(|_| panic!("${variable} is not set: run `python -m tests.servers -- cargo bench`"))
}

/// A fresh store, and the runtime that its calls run on.
pub struct Bed {
    pub name: &'static str,
    pub store: Arc<dyn Storage>,
    pub runtime: Runtime,
    place: Place,
    tokens: AtomicI64,
}

/// Where the store is, to be cleared away after it.
enum Place {
    Schema(String),
    Keys,
    Folder(TempDir),
}

impl Bed {
    /// Fresh stores of every driver.
    pub fn all() -> [Self; 3] {
        [Self::postgres(), Self::redis(), Self::sqlite()]
    }

    fn postgres() -> Self {
        let schema = format!("bench_{:016x}", rand::random::<u64>());
        let settings = BTreeMap::from([("schema".to_owned(), schema.clone())]);
        let StoreOptions::Postgres(options) = url::parse(Some(&postgres_url()), &settings).unwrap() else {
            panic!("$DATAQUEUE_TEST_POSTGRES_URL is no URL of PostgreSQL");
        };
        let store = Arc::new(PostgresStorage::new(options).unwrap());
        let bed = Self::on("postgres", store, Place::Schema(schema));
        conditions::tell_postgres(&bed);
        bed
    }

    fn redis() -> Self {
        let prefix = format!("bench-{:016x}:", rand::random::<u64>());
        let settings = BTreeMap::from([("key_prefix".to_owned(), prefix)]);
        let StoreOptions::Redis(options) = url::parse(Some(&redis_url()), &settings).unwrap() else {
            panic!("$DATAQUEUE_TEST_REDIS_URL is no URL of Redis");
        };
        let store = Arc::new(RedisStorage::new(options).unwrap());
        let bed = Self::on("redis", store, Place::Keys);
        conditions::tell_redis(&bed);
        bed
    }

    fn sqlite() -> Self {
        // On the disk that the build is on: a temporary folder may be in memory.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = folder.path().join("jobs.db").to_string_lossy().into_owned();
        let settings = BTreeMap::from([("path".to_owned(), path)]);
        let StoreOptions::Sqlite(options) = url::parse(None, &settings).unwrap() else { unreachable!() };
        let store = Arc::new(SqliteStorage::new(options).unwrap());
        let bed = Self::on("sqlite", store.clone(), Place::Folder(folder));
        conditions::tell_sqlite(&bed, &store);
        bed
    }

    fn on(name: &'static str, store: Arc<dyn Storage>, place: Place) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let bed = Self { name, store, runtime, place, tokens: AtomicI64::new(1) };
        bed.wait(bed.store.migrate(None)).unwrap();
        bed
    }

    /// Runs a call to its end.
    #[allow(clippy::disallowed_methods, reason = "a bench has no Python thread")]
    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// The folder of an SQLite store.
    pub fn folder(&self) -> Option<&std::path::Path> {
        if let Place::Folder(folder) = &self.place { Some(folder.path()) } else { None }
    }

    /// Adds jobs that may be claimed at once.
    pub async fn fill(&self, mut count: usize) {
        while count > 0 {
            let some = count.min(1_000);
            self.store.add(jobs(some)).await.unwrap();
            count -= some;
        }
    }

    /// A worker that outlives the bench.
    pub async fn worker(&self) -> Worker {
        self.store.register(&Profile::named("bench"), Duration::from_secs(3_600)).await.unwrap()
    }

    /// Claims up to `limit` jobs.
    pub async fn claim(&self, worker: &Worker, limit: usize) -> Vec<Claimed> {
        let request = ClaimRequest {
            worker: worker.clone(),
            token: self.tokens.fetch_add(1, Ordering::Relaxed),
            job_types: vec![TYPE.to_owned()],
            limit: u32::try_from(limit).unwrap(),
            lease: None,
            turns: None,
        };
        self.store.claim(&request).await.unwrap().jobs
    }

    /// Ends jobs, all in the same way.
    pub async fn settle(&self, claimed: &[Claimed], outcome: &Outcome) {
        let end = |claimed: &Claimed| Settlement { lease: claimed.lease, attempt: 1, outcome: outcome.clone() };
        let settlements: Vec<_> = claimed.iter().map(end).collect();
        self.store.settle(&settlements).await.unwrap();
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        match &self.place {
            Place::Schema(schema) => {
                let drop = format!("DROP SCHEMA {schema} CASCADE");
                self.wait(self.store.execute(&drop, &[])).unwrap();
            }
            Place::Keys => {
                self.wait(self.store.migrate(Some(0))).unwrap();
            }
            Place::Folder(_) => {}
        }
        self.wait(self.store.close());
    }
}

/// The end of a job that went well.
pub fn completed() -> Outcome {
    Outcome::Completed { output: None }
}

/// Jobs with the payload of the benches.
pub fn jobs(count: usize) -> Vec<NewJob> {
    vec![NewJob::new(TYPE, PAYLOAD); count]
}

/// Short measurements: the whole of `cargo bench` is to take a few minutes.
pub fn short() -> Criterion {
    Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .without_plots()
}
