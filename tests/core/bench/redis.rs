//! A place for the stores of the Redis driver: a key prefix of its own on the server that the environment names.

use std::env;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::storage::{RedisAddress, RedisOptions, StoreOptions, url};

use super::Driver;

/// The variable with the URL of the server that the tests use.
const REDIS_VARIABLE: &str = "DATAQUEUE_TEST_REDIS_URL";

/// The keys under one prefix.
pub struct Redis {
    options: RedisOptions,
}

impl Redis {
    /// Runs a command on every key of the store that exists.
    async fn run(&self, command: &mut redis::Cmd) -> redis::Value {
        let mut nodes = Vec::new();
        for node in &self.options.nodes {
            let RedisAddress::Tcp(host, port) = node else { panic!("the tests need a server on a port") };
            nodes.push(format!("redis://{host}:{port}/{}", self.options.db));
        }
        if self.options.cluster {
            let client = redis::cluster::ClusterClient::new(nodes).unwrap();
            command.query_async(&mut client.get_async_connection().await.unwrap()).await.unwrap()
        } else {
            let client = redis::Client::open(nodes.remove(0)).unwrap();
            command.query_async(&mut client.get_multiplexed_async_connection().await.unwrap()).await.unwrap()
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.options.key_prefix.trim_end_matches(':'))
    }
}

#[async_trait]
impl Driver for Redis {
    fn fresh() -> Self {
        let Ok(url) = env::var(REDIS_VARIABLE) else {
            panic!("${REDIS_VARIABLE} is not set: run the tests with `python -m tests.servers -- cargo test`");
        };
        let prefix = format!("t-{:016x}:", rand::random::<u64>());
        let settings = [("key_prefix".to_owned(), prefix)].into();
        let Ok(StoreOptions::Redis(mut options)) = url::parse(Some(&url), &settings) else {
            panic!("${REDIS_VARIABLE} is no URL of Redis");
        };
        options.connect_timeout = Duration::from_secs(20);
        Self { options: *options }
    }

    fn options(&self) -> StoreOptions {
        StoreOptions::Redis(Box::new(self.options.clone()))
    }

    async fn remove(&self) {
        let names = [
            "meta", "jobs", "payloads", "outputs", "errors", "steps", "events", "holders", "pending", "processing",
            "completed", "failed", "cancelled", "waiting", "types", "tags", "ready", "later", "workers", "expiry",
            "orphans", "watchers", "batches",
        ];
        self.run(redis::cmd("UNLINK").arg(names.map(|name| self.key(name)).to_vec())).await;
    }

    async fn poison(&self) {
        panic!("no poison");
    }

    async fn make_newer(&self) {
        self.run(redis::cmd("HSET").arg(self.key("meta")).arg("version").arg(99)).await;
    }
}
