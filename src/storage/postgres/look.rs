//! What is to be done, as one statement that changes nothing.

use std::time::Duration;

use super::PostgresStorage;
use super::rows::{Reader, damaged};
use crate::error::Result;
use crate::model::{Outstanding, WorkerId};

impl PostgresStorage {
    pub(super) async fn outstanding(&self, worker: WorkerId, job_types: &[String]) -> Result<Outstanding> {
        let rows = self.session().await?.query(&self.statements.look, &[&worker, &job_types]).await?;
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a look without an answer"))?, 0);
        let jobs = reader.take()?;
        if jobs {
            self.bounds.reset();
        }
        let expiry =
            reader.take::<Option<f64>>()?.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        let orphans = reader.take::<bool>()?;
        let reclaim_in = if orphans { Some(Duration::ZERO) } else { expiry };
        let (waits, schedules, terms) = (reader.take()?, reader.take()?, reader.take()?);
        Ok(Outstanding { jobs, reclaim_in, waits, schedules, terms })
    }
}
