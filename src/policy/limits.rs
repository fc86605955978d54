//! What may be stored: bounds that are the same on every backend, checked before anything is written.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::model::{Extras, JobEdit, Limits, NewJob, Retry, Transfer};

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
/// The longest that a job may wait for its first attempt, or be kept for.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);
/// The most rows that one step of a bulk change locks.
pub const CHUNK: u32 = 1_000;
/// At how many jobs of a status counting stops, where no index knows the number.
pub const MOST_COUNTED: u32 = 10_000;
/// At how many jobs of each of many types it does.
pub const MOST_OF_TYPE: u32 = 1_000;
/// At how many jobs in the line of a group it does.
pub const MOST_IN_LINE: u32 = 1_000;
/// How many jobs one search looks at.
pub const MOST_LOOKS: u32 = 5_000;
/// How many jobs may be named one by one.
pub const MAX_IDS: usize = 1_000;

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
    check_kill(job.force_kill_on_timeout, job.timeout_ms.is_some())?;
    check_tags(&job.tags)?;
    if let Some(key) = &job.idempotency_key {
        check_name("idempotency_key", key)?;
    }
    check_retry(&job.retry)?;
    job.extras.as_ref().map_or(Ok(()), |extras| check_extras(extras))?;
    check_payload(&job.payload)
}

/// Checks a job of another store.
///
/// # Errors
/// As [`check_job`].
pub fn check_transfer(transfer: &Transfer) -> Result<()> {
    check_job(&transfer.job)?;
    if transfer.job.idempotency_key.is_none() {
        return Err(Error::Invalid("a transferred job has no idempotency_key: a repeat would add it twice".into()));
    }
    let most = transfer.job.max_attempts;
    if !(0..most).contains(&transfer.attempts) {
        return Err(Error::Invalid(format!(
            "attempts is {}: a job that is to run again has had at least 0 and less than max_attempts, which is {most}",
            transfer.attempts
        )));
    }
    check_json("error_history", &transfer.error_history)?;
    check_json("step_data", &transfer.step_data)
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
    check_kill(edit.force_kill_on_timeout == Some(true), edit.timeout_ms != Some(None))?;
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

fn check_kill(force_kill: bool, has_timeout: bool) -> Result<()> {
    if force_kill && !has_timeout {
        return Err(Error::Invalid(
            "force_kill_on_timeout needs a timeout: the handler is killed when that is up".into(),
        ));
    }
    Ok(())
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

fn check_extras(extras: &Extras) -> Result<()> {
    if let Some(group) = &extras.group {
        check_name("the id of a group", &group.id)?;
        group.tier.as_ref().map_or(Ok(()), |tier| check_name("the tier of a group", tier))?;
    }
    if let Some(name) = &extras.dead_letter_job_type {
        check_name("dead_letter_job_type", name)?;
    }
    let rule = extras.unique.as_ref();
    for (field, value) in [
        ("expires_in", extras.expires_in),
        ("keep_result_for", extras.keep_result_for),
        ("within", rule.and_then(|rule| rule.within)),
        ("debounce", rule.and_then(|rule| rule.debounce)),
    ] {
        if value.is_some_and(|span| span > LONGEST) {
            return Err(Error::Invalid(format!("{field} is too long: at most ten years are allowed")));
        }
    }
    if let Some(unique) = &extras.unique {
        check_name("the key of a kind of jobs", &unique.key)?;
    }
    extras.traceparent.as_ref().map_or(Ok(()), |trace| check_name("traceparent", trace))
}

/// Checks what a processor says about its jobs.
///
/// # Errors
/// As [`check_job`].
pub fn check_limits(limits: &Limits) -> Result<()> {
    let refuse = |what: &str, value: u32| {
        Err(Error::Invalid(format!("{what} is {value}: it must be at least 1; pause what is not to run at all")))
    };
    for (job_type, of_type) in &limits.types {
        if let Some(most @ 0) = of_type.max_running {
            return refuse(&format!("max_running of {job_type:?}"), most);
        }
        let Some(rate) = &of_type.rate else { continue };
        check_name("the key of a rate limit", &rate.key)?;
        if rate.most == 0 {
            return refuse(&format!("the rate limit of {job_type:?}"), 0);
        }
        check_span(&format!("the rate limit of {job_type:?}"), rate.per)?;
    }
    for pace in limits.group_rates.iter().flat_map(|rates| rates.tiers.values().chain(&rates.others)) {
        if pace.most == 0 {
            return refuse("group_rate_limit", 0);
        }
        check_span("group_rate_limit", pace.per)?;
    }
    let groups = limits.groups.iter().flat_map(|groups| groups.tiers.values().copied().chain(groups.most));
    match groups.into_iter().find(|most| *most == 0) {
        Some(most) => refuse("group_concurrency", most),
        None => Ok(()),
    }
}

fn check_span(what: &str, per: Duration) -> Result<()> {
    if per.is_zero() || per > LONGEST {
        return Err(Error::Invalid(format!(
            "{what} is per {} seconds: that must be positive, ten years at most",
            per.as_secs_f64()
        )));
    }
    Ok(())
}

fn check_payload(payload: &[u8]) -> Result<()> {
    check_json("the payload", payload)
}

fn check_json(field: &str, json: &[u8]) -> Result<()> {
    super::json::check(json).map_err(|why| Error::Invalid(format!("{field} {why}")))
}

/// Whether JSON text holds the escape `\u0000` (and not an escaped backslash before `u0000`).
#[must_use]
pub fn has_escaped_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        let Some(escape) = rest.get(at + 1..) else { return false };
        if escape.starts_with(b"u0000") {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

/// JSON text with the replacement character in the place of each NUL: for what was stored where a NUL can be.
#[must_use]
pub fn without_escaped_nul(json: Bytes) -> Bytes {
    if !has_escaped_nul(&json) {
        return json;
    }
    let mut kept = Vec::with_capacity(json.len());
    let mut rest = json.as_ref();
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        let (plain, escape) = rest.split_at(at);
        kept.extend_from_slice(plain);
        rest = if let Some(after) = escape.strip_prefix(br"\u0000") {
            kept.extend_from_slice(br"\ufffd");
            after
        } else {
            let (pair, after) = escape.split_at(escape.len().min(2));
            kept.extend_from_slice(pair);
            after
        };
    }
    kept.extend_from_slice(rest);
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_and_an_escaped_backslash_is_not() {
        assert!(has_escaped_nul(br#""a\u0000b""#));
        assert!(!has_escaped_nul(br#""a\\u0000b""#));
        assert!(has_escaped_nul(br#""a\\\u0000b""#));
        assert!(!has_escaped_nul(br#""plain""#));
    }

    #[test]
    fn a_nul_is_replaced_and_an_escaped_backslash_is_not() {
        let replaced = |text: &'static str| String::from_utf8(without_escaped_nul(text.into()).to_vec()).unwrap();
        assert_eq!(replaced(r#""a\u0000b""#), r#""a\ufffdb""#);
        assert_eq!(replaced(r#""a\\u0000\n\u0000""#), r#""a\\u0000\n\ufffd""#);
        assert_eq!(replaced(r#"["\\\u0000"]"#), r#"["\\\ufffd"]"#);
        assert_eq!(replaced(r#""plain""#), r#""plain""#);
    }

    #[test]
    fn a_transferred_job_needs_a_key_and_attempts_to_spare() {
        let checked = |change: fn(&mut Transfer)| {
            let mut one = Transfer {
                job: NewJob { idempotency_key: Some("k".into()), ..NewJob::new("t", "{}") },
                source_id: 1,
                created_at: crate::clock::Timestamp::from_micros(1),
                attempts: 2,
                next_attempt_at: None,
                started_at: None,
                last_failed_at: None,
                last_retried_at: None,
                failure_reason: None,
                error_history: "[]".into(),
                step_data: "{}".into(),
            };
            change(&mut one);
            check_transfer(&one)
        };
        checked(|_| {}).unwrap();
        let bad = |change| checked(change).unwrap_err().to_string();
        assert!(bad(|one| one.job.idempotency_key = None).contains("idempotency_key"));
        assert!(bad(|one| one.attempts = 3).contains("attempts is 3"));
        assert!(bad(|one| one.attempts = -1).contains("attempts is -1"));
        assert!(bad(|one| one.error_history = "[".into()).contains("error_history is not JSON"));
        assert!(bad(|one| one.step_data = r#"{"a":"\u0000"}"#.into()).contains("step_data holds a NUL"));
        assert!(bad(|one| one.job.max_attempts = 0).contains("max_attempts"));
    }

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
