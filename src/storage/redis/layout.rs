//! The version of the layout of the keys: set up by the first call, taken down with everything in it.

use std::sync::atomic::Ordering;

use super::RedisStorage;
use crate::error::{Error, Result};
use crate::storage::migrate::{self, Applied, REDIS};
use crate::storage::{MigrationState, MigrationStep};

/// The version that added whose turn it is.
const TURNS: i32 = 9;
/// The version that added rates of groups.
const GROUP_RATES: i32 = 10;
/// The version that added the order of tokens.
const INSPECTION: i32 = 11;
/// How many tokens one step puts in order.
const MINTED: u32 = 500;

impl RedisStorage {
    /// Looks whether the keys hold what they should, and marks them as ours where they are new.
    pub(super) async fn set_up(&self) -> Result<()> {
        let applied = self.bring_up(REDIS.len() as i32).await?;
        migrate::check(REDIS, &applied, None)
    }

    /// Marks the keys as of this version, if they are of none or of an older one; answers what they are of now.
    async fn bring_up(&self, version: i32) -> Result<Applied> {
        let breaking = migrate::newest_breaking(REDIS, version);
        let (version, fault, breaking, is_minted): (i32, String, i32, bool) =
            self.call_unchecked(&self.scripts.set_up, |call| call.arg(version).arg(breaking)).await?;
        if !fault.is_empty() {
            return Err(Error::Config(format!(
                "in Redis, the key {fault}: it is not this library's and was left as it is. Choose another key_prefix"
            )));
        }
        if version >= INSPECTION && !is_minted {
            self.mint().await?;
        }
        Ok(Applied { versions: (1..=version).collect(), breaking, adopted: false })
    }

    /// Puts the tokens in order that an earlier version made.
    async fn mint(&self) -> Result<()> {
        let mut cursor = "0".to_owned();
        loop {
            cursor = self.call_unchecked(&self.scripts.mint, |call| call.arg(&cursor).arg(MINTED)).await?;
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// Deletes what a version added.
    async fn take_down(&self, version: i32) -> Result<()> {
        let mut unlink = redis::cmd("UNLINK");
        if version == 1 {
            unlink.arg(self.keys.all());
            return self.run::<i64>(&unlink).await.map(drop);
        }
        let mut mark = redis::cmd("HSET");
        let breaking = migrate::newest_breaking(REDIS, version - 1);
        mark.arg(self.keys.named("meta")).arg("version").arg(version - 1).arg("breaking").arg(breaking);
        self.run::<i64>(&mark).await?;
        if version == GROUP_RATES {
            // The lines that rates kept waiting go on, which nothing would move any more.
            self.call_unchecked::<i64>(&self.scripts.set_limits, |call| call.arg(0).arg("").arg(0).arg(1).arg(""))
                .await?;
        }
        if version == INSPECTION {
            let mut forget = redis::cmd("HDEL");
            forget.arg(self.keys.named("meta")).arg("minted");
            self.run::<i64>(&forget).await?;
        }
        if version == TURNS {
            // Where it is told that they are kept: they would be trusted to be whole by the next version that keeps them.
            let mut forget = redis::cmd("HDEL");
            forget.arg(self.keys.named("settings")).arg("turns");
            self.run::<i64>(&forget).await?;
        }
        unlink.arg(self.keys.since(version));
        self.run::<i64>(&unlink).await.map(drop)
    }

    pub(super) async fn run_migrations(&self, target: Option<i32>) -> Result<Vec<MigrationStep>> {
        let applied = self.applied().await?;
        let mut steps = Vec::new();
        if target.is_none() {
            self.set_up().await?;
        }
        for (migration, is_up) in migrate::plan(REDIS, &applied, target)? {
            if is_up {
                self.bring_up(migration.version).await?;
            } else {
                self.take_down(migration.version).await?;
            }
            let text = if is_up { migration.up } else { migration.down };
            let (version, name) = (migration.version, migration.name.to_owned());
            steps.push(MigrationStep { version, name, sql: text.to_owned() });
        }
        // A call after this finds the keys as they are now.
        self.checked.store(target.is_none(), Ordering::Relaxed);
        Ok(steps)
    }

    pub(super) async fn applied_migrations(&self) -> Result<MigrationState> {
        Ok(migrate::state(REDIS, self.applied().await?))
    }

    async fn applied(&self) -> Result<Applied> {
        let mut read = redis::cmd("HMGET");
        read.arg(self.keys.named("meta")).arg("version").arg("breaking");
        let (version, breaking): (Option<i32>, Option<i32>) = match self.run(&read).await {
            // Where it is of another type, this tells what the key is.
            Err(fault @ Error::Storage { .. }) => return self.set_up().await.and(Err(fault)),
            version => version?,
        };
        Ok(Applied { breaking: breaking.unwrap_or(0), ..(1..=version.unwrap_or(0)).collect::<Vec<_>>().into() })
    }
}
