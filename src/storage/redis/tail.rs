//! The events of all jobs as they are written: a feed that is there while somebody reads it. Scripts run one after the other, so its
//! order is theirs.

use std::collections::HashMap;
use std::time::Duration;

use super::RedisStorage;
use super::faults::damaged;
use super::find::read_id;
use super::history;
use crate::error::{Error, Result};
use crate::model::{After, Event, EventKind, JobId, Placed, Tail, Wanted};
use crate::storage::tailing::not_a_place;

/// How long the feed is kept when nobody reads it any more.
const KEPT: Duration = Duration::from_secs(600);
/// The jobs of a large batch that are read at once.
const JOBS: i64 = 500;

/// The number of an entry of the feed.
type Entry = (u64, u64);
/// As the server answers it: its number, and the one field that it has, by name.
type Answered = (String, HashMap<String, Vec<u8>>);

/// Up to where the feed was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    entry: Entry,
    /// How many events of this entry, or up to which job of a batch; `None` for all.
    within: Option<i64>,
    /// Only events with greater ids, until all that is there was read.
    above: i64,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('r')?.split(':');
        let entry = entry(parts.next()?)?;
        let within = match parts.next()? {
            "" => None,
            number => Some(number.parse().ok()?),
        };
        let above = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { entry, within, above })
    }

    fn text(self) -> String {
        let (time, number) = self.entry;
        let within = self.within.map(|within| within.to_string()).unwrap_or_default();
        format!("r{time}-{number}:{within}:{}", self.above)
    }
}

fn entry(text: &str) -> Option<Entry> {
    let (time, number) = text.split_once('-')?;
    Some((time.parse().ok()?, number.parse().ok()?))
}

fn numbered((number, fields): Answered) -> Result<(Entry, HashMap<String, Vec<u8>>)> {
    Ok((entry(&number).ok_or_else(|| damaged(&format!("the entry {number:?} of the feed")))?, fields))
}

fn gap() -> Error {
    Error::Gap(format!(
        "the events behind this place are gone: Redis keeps them for {} minutes after the last stream ended, and no more than \
         the last ten thousand batches. Begin anew without after, and read how the jobs are",
        KEPT.as_secs() / 60
    ))
}

/// What was read so far of one page.
struct Page<'a> {
    wanted: &'a Wanted,
    above: i64,
    events: Vec<Placed>,
    looked_at: usize,
}

impl Page<'_> {
    fn take(&mut self, event: Event, entry: Entry, within: Option<i64>) {
        self.looked_at += 1;
        if event.id > self.above && self.wanted.takes(&event) {
            let place = Place { entry, within, above: self.above }.text();
            self.events.push(Placed { event, place });
        }
    }
}

impl RedisStorage {
    pub(super) async fn events_behind(&self, after: &After, wanted: &Wanted, limit: u32) -> Result<Tail> {
        let place = match after {
            After::Place(text) => Some(Place::read(text).ok_or_else(|| not_a_place(text))?),
            After::Now | After::Event(_) => None,
        };
        let from = match (place, after) {
            (Some(Place { entry: (time, number), within, .. }), _) => {
                format!("{}{time}-{number}", if within.is_some() { "" } else { "(" })
            }
            (None, After::Event(_)) => "-".to_owned(),
            (None, _) => String::new(),
        };
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        let (first, last, entries): (Vec<Answered>, Vec<Answered>, Vec<Answered>) =
            self.call(&self.scripts.tail, |call| call.arg(from).arg(limit).arg(kept)).await?;
        let end = || damaged("a feed of events without an end");
        let (first, first_fields) = numbered(first.into_iter().next().ok_or_else(end)?)?;
        let (last, _) = numbered(last.into_iter().next().ok_or_else(end)?)?;
        let place = match (place, after) {
            (Some(place), _) if place.entry < first => return Err(gap()),
            (Some(place), _) => place,
            (None, After::Event(id)) if begins_behind(&first_fields)? > *id => return Err(gap()),
            (None, After::Event(id)) => Place { entry: (0, 0), within: None, above: *id },
            (None, _) => Place { entry: last, within: None, above: 0 },
        };
        let full = entries.len() >= limit as usize;
        let mut page = Page { wanted, above: place.above, events: Vec::new(), looked_at: 0 };
        let mut next = place;
        for answered in entries {
            if page.looked_at >= limit as usize {
                return Ok(Tail { events: page.events, next: next.text(), more: true });
            }
            let (entry, fields) = numbered(answered)?;
            let done = if entry == place.entry { place.within.unwrap_or(0) } else { 0 };
            let within = self.read_entry(&mut page, entry, fields, done).await?;
            next = Place { entry, within, above: place.above };
            if within.is_some() {
                return Ok(Tail { events: page.events, next: next.text(), more: true });
            }
        }
        let above = if full { place.above } else { 0 };
        Ok(Tail { events: page.events, next: Place { above, ..next }.text(), more: full })
    }

    /// Reads an entry, of which so much was read before; how far, where that is not all of it.
    async fn read_entry(
        &self,
        page: &mut Page<'_>,
        entry: Entry,
        fields: HashMap<String, Vec<u8>>,
        done: i64,
    ) -> Result<Option<i64>> {
        for (field, value) in fields {
            match field.as_str() {
                "e" => {
                    for (at, event) in (1..).zip(history::fed(value)?) {
                        if at > done {
                            page.take(event, entry, Some(at));
                        }
                    }
                }
                "b" => {
                    let (first, last) = batch(&value).ok_or_else(|| damaged("a batch in the feed of events"))?;
                    let from = first.max(done.saturating_add(1));
                    let till = last.min(from.saturating_add(JOBS - 1));
                    let added: Vec<(String, Vec<u8>)> =
                        self.call(&self.scripts.added, |call| call.arg(from).arg(till)).await?;
                    for (id, event) in added {
                        let id = read_id(&id)?;
                        let event = history::events(id, event)?.into_iter().next();
                        if let Some(event) = event.filter(|event| event.kind == EventKind::Added) {
                            page.take(event, entry, Some(id));
                        }
                    }
                    return Ok((till < last).then_some(till));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

/// The id behind which all events are in a feed that begins with this entry.
fn begins_behind(fields: &HashMap<String, Vec<u8>>) -> Result<i64> {
    if let Some(counter) = fields.get("h") {
        let counter = str::from_utf8(counter).ok().and_then(|text| text.parse().ok());
        return counter.ok_or_else(|| damaged("the beginning of the feed of events"));
    }
    match fields.get("e") {
        Some(entry) => Ok(history::fed(entry.clone())?.first().map_or(i64::MAX, |event| event.id - 1)),
        None => Ok(i64::MAX),
    }
}

fn batch(value: &[u8]) -> Option<(JobId, JobId)> {
    let (first, last) = str::from_utf8(value).ok()?.split_once(',')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [
            Place { entry: (1_700_000_000_000, 3), within: None, above: 0 },
            Place { entry: (7, 0), within: Some(12), above: 99 },
        ] {
            assert_eq!(Place::read(&place.text()), Some(place));
        }
        for text in ["", "r", "s7", "r1", "r1-2", "r1-2:", "r1-2:x:0", "r1-2:1:0:0", "r1:1:0"] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
