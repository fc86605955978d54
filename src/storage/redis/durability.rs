//! What survives a crash of the server, by how it keeps and evicts.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue};
use tokio::time::timeout;

use super::RedisStorage;
use super::connection;
use super::faults::{translated, unavailable};
use crate::error::Result;
use crate::lock::Mutex;
use crate::model::Durability;

/// The settings that decide; none where the server tells nobody.
#[derive(Default)]
struct Settings {
    appendonly: Option<String>,
    appendfsync: Option<String>,
    save: Option<String>,
    maxmemory: Option<String>,
    policy: Option<String>,
}

impl RedisStorage {
    pub(super) async fn ask_durability(&self) -> Result<Durability> {
        // By a connection of its own: in a cluster these commands have no key that would lead them to a node.
        let client = connection::server(&self.options).await?;
        let connecting = timeout(self.options.connect_timeout, client.get_multiplexed_async_connection()).await;
        let connected = connecting.map_err(|_| unavailable("no connection to ask for its settings"))?;
        let mut link = connected.map_err(|error| translated(&error))?;
        link.set_response_timeout(self.options.response_timeout);
        let told: String = ask(&mut link, redis::cmd("INFO").arg("server")).await?;
        let mut names = redis::cmd("CONFIG");
        names.arg("GET").arg("*");
        // A hosted server may refuse to tell its settings.
        let mut told_settings: HashMap<String, String> = ask(&mut link, &names).await.unwrap_or_default();
        let mut take = |name: &str| told_settings.remove(name);
        let settings = Settings {
            appendonly: take("appendonly"),
            appendfsync: take("appendfsync"),
            save: take("save"),
            maxmemory: take("maxmemory"),
            policy: take("maxmemory-policy"),
        };
        Ok(settings.judged(store(&told), self.options.sentinel.is_some()))
    }

    /// Says what may be lost, once in a process for each place.
    pub(super) async fn warn_of_loss(&self) {
        static WARNED: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let place = format!("{:?}", self.options.nodes);
        if WARNED.lock().contains(&place) {
            return;
        }
        let Ok(durability) = self.ask_durability().await else { return };
        WARNED.lock().push(place);
        if durability.eviction_policy.as_deref().is_some_and(|policy| policy != "noeviction") {
            tracing::warn!("{} may throw jobs away: set maxmemory-policy to noeviction", durability.store);
        }
        if !durability.durable {
            tracing::warn!("a crash of {} may lose jobs: {}", durability.store, durability.may_lose);
        }
    }
}

async fn ask<T: FromRedisValue>(link: &mut MultiplexedConnection, command: &Cmd) -> Result<T> {
    command.query_async(link).await.map_err(|error| translated(&error))
}

/// The store's name and version, out of what `INFO server` tells.
fn store(told: &str) -> String {
    let value = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    match (value("valkey_version:"), value("redis_version:")) {
        (Some(version), _) => format!("Valkey {version}"),
        (None, Some(version)) => format!("Redis {version}"),
        (None, None) => "Redis".to_owned(),
    }
}

impl Settings {
    /// `promotes` tells whether a replica takes the place of a server that crashed.
    fn judged(self, store: String, promotes: bool) -> Durability {
        let evicts = self.maxmemory.as_deref().is_some_and(|most| most != "0")
            && self.policy.as_deref().is_some_and(|policy| policy != "noeviction");
        let saves = self.save.as_deref().is_some_and(|save| !save.is_empty());
        let appends = self.appendonly.as_deref() == Some("yes");
        let (keeps, lost) = match (self.appendonly.as_deref(), self.appendfsync.as_deref()) {
            (None, _) => (false, "Unknown: the server does not tell its settings (CONFIG GET)."),
            (Some("yes"), Some("always")) => (true, "Nothing when the server crashes."),
            (Some("yes"), _) => (false, "About the last second before a crash of the server's machine."),
            _ if saves => (false, "Everything since the last snapshot."),
            _ => (false, "Everything: the server writes nothing to disk."),
        };
        let evicted =
            if evicts { " When its memory is full, it throws keys away, and with them the whole queue." } else { "" };
        let missed = match (promotes, keeps) {
            (true, _) | (false, true) => " If a replica is promoted, what had not reached it yet.",
            (false, false) => "",
        };
        let fsync = self.appendfsync.filter(|_| appends).map(|how| format!(", appendfsync={how}"));
        Durability {
            store,
            persistence: format!(
                "appendonly={}{}, snapshots {}",
                self.appendonly.as_deref().unwrap_or("unknown"),
                fsync.unwrap_or_default(),
                if saves { "on" } else { "off" }
            ),
            durable: keeps && !evicts && !promotes,
            may_lose: format!("{lost}{missed}{evicted}"),
            eviction_policy: self.policy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged_with(
        promotes: bool,
        appendonly: &str,
        appendfsync: &str,
        save: &str,
        maxmemory: &str,
        policy: &str,
    ) -> Durability {
        let some = |text: &str| Some(text.to_owned());
        let settings = Settings {
            appendonly: some(appendonly),
            appendfsync: some(appendfsync),
            save: some(save),
            maxmemory: some(maxmemory),
            policy: some(policy),
        };
        settings.judged("Redis 7".to_owned(), promotes)
    }

    fn judged(appendonly: &str, appendfsync: &str, save: &str, maxmemory: &str, policy: &str) -> Durability {
        judged_with(false, appendonly, appendfsync, save, maxmemory, policy)
    }

    #[test]
    fn a_replica_that_takes_over_may_lack_what_its_master_kept() {
        let told = judged_with(true, "yes", "always", "", "0", "noeviction");
        assert!(!told.durable && told.may_lose.contains("If a replica is promoted"), "{told:?}");
        assert!(judged_with(true, "no", "no", "", "0", "noeviction").may_lose.contains("If a replica is promoted"));
        assert!(!judged("no", "no", "", "0", "noeviction").may_lose.contains("replica"));
    }

    #[test]
    fn only_a_log_that_is_synced_at_each_write_without_eviction_is_durable() {
        assert!(judged("yes", "always", "", "0", "allkeys-lru").durable);
        assert!(!judged("yes", "always", "", "100", "allkeys-lru").durable);
        assert!(judged("yes", "everysec", "3600 1", "0", "noeviction").may_lose.contains("last second"));
        assert!(judged("no", "everysec", "3600 1", "0", "noeviction").may_lose.contains("last snapshot"));
        assert!(judged("no", "everysec", "", "0", "noeviction").may_lose.contains("Everything:"));
        assert!(Settings::default().judged("Redis".to_owned(), false).may_lose.contains("Unknown"));
    }

    #[test]
    fn the_store_is_named_with_its_version() {
        assert_eq!(store("# Server\r\nredis_version:7.0.15\r\n"), "Redis 7.0.15");
        assert_eq!(store("server_name:valkey\r\nredis_version:7.2.4\r\nvalkey_version:9.0.1\r\n"), "Valkey 9.0.1");
    }
}
