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
    let mut text = Text { text: Bytes::from(history), at: 0 };
    let mut events = Vec::new();
    while !text.is_over() {
        events.push(text.event(job_id).ok_or_else(|| damaged(&format!("the history of job {job_id}")))?);
    }
    Ok(events)
}

/// The events of an entry of the feed: a job's id and a comma before each.
pub(super) fn fed(entry: Vec<u8>) -> Result<Vec<Event>> {
    let mut text = Text { text: Bytes::from(entry), at: 0 };
    let mut events = Vec::new();
    while !text.is_over() {
        let event = text.number().and_then(|job_id| text.event(job_id));
        events.push(event.ok_or_else(|| damaged("an entry of the feed of events"))?);
    }
    Ok(events)
}

struct Text {
    text: Bytes,
    at: usize,
}

impl Text {
    fn is_over(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The number up to the next comma.
    fn number(&mut self) -> Option<i64> {
        let rest = self.text.get(self.at..)?;
        let length = rest.iter().position(|&byte| byte == b',')?;
        self.at += length + 1;
        str::from_utf8(rest.get(..length)?).ok()?.parse().ok()
    }

    fn event(&mut self, job_id: JobId) -> Option<Event> {
        let kind = kind(*self.text.get(self.at)?)?;
        self.at += 1;
        let id = self.number()?;
        let created_at = Timestamp::from_micros(self.number()?);
        let length = usize::try_from(self.number()?).ok()?;
        let end = self.at.checked_add(length).filter(|&end| end <= self.text.len())?;
        let metadata = (length > 0).then(|| self.text.slice(self.at..end));
        self.at = end;
        Some(Event { id, job_id, kind, created_at, metadata })
    }
}
