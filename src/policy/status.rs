//! The table of legal state changes.

use crate::model::{EventKind, Status};

/// The status that `kind` leaves a job in when it is in `from`, or `None` where that may not happen.
///
/// `retry_due` tells a failed job that waits for its next attempt from one that ended. An event that does
/// not change the status (edited, prolonged) answers the status itself.
#[must_use]
pub fn after(from: Status, retry_due: bool, kind: EventKind) -> Option<Status> {
    use EventKind as E;
    use Status as S;
    let upcoming = from == S::Pending || (from == S::Failed && retry_due);
    match kind {
        E::Processing if upcoming || from == S::Waiting => Some(S::Processing),
        E::Completed if from == S::Processing => Some(S::Completed),
        E::Failed if from == S::Processing => Some(S::Failed),
        E::Waiting if from == S::Processing => Some(S::Waiting),
        E::Reclaimed if from == S::Processing => Some(S::Pending),
        E::Prolonged if from == S::Processing => Some(S::Processing),
        E::Cancelled if upcoming || matches!(from, S::Waiting | S::Processing) => Some(S::Cancelled),
        E::Retried if matches!(from, S::Failed | S::Cancelled) => Some(S::Pending),
        E::Edited if upcoming => Some(from),
        _ => None,
    }
}

/// As [`after`], of a change that a caller makes. What runs is changed by its worker alone, and by those who take it away.
#[must_use]
pub fn after_change(from: Status, retry_due: bool, kind: EventKind) -> Option<Status> {
    after(from, retry_due, kind).filter(|_| from != Status::Processing)
}

/// Whether a job in this state can change no more by itself.
#[must_use]
pub fn is_final(status: Status, retry_due: bool) -> bool {
    match status {
        Status::Completed | Status::Cancelled => true,
        Status::Failed => !retry_due,
        Status::Pending | Status::Processing | Status::Waiting => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_completed() {
        assert!(EventKind::ALL.iter().all(|&kind| after(Status::Completed, false, kind).is_none()));
    }

    #[test]
    fn a_running_job_is_not_changed_by_a_caller() {
        for kind in [EventKind::Retried, EventKind::Edited, EventKind::Cancelled] {
            assert_eq!(after_change(Status::Processing, false, kind), None);
        }
    }

    #[test]
    fn a_failed_job_is_upcoming_only_while_its_retry_is_due() {
        assert_eq!(after(Status::Failed, true, EventKind::Cancelled), Some(Status::Cancelled));
        assert_eq!(after(Status::Failed, false, EventKind::Cancelled), None);
        assert!(is_final(Status::Failed, false) && !is_final(Status::Failed, true));
    }
}
