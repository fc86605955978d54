//! What is to be done, as one script that changes nothing.

use std::time::Duration;

use super::RedisStorage;
use crate::error::Result;
use crate::model::{Outstanding, WorkerId};

impl RedisStorage {
    pub(super) async fn outstanding(&self, worker: WorkerId, job_types: &[String]) -> Result<Outstanding> {
        let (jobs, wait, waits, schedules, terms): (bool, i64, bool, bool, bool) =
            self.call(&self.scripts.look, |call| call.arg(worker).arg(job_types)).await?;
        let reclaim_in = u64::try_from(wait).ok().map(Duration::from_micros);
        Ok(Outstanding { jobs, reclaim_in, waits, schedules, terms })
    }
}
