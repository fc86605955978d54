//! When a job is the only one of its kind.

use crate::model::{Holder, NewJob, Status, Unique};

/// The rule of a job, if it has one.
#[must_use]
pub fn rule_of(job: &NewJob) -> Option<&Unique> {
    job.extras.as_ref()?.unique.as_ref()
}

/// Whether an add of it may move another.
#[must_use]
pub fn is_debounced(job: &NewJob) -> bool {
    rule_of(job).is_some_and(|rule| rule.debounce.is_some())
}

/// Whether the job before counts, so that no other is added.
#[must_use]
pub fn counts(rule: &Unique, holder: &Holder) -> bool {
    if rule.debounce.is_some() {
        return has_not_begun(holder);
    }
    let status = if holder.retry_due { Status::Pending } else { holder.status };
    (rule.within.is_none() || holder.in_time) && (rule.states.is_empty() || rule.states.contains(&status))
}

/// Whether it may still get another payload.
fn has_not_begun(holder: &Holder) -> bool {
    holder.status == Status::Pending && holder.attempts == 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_state_a_span_or_both_decide() {
        let holder = Holder { id: 1, status: Status::Failed, retry_due: false, attempts: 1, in_time: true };
        let rule = Unique { key: "k".into(), states: vec![Status::Pending], within: None, debounce: None };
        assert!(!counts(&rule, &holder));
        assert!(counts(&rule, &Holder { retry_due: true, ..holder }));
        assert!(counts(&Unique { states: Vec::new(), ..rule.clone() }, &holder));
        let within = Unique { states: Vec::new(), within: Some(Duration::from_secs(1)), ..rule.clone() };
        assert!(counts(&within, &holder) && !counts(&within, &Holder { in_time: false, ..holder }));
        assert!(!counts(&Unique { states: vec![Status::Completed], ..within }, &holder));
        let debounce = Unique { states: Vec::new(), debounce: Some(Duration::from_secs(1)), ..rule };
        assert!(!counts(&debounce, &holder));
        let pending = Holder { status: Status::Pending, attempts: 0, ..holder };
        assert!(counts(&debounce, &pending) && !counts(&debounce, &Holder { attempts: 1, ..pending }));
    }
}
