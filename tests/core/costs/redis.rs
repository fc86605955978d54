//! Redis: commands, those of scripts among them, as the server's own monitor shows them.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use dataqueue::lock::Mutex;
use dataqueue::storage::StoreOptions;
use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::task::JoinHandle;

use super::{BATCHES, claim, jobs, warmed};
use crate::bench::{self, Bench, Redis, complete, eventually, fail, release};

/// How many commands the scripts that add, claim and end a batch give, however large it is. One of each asks whether somebody
/// reads the events as they are written.
const INNER: [u64; 3] = [8, 17, 10];

/// How often each command named a key of the store; those of scripts begin with `lua`.
type Commands = BTreeMap<String, u64>;

/// The server's own monitor, which shows the commands of all clients.
struct Monitor {
    tag: String,
    lines: Arc<Mutex<Vec<String>>>,
    marker: MultiplexedConnection,
    marks: u64,
    listening: JoinHandle<()>,
}

impl Monitor {
    /// Shows what names the keys of a store; none of a cluster or behind sentinels, where it would be several servers'.
    async fn of(bench: &Bench) -> Option<Self> {
        let StoreOptions::Redis(options) = bench.driver().options() else { panic!("no server") };
        if options.cluster || options.sentinel.is_some() {
            return None;
        }
        let client = redis::Client::open(env::var("DATAQUEUE_TEST_REDIS_URL").unwrap()).unwrap();
        let marker = client.get_multiplexed_async_connection().await.unwrap();
        let mut monitor = client.get_async_monitor().await.unwrap();
        let tag = options.key_prefix.trim_end_matches(':').to_owned();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (own, kept) = (tag.clone(), lines.clone());
        let listening = tokio::spawn(async move {
            let mut shown = monitor.on_message::<String>();
            while let Some(line) = shown.next().await {
                if line.contains(&own) {
                    kept.lock().push(line);
                }
            }
        });
        Some(Self { tag, lines, marker, marks: 0, listening })
    }

    /// What was commanded since the last time.
    async fn take(&mut self) -> Commands {
        self.marks += 1;
        let mark = format!("mark {} of {}", self.marks, self.tag);
        cmd("ECHO").arg(&mark).exec_async(&mut self.marker).await.unwrap();
        eventually("the monitor has shown what was before", async || {
            self.lines.lock().iter().any(|line| line.contains(&mark))
        })
        .await;
        let mut commands = Commands::new();
        for line in std::mem::take(&mut *self.lines.lock()) {
            if !line.contains("\"ECHO\"") {
                *commands.entry(command(&line)).or_default() += 1;
            }
        }
        commands
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The name of the command of a line such as `1700000000.5 [0 lua] "HGET" "key" "field"`.
fn command(line: &str) -> String {
    let (client, said) = line.split_once("] \"").unwrap();
    let name = said.split('"').next().unwrap().to_uppercase();
    if client.ends_with(" lua") { format!("lua {name}") } else { name }
}

/// The commands that came from a client: each is a round trip, unless it is in a pipeline.
fn calls(commands: &Commands) -> Vec<(&str, u64)> {
    let own = commands.iter().filter(|(name, _)| !name.starts_with("lua "));
    own.map(|(name, count)| (name.as_str(), *count)).collect()
}

/// How many commands a script gave.
fn inner(commands: &Commands) -> u64 {
    commands.iter().filter(|(name, _)| name.starts_with("lua ")).map(|(_, count)| count).sum()
}

#[test]
fn a_batch_is_added_claimed_and_ended_by_one_call_each() {
    bench::run::<Redis>(async |bench| {
        let Some(mut monitor) = Monitor::of(bench).await else { return };
        let hand = warmed(bench.store()).await;
        for batch in BATCHES {
            monitor.take().await;
            bench.add_all(jobs(batch)).await;
            let added = monitor.take().await;
            let claimed = claim(&hand, batch).await;
            let begun = monitor.take().await;
            let ends: Vec<_> = claimed.iter().map(complete).collect();
            hand.store.settle(&ends).await.unwrap();
            let ended = monitor.take().await;
            for commands in [&added, &begun, &ended] {
                assert_eq!(calls(commands), [("EVALSHA", 1)], "for a batch of {batch}");
            }
            let inner = [inner(&added), inner(&begun), inner(&ended)];
            assert_eq!(inner, INNER, "for a batch of {batch}: {added:#?} {begun:#?} {ended:#?}");
        }
    });
}

#[test]
fn ends_of_several_kinds_are_one_call() {
    bench::run::<Redis>(async |bench| {
        let Some(mut monitor) = Monitor::of(bench).await else { return };
        let hand = warmed(bench.store()).await;
        bench.add_all(jobs(30)).await;
        let claimed = claim(&hand, 30).await;
        let ends = claimed.iter().enumerate().map(|(at, claimed)| match at % 3 {
            0 => complete(claimed),
            1 => fail(claimed, None),
            _ => release(claimed),
        });
        monitor.take().await;
        hand.store.settle(&ends.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(calls(&monitor.take().await), [("EVALSHA", 1)]);
        assert!(hand.claim(&["another"], 10).await.is_empty());
        assert_eq!(calls(&monitor.take().await), [("EVALSHA", 1)], "for a claim of nothing");
    });
}
