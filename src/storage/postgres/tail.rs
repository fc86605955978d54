//! The events of all jobs as they are written. Ids are drawn before transactions commit, so what was seen is remembered by
//! transactions: all before one were looked at, but for those that were under way then.

use super::PostgresStorage;
use super::rows::{Reader, damaged, event};
use super::session::Params;
use crate::error::Result;
use crate::model::{After, EventKind, Placed, Tail, Wanted};
use crate::storage::tailing::not_a_place;

/// What there is still to be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    /// All transactions from this one on,
    next: i64,
    /// and these before it, which had not ended.
    late: Vec<i64>,
    /// Of one transaction only what is behind this: its number, an event's id and a job of it.
    at: (i64, i64, i64),
    /// Only events with greater ids, until all that is there was looked at.
    above: i64,
}

impl Place {
    fn of(after: &After) -> Result<Self> {
        match after {
            // Nothing is looked at but the clock.
            After::Now => Ok(Self { next: i64::MAX, ..Self::default() }),
            After::Event(id) => Ok(Self { above: (*id).max(0), ..Self::default() }),
            After::Place(text) => Self::read(text).ok_or_else(|| not_a_place(text)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('p')?.split(':');
        let next = parts.next()?.parse().ok()?;
        let late = parts.next()?.split(',').filter(|one| !one.is_empty()).map(|one| one.parse().ok());
        let late = late.collect::<Option<_>>()?;
        let mut at = parts.next()?.split('.').map(|one| one.parse().ok());
        let at = (at.next()??, at.next()??, at.next()??);
        let above = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { next, late, at, above })
    }

    fn text(&self) -> String {
        let late: Vec<_> = self.late.iter().map(i64::to_string).collect();
        let (xact, id, job) = self.at;
        format!("p{}:{}:{xact}.{id}.{job}:{}", self.next, late.join(","), self.above)
    }

    /// The place behind what stands there, where these transactions were under way when it was seen.
    fn behind(&self, running: &[i64], (xact, id, job): (i64, i64, i64)) -> Self {
        let waited_for = |one: &i64| *one < xact && (*one >= self.next || self.late.contains(one));
        let mut late: Vec<_> = running.iter().copied().filter(waited_for).collect();
        late.extend(self.late.iter().filter(|one| **one >= xact));
        Self { next: self.next.max(xact), late, at: (xact, id, job), above: self.above }
    }
}

impl PostgresStorage {
    pub(super) async fn events_behind(&self, after: &After, wanted: &Wanted, limit: u32) -> Result<Tail> {
        let place = Place::of(after)?;
        let (xact, id, job) = place.at;
        let from_id = if xact == place.next { id } else { 0 };
        let kinds: Vec<_> = wanted.kinds.iter().copied().map(EventKind::as_str).collect();
        let kinds = (!kinds.is_empty()).then_some(kinds);
        let limit = i64::from(limit);
        let params: Params<'_> =
            &[&place.next, &from_id, &place.late, &xact, &id, &job, &limit, &place.above, &kinds, &wanted.job_id];
        let rows = self.session().await?.query(&self.statements.tail, params).await?;
        let first = rows.first().ok_or_else(|| damaged("a look at events without an answer"))?;
        let mut reader = Reader::new(first, 6);
        let (stop, running) = (reader.take::<i64>()?, reader.take::<Vec<i64>>()?);
        let (more, last) = (reader.take::<bool>()?, (reader.take::<Option<i64>>()?, reader.take::<Option<i64>>()?));
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(xact) = Reader::new(row, 5).take::<Option<i64>>()? else { continue };
            let event = event(row)?;
            let place = place.behind(&running, (xact, event.id, event.job_id)).text();
            events.push(Placed { event, place });
        }
        let next = match last {
            (Some(xact), Some(id)) if more => place.behind(&running, (xact, id + 1, 0)),
            _ => Place { next: stop, late: running, ..Place::default() },
        };
        Ok(Tail { events, next: next.text(), more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [
            Place::default(),
            Place { next: 9, late: vec![3, 7], at: (7, 12, 5), above: 0 },
            Place { next: 9, late: Vec::new(), at: (9, 12, i64::MAX), above: 40 },
        ] {
            assert_eq!(Place::read(&place.text()), Some(place));
        }
        for text in ["", "p", "s7", "p1", "p1::0.0.0", "p1:x:0.0.0:0", "p1::0.0:0", "p1::0.0.0:0:0"] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }

    #[test]
    fn behind_an_event_all_that_had_not_ended_is_still_to_come() {
        let start = Place { next: 20, late: vec![5, 9], ..Place::default() };
        let behind = start.behind(&[9, 22, 30], (25, 1, 1));
        assert_eq!(behind, Place { next: 25, late: vec![9, 22], at: (25, 1, 1), above: 0 });
    }

    #[test]
    fn behind_an_event_that_came_late_what_follows_it_is_still_to_come() {
        let start = Place { next: 20, late: vec![3, 5, 9], ..Place::default() };
        let behind = start.behind(&[3, 22], (5, 1, 1));
        assert_eq!(behind, Place { next: 20, late: vec![3, 5, 9], at: (5, 1, 1), above: 0 });
    }
}
