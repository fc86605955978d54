//! Letting jobs wait for others.

use rmpv::Value as Packed;

use super::RedisStorage;
use super::find::pack;
use crate::error::Result;
use crate::model::JobId;
use crate::storage::dependencies::{self, Tie};
use crate::storage::parts::parts;

/// The most jobs, and bytes of what they wait for, that one script takes.
const ROWS: usize = 250;
const BYTES: usize = 1 << 18;
/// How many jobs one script looks for.
const LOOKED_FOR: usize = 5_000;

impl RedisStorage {
    /// Lets jobs of a batch that is not opened yet wait; false where the batch was given up.
    pub(super) async fn tie(&self, batch: JobId, ties: &[Tie]) -> Result<bool> {
        let prerequisites = dependencies::prerequisites(ties);
        let mut missing = Vec::new();
        for some in prerequisites.chunks(LOOKED_FOR) {
            missing.extend(self.call::<Vec<JobId>>(&self.scripts.known, |call| call.arg(some)).await?);
        }
        if !missing.is_empty() {
            return Err(dependencies::unknown(&missing));
        }
        for some in parts(ties, ROWS, BYTES, |tie| 9 * tie.job_ids.len()) {
            let cancelled: Option<Vec<JobId>> = self
                .call(&self.scripts.bind, |call| {
                    some.iter().fold(call.arg(batch), |call, tie| {
                        let ids = tie.job_ids.iter().map(|id| Packed::from(*id)).collect();
                        let tags = tie.tags.iter().map(|tag| Packed::from(tag.as_str())).collect();
                        call.arg(tie.id)
                            .arg(tie.pending_reason())
                            .arg(pack(Packed::Array(ids)))
                            .arg(pack(Packed::Array(tags)))
                    })
                })
                .await?;
            let Some(cancelled) = cancelled else { return Ok(false) };
            self.hub.ended(cancelled.into_iter());
        }
        Ok(true)
    }
}
