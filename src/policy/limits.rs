//! What may be stored: bounds that are the same on every backend, checked before anything is written.

use std::borrow::Cow;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::{JobEdit, NewJob, Retry};

/// The longest job type, idempotency key, tag and worker name, in characters.
pub const MAX_NAME: usize = 255;
/// How many times a job's worker may die under it before the job ends as lost.
pub const MAX_CRASHES: i32 = 3;
/// The longest traceback kept, in bytes; the beginning and the end are kept.
pub const MAX_TRACEBACK: usize = 16 * 1024;
/// The longest error message kept, in bytes.
pub const MAX_MESSAGE: usize = 8 * 1024;
/// How many entries an error history keeps: the newest.
pub const MAX_ERRORS: usize = 50;
/// The largest page a reader may ask for.
pub const MAX_PAGE: u32 = 10_000;
/// The most rows that one step of a bulk change locks.
pub const CHUNK: u32 = 1_000;

/// Text of an error that every store can keep: a NUL, which PostgreSQL cannot, becomes the mark for what is no character.
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// Checks a job to be added.
///
/// # Errors
/// [`Error::Invalid`] that names the field, its value and what is allowed.
pub fn check_job(job: &NewJob) -> Result<()> {
    check_name("job_type", &job.job_type)?;
    check_attempts(job.max_attempts)?;
    check_timeout(job.timeout_ms)?;
    check_tags(&job.tags)?;
    if let Some(key) = &job.idempotency_key {
        check_name("idempotency_key", key)?;
    }
    check_retry(&job.retry)?;
    check_payload(&job.payload)
}

/// Checks an edit.
///
/// # Errors
/// As [`check_job`].
pub fn check_edit(edit: &JobEdit) -> Result<()> {
    if let Some(attempts) = edit.max_attempts {
        check_attempts(attempts)?;
    }
    check_timeout(edit.timeout_ms.flatten())?;
    check_tags(edit.tags.as_deref().unwrap_or_default())?;
    check_retry(&Retry {
        delay: edit.retry_delay.flatten(),
        backoff: None,
        delay_max: edit.retry_delay_max.flatten(),
    })?;
    edit.payload.as_ref().map_or(Ok(()), |payload| check_payload(payload))
}

/// Checks a name that a store keeps in 255 characters.
///
/// # Errors
/// As [`check_job`].
pub fn check_name(field: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(Error::Invalid(format!("{field} is empty: give it 1 to {MAX_NAME} characters")));
    }
    let length = value.chars().count();
    if length > MAX_NAME {
        return Err(Error::Invalid(format!("{field} has {length} characters: at most {MAX_NAME} are allowed")));
    }
    if value.contains('\0') {
        return Err(Error::Invalid(format!(
            "{field} holds a NUL character (U+0000), which PostgreSQL cannot store: remove it"
        )));
    }
    Ok(())
}

fn check_attempts(max_attempts: i32) -> Result<()> {
    if max_attempts < 1 {
        return Err(Error::Invalid(format!("max_attempts is {max_attempts}: it must be at least 1")));
    }
    Ok(())
}

fn check_timeout(timeout_ms: Option<i32>) -> Result<()> {
    match timeout_ms {
        Some(ms) if ms < 1 => Err(Error::Invalid(format!("timeout is {ms} ms: it must be at least one millisecond"))),
        _ => Ok(()),
    }
}

fn check_tags(tags: &[String]) -> Result<()> {
    tags.iter().try_for_each(|tag| check_name("a tag", tag))
}

fn check_retry(retry: &Retry) -> Result<()> {
    for (field, value) in [("retry_delay", retry.delay), ("retry_delay_max", retry.delay_max)] {
        if let Some(span) = value
            && span > super::retry::LONGEST_DELAY
        {
            return Err(Error::Invalid(format!(
                "{field} is {} seconds: at most {} (a year) are allowed",
                Duration::as_secs(&span),
                super::retry::LONGEST_DELAY.as_secs()
            )));
        }
    }
    Ok(())
}

fn check_payload(payload: &[u8]) -> Result<()> {
    super::json::check(payload).map_err(|why| Error::Invalid(format!("the payload {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_refused_by_name() {
        let bad = |change: fn(&mut NewJob)| {
            let mut job = NewJob::new("t", "{}");
            change(&mut job);
            check_job(&job).unwrap_err().to_string()
        };
        assert!(bad(|job| job.job_type = String::new()).contains("job_type"));
        assert!(bad(|job| job.job_type = "x".repeat(256)).contains("256"));
        assert!(bad(|job| job.max_attempts = 0).contains("max_attempts"));
        assert!(bad(|job| job.timeout_ms = Some(0)).contains("timeout"));
        assert!(bad(|job| job.payload = "{".into()).contains("not JSON"));
        assert!(bad(|job| job.payload = r#""\u0000""#.into()).contains("NUL"));
        assert!(bad(|job| job.tags = vec!["a\0".into()]).contains("tag"));
        assert!(bad(|job| job.idempotency_key = Some(String::new())).contains("idempotency_key"));
    }
}
