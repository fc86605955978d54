//! What survives a crash of the server.

use super::PostgresStorage;
use super::rows::{Reader, damaged};
use crate::error::Result;
use crate::model::Durability;

/// The settings that decide whether a commit is kept.
struct Settings {
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    standbys: String,
}

impl PostgresStorage {
    pub(super) async fn ask_durability(&self) -> Result<Durability> {
        let rows = self.unchecked_session().await?.query(&self.statements.durability, &[]).await?;
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("settings without a row"))?, 0);
        let version: String = reader.take()?;
        let settings = Settings {
            fsync: reader.take()?,
            full_page_writes: reader.take()?,
            synchronous_commit: reader.take()?,
            standbys: reader.take()?,
        };
        let number = version.split(' ').next().unwrap_or_default();
        Ok(settings.judged(format!("PostgreSQL {number}")))
    }
}

impl Settings {
    fn judged(self, store: String) -> Durability {
        let (durable, may_lose) = if self.fsync == "off" {
            (false, "Everything: with fsync off a crash of the server's machine can damage the whole database.")
        } else if self.full_page_writes == "off" {
            (false, "Everything: with full_page_writes off a crash of the server's machine can damage pages for good.")
        } else if self.synchronous_commit == "off" {
            (
                false,
                "The changes of about the last second before a crash of the server, with synchronous_commit off; what \
                 is left agrees with itself.",
            )
        } else if self.standbys.is_empty() || self.synchronous_commit == "local" {
            (
                true,
                "Nothing when the server crashes. If a standby takes over, what had not reached it yet, since no commit \
                 waits for a standby.",
            )
        } else {
            (true, "Nothing, neither when the server crashes nor when a synchronous standby takes over.")
        };
        Durability {
            store,
            persistence: format!(
                "fsync={}, full_page_writes={}, synchronous_commit={}",
                self.fsync, self.full_page_writes, self.synchronous_commit
            ),
            durable,
            may_lose: may_lose.to_owned(),
            eviction_policy: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(fsync: &str, full_page_writes: &str, synchronous_commit: &str, standbys: &str) -> Durability {
        let settings = Settings {
            fsync: fsync.to_owned(),
            full_page_writes: full_page_writes.to_owned(),
            synchronous_commit: synchronous_commit.to_owned(),
            standbys: standbys.to_owned(),
        };
        settings.judged("PostgreSQL 17".to_owned())
    }

    #[test]
    fn each_weak_setting_is_named() {
        for (settings, named) in [
            (("off", "on", "on"), "fsync off"),
            (("on", "off", "on"), "full_page_writes off"),
            (("on", "on", "off"), "synchronous_commit off"),
        ] {
            let durability = judged(settings.0, settings.1, settings.2, "");
            assert!(!durability.durable && durability.may_lose.contains(named), "{durability:?}");
        }
    }

    #[test]
    fn a_failover_is_safe_only_where_commits_wait_for_the_standby() {
        let alone = judged("on", "on", "on", "");
        assert!(alone.durable && alone.may_lose.contains("If a standby takes over"), "{alone:?}");
        assert!(judged("on", "on", "local", "s1").may_lose.contains("If a standby takes over"));
        assert!(judged("on", "on", "remote_apply", "s1").may_lose.starts_with("Nothing, neither"));
    }
}
