//! Jobs that expire, and jobs that are kept for a span of their own.

use super::RedisStorage;
use super::manage::read_ids;
use crate::error::Result;
use crate::model::Termed;

impl RedisStorage {
    pub(super) async fn look_after_terms(&self, reason: &str, limit: u32) -> Result<Termed> {
        let (expired, deleted, looked_at): (Vec<String>, u64, u64) =
            self.call(&self.scripts.end_terms, |call| call.arg(limit).arg(reason)).await?;
        let expired = read_ids(&expired)?;
        if !expired.is_empty() {
            self.hub.look_again();
        }
        Ok(Termed { expired, deleted, more: looked_at >= u64::from(limit) })
    }
}
