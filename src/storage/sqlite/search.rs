//! Looking through jobs.

use rusqlite::params_from_iter;

use super::fault::Outcome;
use super::filter;
use super::find;
use super::session::Session;
use crate::clock::Timestamp;
use crate::model::{JobId, Search, Searched};
use crate::policy::search::kept;

/// The jobs that a search finds.
pub(super) fn search(session: &Session<'_>, search: &Search) -> Outcome<Searched> {
    let (text, params) = filter::search_query(search).into_parts();
    let mut statement = session.conn.prepare_cached(&text)?;
    let mut rows = statement.query(params_from_iter(params))?;
    let mut found = Searched::default();
    let mut last: Option<JobId> = None;
    while let Some(row) = rows.next()? {
        if found.jobs.len() >= search.limit as usize {
            found.next = last;
            return Ok(found);
        }
        let id: JobId = row.get(0)?;
        last = Some(id);
        found.looked_at += 1;
        found.oldest_looked_at = Some(Timestamp::from_micros(row.get(1)?));
        if row.get(2)? {
            found.jobs.extend(kept(find::get(session, &[id])?, search));
        }
    }
    found.next = last.filter(|_| found.looked_at >= u64::from(search.looks));
    Ok(found)
}
