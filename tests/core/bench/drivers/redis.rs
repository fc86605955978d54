//! Redis, under a key prefix of its own, as a user that may touch nothing else.

use std::env;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::model::{JobId, Step, WorkerId};
use dataqueue::storage::{RedisAddress, RedisOptions, StoreOptions, url};
use redis::{Cmd, FromRedisValue, aio::MultiplexedConnection, cmd};

use super::{Connections, Driver};

/// The variable with the URL of the server that the tests use.
const REDIS_VARIABLE: &str = "DATAQUEUE_TEST_REDIS_URL";
const PASSWORD: &str = "a test's own";

/// The keys, in the order in which scripts take them.
const KEYS: [&str; 33] = [
    "meta",
    "jobs",
    "payloads",
    "outputs",
    "errors",
    "steps",
    "events",
    "holders",
    "pending",
    "processing",
    "completed",
    "failed",
    "cancelled",
    "waiting",
    "types",
    "tags",
    "ready",
    "later",
    "workers",
    "expiry",
    "orphans",
    "watchers",
    "batches",
    "tokens",
    "expiring",
    "waits",
    "schedules",
    "schedule_ids",
    "schedule_names",
    "schedules_due",
    "extras",
    "terms",
    "unique",
];

macro_rules! script {
    ($name:literal) => {
        concat!(
            include_str!("../../../../src/storage/redis/scripts/shared/keys.lua"),
            include_str!(concat!("redis/", $name, ".lua"))
        )
    };
}

/// The keys under one prefix.
pub struct Redis {
    options: RedisOptions,
    name: String,
}

impl Redis {
    /// A connection of the test's own to each node, or to the master alone.
    async fn nodes(&self) -> Vec<MultiplexedConnection> {
        let mut nodes = Vec::new();
        for node in &self.options.nodes {
            let RedisAddress::Tcp(host, port) = node else { panic!("the tests need a server on a port") };
            let Some(sentinel) = &self.options.sentinel else {
                nodes.push(connected(host, *port, self.options.db).await);
                continue;
            };
            let mut question = cmd("SENTINEL");
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(&sentinel.service);
            let (host, port): (String, u16) = question.query_async(&mut connected(host, *port, 0).await).await.unwrap();
            return vec![connected(&host, port, self.options.db).await];
        }
        nodes
    }

    /// Runs a command on keys of the store, at whichever node has them.
    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> T {
        for mut node in self.nodes().await {
            match command.query_async(&mut node).await {
                Ok(answer) => return answer,
                Err(error) if error.code() == Some("MOVED") => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("no node has the keys of {}", self.name)
    }

    async fn script<T: FromRedisValue>(&self, text: &str, add: impl FnOnce(&mut Cmd)) -> T {
        let mut command = cmd("EVAL");
        command.arg(text).arg(KEYS.len()).arg(KEYS.map(|name| self.key(name)).to_vec()).arg("test");
        add(&mut command);
        self.run(&command).await
    }

    fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.name)
    }

    async fn at_each_node(&self, command: &Cmd) {
        for mut node in self.nodes().await {
            command.query_async::<redis::Value>(&mut node).await.unwrap();
        }
    }
}

async fn connected(host: &str, port: u16, db: i64) -> MultiplexedConnection {
    let client = redis::Client::open(format!("redis://{host}:{port}/{db}")).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[async_trait]
impl Driver for Redis {
    fn fresh() -> Self {
        let Ok(url) = env::var(REDIS_VARIABLE) else {
            panic!("${REDIS_VARIABLE} is not set: run the tests with `python -m tests.servers -- cargo test`");
        };
        let name = format!("t-{:016x}", rand::random::<u64>());
        let settings = [("key_prefix".to_owned(), format!("{name}:"))].into();
        let Ok(StoreOptions::Redis(mut options)) = url::parse(Some(&url), &settings) else {
            panic!("${REDIS_VARIABLE} is no URL of Redis");
        };
        options.connect_timeout = Duration::from_secs(20);
        options.username = Some(name.clone());
        options.password = Some(PASSWORD.to_owned());
        Self { options: *options, name }
    }

    fn options(&self) -> StoreOptions {
        StoreOptions::Redis(Box::new(self.options.clone()))
    }

    async fn prepare(&self) {
        let mut user = cmd("ACL");
        user.arg("SETUSER").arg(&self.name).arg("on").arg(format!(">{PASSWORD}")).arg(format!("~{}*", self.key("")));
        user.arg("resetchannels").arg(format!("&{}*", self.key(""))).arg("+@all");
        self.at_each_node(&user).await;
    }

    async fn remove(&self) {
        self.run::<i64>(cmd("UNLINK").arg(KEYS.map(|name| self.key(name)).to_vec())).await;
        self.at_each_node(cmd("ACL").arg("DELUSER").arg(&self.name)).await;
    }

    /// No job can be singled out here: every change is refused, by a key of the wrong type.
    async fn poison(&self) {
        self.run::<()>(cmd("RENAME").arg(self.key("meta")).arg(self.key("meta:cured"))).await;
        self.run::<()>(cmd("SET").arg(self.key("meta")).arg("poison")).await;
    }

    async fn cure(&self) {
        self.run::<()>(cmd("RENAME").arg(self.key("meta:cured")).arg(self.key("meta"))).await;
    }

    async fn make_newer(&self, breaking: bool) {
        let newest = if breaking { 99 } else { 0 };
        let mut mark = cmd("HSET");
        mark.arg(self.key("meta")).arg("version").arg(99).arg("breaking").arg(newest);
        self.run::<()>(&mark).await;
    }

    async fn suspend(&self, id: JobId) {
        self.script::<()>(script!("suspend"), |call| {
            call.arg(id);
        })
        .await;
    }

    async fn leave_behind(&self, id: JobId) {
        self.script::<()>(script!("leave_behind"), |call| {
            call.arg(id);
        })
        .await;
    }

    async fn age(&self, ids: &[JobId], span: Duration) {
        self.script::<()>(script!("age"), |call| {
            call.arg(span.as_micros().to_string()).arg(ids);
        })
        .await;
    }

    async fn silence(&self, worker: WorkerId, span: Duration) {
        self.script::<()>(script!("silence"), |call| {
            call.arg(worker).arg(span.as_micros().to_string());
        })
        .await;
    }

    async fn age_traffic(&self, step: Step, span: Duration) {
        let mut age = cmd("EVAL");
        age.arg(include_str!("redis/age_traffic.lua")).arg(2).arg(self.key("traffic")).arg(self.key("traffic_at"));
        self.run::<()>(age.arg(step.seconds()).arg(span.as_secs())).await;
    }

    async fn lose_openings(&self) {
        let mut forget = cmd("DEL");
        forget.arg(self.key("openings"));
        self.run::<i64>(&forget).await;
    }

    async fn tables_that_name(&self, id: JobId) -> Vec<String> {
        self.script(script!("names"), |call| {
            call.arg(id);
        })
        .await
    }

    async fn cut(&self, which: Connections) {
        for mut node in self.nodes().await {
            let listed: String = cmd("CLIENT").arg("LIST").query_async(&mut node).await.unwrap();
            for line in listed.lines().filter(|line| line.contains(&format!(" user={} ", self.name))) {
                let listens = !line.contains(" sub=0 ");
                let id = line.split_whitespace().find_map(|word| word.strip_prefix("id=")).unwrap();
                if listens || which == Connections::All {
                    let _ = cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async::<i64>(&mut node).await;
                }
            }
        }
    }
}
