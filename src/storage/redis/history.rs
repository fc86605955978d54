//! The history of a job as the scripts keep it.

use bytes::Bytes;

use super::faults::damaged;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{Event, EventKind, JobId};

/// The letter under which histories keep a kind of event.
fn kind(letter: u8) -> Option<EventKind> {
    Some(match letter {
        b'a' => EventKind::Added,
        b'p' => EventKind::Processing,
        b'c' => EventKind::Completed,
        b'f' => EventKind::Failed,
        b'x' => EventKind::Cancelled,
        b'r' => EventKind::Retried,
        b'e' => EventKind::Edited,
        b'l' => EventKind::Prolonged,
        b'w' => EventKind::Waiting,
        b'g' => EventKind::Reclaimed,
        _ => return None,
    })
}

/// The events of a history, oldest first: `<kind><event id>,<time>,<length>,<metadata>`, one after the other.
pub(super) fn events(job_id: JobId, history: Vec<u8>) -> Result<Vec<Event>> {
    let history = Bytes::from(history);
    let broken = || damaged(&format!("the history of job {job_id}"));
    let mut events = Vec::new();
    let mut at = 0;
    while let Some(&letter) = history.get(at) {
        at += 1;
        let mut number = || -> Option<i64> {
            let rest = history.get(at..)?;
            let length = rest.iter().position(|&byte| byte == b',')?;
            at += length + 1;
            str::from_utf8(rest.get(..length)?).ok()?.parse().ok()
        };
        let id = number().ok_or_else(broken)?;
        let created_at = Timestamp::from_micros(number().ok_or_else(broken)?);
        let length = number().and_then(|length| usize::try_from(length).ok()).ok_or_else(broken)?;
        let end = at.checked_add(length).filter(|&end| end <= history.len()).ok_or_else(broken)?;
        let metadata = (length > 0).then(|| history.slice(at..end));
        at = end;
        events.push(Event { id, job_id, kind: kind(letter).ok_or_else(broken)?, created_at, metadata });
    }
    Ok(events)
}
