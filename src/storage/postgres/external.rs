//! Adding jobs on a connection of the caller's: the SQL, and the documents that are its one parameter.

use serde_json::json;

use super::PostgresStorage;
use super::enqueue::chunks;
use super::rows::tags_text;
use crate::error::{Error, Result};
use crate::model::NewJob;
use crate::storage::ExternalAdd;

impl PostgresStorage {
    pub(super) fn external_statements(&self, jobs: &[NewJob]) -> Result<ExternalAdd> {
        if self.names.schema.contains(['%', '?', ':', '{', '$']) {
            return Err(Error::Unsupported(format!(
                "jobs cannot be added on your connection to the schema {}: client libraries read %, ?, :, {{ and $ \
                 in it as placeholders; rename the schema",
                self.names.schema
            )));
        }
        let part = |jobs: &[NewJob]| {
            let documents: Vec<_> = jobs.iter().map(document).collect::<Result<_>>()?;
            Ok((jobs.len(), format!("[{}]", documents.join(","))))
        };
        Ok(ExternalAdd {
            insert: self.statements.external_insert.sql.clone(),
            lookup: self.statements.external_lookup.sql.clone(),
            parts: chunks(jobs).into_iter().map(part).collect::<Result<_>>()?,
        })
    }
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
    })
    .to_string();
    Ok(format!("{{\"payload\":{payload},{}", options.trim_start_matches('{')))
}
