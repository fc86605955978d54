//! Jobs that expire, and jobs that are kept for a span of their own.

use super::PostgresStorage;
use super::dependents::Released;
use super::rows::{Reader, damaged};
use super::session::{Params, Tries};
use crate::error::Result;
use crate::model::{JobId, Termed};

impl PostgresStorage {
    /// One transaction: what the first two statements do decides what the third puts off. It locks the terms last, as do those who
    /// change jobs.
    pub(super) async fn look_after_terms(&self, reason: &str, limit: u32) -> Result<Termed> {
        let most = i64::from(limit);
        let (expire, others): (Params<'_>, Params<'_>) = (&[&most, &reason], &[&most]);
        let statements = [
            (&self.statements.expire_jobs, expire),
            (&self.statements.drop_kept, others),
            (&self.statements.put_off_terms, others),
        ];
        let session = self.session().await?;
        let mut tries = Tries::default();
        let results = loop {
            match session.transaction(&statements).await {
                Err(fault) if tries.again(&fault).await => {}
                results => break results?,
            }
        };
        drop(session);
        let mut rows = results.iter().map(|rows| rows.first().ok_or_else(|| damaged("terms without an answer")));
        let mut next = || rows.next().unwrap_or_else(|| Err(damaged("terms without an answer")));
        let mut expired = Reader::new(next()?, 0);
        let ended = expired.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        let told = expired.take::<i64>()? > 0;
        let deleted = Reader::new(next()?, 0).take::<i64>()?.unsigned_abs();
        let looked_at = Reader::new(next()?, 0).take::<i64>()?;
        let termed = Termed { expired: ended.clone(), deleted, more: looked_at >= most };
        self.hub.ended(ended.iter().copied());
        if told {
            self.go_on_after(ended, Released::default()).await;
        }
        Ok(termed)
    }
}
