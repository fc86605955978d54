//! Adding jobs on a connection of the caller's: the SQL, and the documents that are its one parameter.

use serde_json::json;

use super::PostgresStorage;
use super::enqueue::chunks;
use super::rows::tags_text;
use super::ties::documents;
use crate::error::{Error, Result};
use crate::model::{Added, JobId, NewJob};
use crate::policy::unique::rule_of;
use crate::storage::{ExternalAdd, dependencies, extras};

impl PostgresStorage {
    pub(super) fn external_statements(&self, jobs: &[NewJob]) -> Result<ExternalAdd> {
        if self.names.schema.contains(['%', '?', ':', '{', '$']) {
            return Err(Error::Unsupported(format!(
                "jobs cannot be added on your connection to the schema {}: client libraries read %, ?, :, {{ and $ \
                 in it as placeholders; rename the schema",
                self.names.schema
            )));
        }
        if jobs.iter().any(|job| rule_of(job).is_some()) {
            return Err(Error::Unsupported(
                "jobs with unique= or debounce= cannot be added on your connection: the rule is kept by several statements. Add them \
                 without connection=, after your own commit, or give an idempotency_key"
                    .into(),
            ));
        }
        let part = |jobs: &[NewJob]| {
            let documents: Vec<_> = jobs.iter().map(document).collect::<Result<_>>()?;
            Ok((jobs.len(), format!("[{}]", documents.join(","))))
        };
        Ok(ExternalAdd {
            insert: self.statements.external_insert.sql.clone(),
            lookup: self.statements.external_lookup.sql.clone(),
            parts: chunks(jobs).into_iter().map(part).collect::<Result<_>>()?,
            prerequisites: prerequisites(jobs).map(|ids| (self.statements.external_tie.sql.clone(), ids)),
        })
    }

    pub(super) fn external_ties_of(&self, jobs: &[NewJob], added: &[Added]) -> Result<Vec<(String, String)>> {
        let ties = dependencies::ties(jobs, added)?;
        if ties.is_empty() {
            return Ok(Vec::new());
        }
        let prerequisites = json!(dependencies::prerequisites(&ties)).to_string();
        let tagged =
            json!(ties.iter().filter(|tie| !tie.tags.is_empty()).map(|tie| tie.id).collect::<Vec<_>>()).to_string();
        let statements = &self.statements;
        let steps = [
            (&statements.external_tie, prerequisites.clone()),
            (&statements.external_bind, documents(&ties, false).to_string()),
            (&statements.external_cancel, prerequisites),
            (&statements.external_witness, tagged.clone()),
            (&statements.external_free_waiters, tagged),
        ];
        Ok(steps.into_iter().map(|(statement, parameter)| (statement.sql.clone(), parameter)).collect())
    }
}

/// The jobs of other calls that any of these waits for; `None` where there are none.
fn prerequisites(jobs: &[NewJob]) -> Option<Vec<JobId>> {
    let named = jobs.iter().filter_map(NewJob::depends_on).flat_map(|on| &on.job_ids).filter(|id| **id > 0);
    let mut ids: Vec<_> = named.copied().collect();
    ids.sort_unstable();
    ids.dedup();
    (!ids.is_empty()).then_some(ids)
}

/// A job as a JSON object. Its payload goes in as it is: reading it could change numbers.
pub(super) fn document(job: &NewJob) -> Result<String> {
    let payload =
        str::from_utf8(&job.payload).map_err(|error| Error::Invalid(format!("the payload is not UTF-8: {error}")))?;
    let options = json!({
        "job_type": job.job_type,
        "priority": job.priority,
        "run_at": job.run_at.map(crate::clock::Timestamp::to_rfc3339),
        "max_attempts": job.max_attempts,
        "timeout_ms": job.signed_timeout(),
        "tags": tags_text(&job.tags),
        "idempotency_key": job.idempotency_key,
        "retry_delay": job.retry.delay.map(|span| span.as_secs_f64()),
        "retry_backoff": job.retry.backoff,
        "retry_delay_max": job.retry.delay_max.map(|span| span.as_secs_f64()),
        "extras": job.extras.as_deref().map(extras::to_json),
    })
    .to_string();
    Ok(format!("{{\"payload\":{payload},{}", options.trim_start_matches('{')))
}
