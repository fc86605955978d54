//! Tokens, and the jobs that wait for them or for other jobs.

use std::time::Duration;

use bytes::Bytes;
use tokio_postgres::Row;

use super::PostgresStorage;
use super::rows::{Json, Reader, damaged, tags_text, token};
use super::session::{Params, Tries};
use super::upkeep::seconds;
use crate::error::Result;
use crate::model::{Awaited, Job, JobId, NewToken, Token};

/// How many jobs one statement resumes at most.
const RESUMED: i64 = 1_000;
/// How many waiting jobs one sweep looks at.
const LOOKED_AT: i64 = 500;
/// For how long the end of an awaited job is told: no handler waits for longer.
const EXPECTED: Duration = Duration::from_secs(100 * 366 * 86_400);

/// What jobs wait for, as the parameters of the statement that resumes them.
#[derive(Debug, Default)]
pub(super) struct Keys {
    tokens: Vec<String>,
    jobs: Vec<JobId>,
}

impl Keys {
    pub(super) fn of<'a>(awaited: impl Iterator<Item = &'a Awaited>) -> Self {
        let mut keys = Self::default();
        for one in awaited {
            match one {
                Awaited::Token(id) => keys.tokens.push(id.clone()),
                Awaited::Job(id) => keys.jobs.push(*id),
            }
        }
        keys
    }

    pub(super) fn jobs(ids: Vec<JobId>) -> Self {
        Self { tokens: Vec::new(), jobs: ids }
    }

    pub(super) fn into_jobs(self) -> Vec<JobId> {
        self.jobs
    }

    /// The parameters of the statement that resumes.
    pub(super) fn parameters(&self) -> (&Vec<String>, &Vec<JobId>, &'static i64) {
        (&self.tokens, &self.jobs, &RESUMED)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.jobs.is_empty()
    }

    pub(super) fn has_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }
}

impl PostgresStorage {
    pub(super) async fn store_token(&self, new: &NewToken) -> Result<Token> {
        let timeout = new.timeout.map(seconds);
        let rows =
            self.tried(&self.statements.create_token, &[&new.id, &new.job_id, &timeout, &tags_text(&new.tags)]).await?;
        token(rows.first().ok_or_else(|| damaged("a token that was not stored"))?)
    }

    pub(super) async fn find_token(&self, id: &str) -> Result<Option<Token>> {
        self.tried(&self.statements.get_token, &[&id]).await?.first().map(token).transpose()
    }

    pub(super) async fn end_token(&self, id: &str, output: Option<&Bytes>) -> Result<Option<bool>> {
        let output = output.map(|output| Json(output));
        let keys = Keys { tokens: vec![id.to_owned()], jobs: Vec::new() };
        let complete: Params<'_> = &[&id, &output];
        let resume: Params<'_> = &[&keys.tokens, &keys.jobs, &RESUMED];
        let session = self.session().await?;
        let mut tries = Tries::default();
        // The second statement sees what was committed while the first one waited for the token's row.
        let results = loop {
            let both = [(&self.statements.complete_token, complete), (&self.statements.resume, resume)];
            match session.transaction(&both).await {
                Err(fault) if tries.again(&fault).await => {}
                results => break results?,
            }
        };
        drop(session);
        let [completed, resumed] = results.as_slice() else { return Err(damaged("a token without an answer")) };
        let mut reader = Reader::new(completed.first().ok_or_else(|| damaged("a token without an answer"))?, 0);
        let (done, exists) = (reader.take::<bool>()?, reader.take::<bool>()?);
        let resumed = count(resumed)?;
        if resumed > 0 {
            self.announce();
        }
        if resumed >= RESUMED.unsigned_abs() {
            self.resume(&keys).await?;
        }
        Ok(exists.then_some(done))
    }

    /// Resumes the jobs that wait for these, as far as they are over, in bounded steps.
    pub(super) async fn resume(&self, keys: &Keys) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        loop {
            let resumed = count(&self.tried(&self.statements.resume, &[&keys.tokens, &keys.jobs, &RESUMED]).await?)?;
            if resumed > 0 {
                self.announce();
            }
            if resumed < RESUMED.unsigned_abs() {
                return Ok(());
            }
        }
    }

    /// As [`Self::resume`], after a change that is done: what cannot be resumed now is found by the sweep.
    pub(super) async fn resume_after(&self, keys: &Keys) {
        if let Err(error) = self.resume(keys).await {
            tracing::warn!("jobs that wait for others go on somewhat later: {error}");
        }
    }

    pub(super) async fn tidy(&self, limit: u32) -> Result<u64> {
        let after = self.waits_seen.lock().take().unwrap_or_default();
        let rows = self.tried(&self.statements.lost_waits, &[&after, &LOOKED_AT]).await?;
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a sweep without an answer"))?, 0);
        *self.waits_seen.lock() = reader.take::<Option<String>>()?;
        let over: Vec<_> =
            reader.take::<Option<Vec<&str>>>()?.unwrap_or_default().into_iter().map(Awaited::of).collect();
        self.resume(&Keys::of(over.iter())).await?;
        self.tidy_dependents().await?;
        count(&self.tried(&self.statements.expire_tokens, &[&i64::from(limit)]).await?)
    }

    pub(super) async fn delete_tokens(&self, older_than: Duration, limit: u32) -> Result<u64> {
        let params: Params<'_> = &[&seconds(older_than), &i64::from(limit)];
        count(&self.tried(&self.statements.prune_tokens, params).await?)
    }

    pub(super) async fn expect(&self, id: JobId) -> Result<Option<Job>> {
        self.tried(&self.statements.watch, &[&id, &seconds(EXPECTED)]).await?;
        Ok(self.get_jobs(&[id]).await?.pop())
    }
}

fn count(rows: &[Row]) -> Result<u64> {
    let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
    Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
}
