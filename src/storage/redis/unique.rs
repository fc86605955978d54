//! Kinds of which there is to be one job.

use super::RedisStorage;
use crate::error::Result;

impl RedisStorage {
    pub(super) async fn forget_kinds(&self, after: &str, limit: u32) -> Result<Option<String>> {
        let next: String = self.call(&self.scripts.prune_kinds, |call| call.arg(after).arg(limit)).await?;
        Ok((next != "0").then_some(next))
    }
}
