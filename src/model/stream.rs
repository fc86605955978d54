//! Reading the events of all jobs as they are written.

use super::{Event, EventKind, JobId};

/// From where on events are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// What is written from now on.
    Now,
    /// Those with a greater id than this event's, as far as the store still has them.
    Event(i64),
    /// Behind an event that was read, by the text that came with it.
    Place(String),
}

/// Which events are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these kinds only; of every kind where there are none.
    pub kinds: Vec<EventKind>,
    /// Of this job only.
    pub job_id: Option<JobId>,
}

impl Wanted {
    /// Whether this event is one of them.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind)) && self.job_id.is_none_or(|id| id == event.job_id)
    }
}

/// An event, and the place behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The event.
    pub event: Event,
    /// From where on to read what comes after it: opaque, and good for the store that it came from.
    pub place: String,
}

/// A part of the events behind a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// In the order in which their transactions began to write.
    pub events: Vec<Placed>,
    /// The place behind all that was looked at.
    pub next: String,
    /// Whether there is more that was not looked at.
    pub more: bool,
}
