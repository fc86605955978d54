//! Dead letters: the jobs that tell of others, which failed for good.

use serde_json::json;

use crate::clock::Timestamp;
use crate::model::{Extras, Failure, JobId, NewJob};
use crate::policy::limits::storable;

/// A job that failed for good.
pub struct Original {
    /// Its id.
    pub id: JobId,
    /// Its type.
    pub job_type: String,
    /// The type of its dead letter.
    pub letter_type: String,
    /// How many attempts it had.
    pub attempts: i32,
    /// How many it might have had.
    pub max_attempts: i32,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    /// Its payload, as JSON text.
    pub payload: String,
}

/// The dead letter, due at once: it has the trace of its job and else no options. The payload goes in as it is: reading it could
/// change its numbers.
pub fn letter(original: Original, failure: &Failure, failed_at: Timestamp) -> NewJob {
    let Original { id, job_type, letter_type, attempts, max_attempts, traceparent, payload } = original;
    let job = json!({"id": id, "jobType": job_type, "attempts": attempts, "maxAttempts": max_attempts});
    let told = json!({
        "message": storable(&failure.message),
        "reason": failure.reason.as_str(),
        "failedAt": failed_at.to_rfc3339(),
    });
    let text = format!(r#"{{"originalJob":{job},"originalPayload":{payload},"failure":{told}}}"#);
    let extras = Extras { traceparent, dead_letter_of: Some(id), ..Extras::default() };
    NewJob { extras: extras.boxed(), ..NewJob::new(letter_type, text) }
}

/// Where a dead letter comes from, as the metadata of its event `added`.
pub fn origin(of: JobId) -> String {
    json!({"dead_letter_of": of}).to_string()
}
