//! The events of all jobs as they are written. One writer at a time: their ids grow with the commits.

use super::fault::Outcome;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::error::Result;
use crate::model::{After, Placed, Tail, Wanted};
use crate::storage::tailing::not_a_place;

/// How the text of a place begins.
const PREFIX: &str = "s";

/// The id behind which events are read; `None` for the newest.
pub(super) fn place(after: &After) -> Result<Option<i64>> {
    match after {
        After::Now => Ok(None),
        After::Event(id) => Ok(Some(*id)),
        After::Place(text) => {
            let id = text.strip_prefix(PREFIX).and_then(|id| id.parse().ok());
            id.map(Some).ok_or_else(|| not_a_place(text))
        }
    }
}

/// The events behind an id, of the next `limit`.
pub(super) fn read(session: &Session<'_>, after: Option<i64>, wanted: &Wanted, limit: u32) -> Outcome<Tail> {
    let Some(after) = after else {
        let newest: i64 = session.value(sql::NEWEST_EVENT, [])?;
        return Ok(Tail { events: Vec::new(), next: text(newest), more: false });
    };
    let mut statement = session.conn.prepare_cached(sql::TAIL)?;
    let rows = statement.query_map((after, limit), rows::event)?;
    let (mut looked_at, mut next, mut events) = (0, after, Vec::new());
    for event in rows {
        let event = event?;
        (looked_at, next) = (looked_at + 1, event.id);
        if wanted.takes(&event) {
            events.push(Placed { place: text(event.id), event });
        }
    }
    Ok(Tail { events, next: text(next), more: looked_at >= limit })
}

fn text(id: i64) -> String {
    format!("{PREFIX}{id}")
}
