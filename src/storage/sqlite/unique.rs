//! Adding jobs of which there is to be one of a kind. One writer at a time looks and adds.

use rusqlite::OptionalExtension;

use super::enqueue::add_new;
use super::fault::Outcome;
use super::manage;
use super::rows;
use super::session::Session;
use super::statements as sql;
use crate::model::{Added, Change, Holder, JobEdit, NewJob, Status, Unique};
use crate::policy::unique::counts;

/// Adds a job unless another of its kind counts.
pub(super) fn add(session: &mut Session<'_>, job: &NewJob, rule: &Unique) -> Outcome<Added> {
    if let Some(holder) = holder(session, rule)?.filter(|holder| counts(rule, holder)) {
        if let Some(span) = rule.debounce {
            let run_at = Some(Some(session.now.plus(span)));
            let edit = JobEdit { payload: Some(job.payload.clone()), run_at, ..JobEdit::default() };
            manage::change(session, holder.id, &Change::Edit(edit))?;
        }
        return Ok(Added { id: holder.id, created: false });
    }
    let run_at = rule.debounce.map(|span| session.now.plus(span)).or(job.run_at);
    let added = add_new(session, &NewJob { run_at, ..job.clone() }, None)?;
    if added.created {
        let expires_at = rule.within.map(|span| session.now.plus(span).as_micros());
        session.run(sql::TAKE_KIND, (&rule.key, added.id, expires_at))?;
    }
    Ok(added)
}

fn holder(session: &Session<'_>, rule: &Unique) -> Outcome<Option<Holder>> {
    let mut statement = session.conn.prepare_cached(sql::KIND)?;
    let read = |row: &rusqlite::Row<'_>| {
        let status = rows::status(row, 1)?;
        let retry_due = status == Status::Failed && row.get(2)?;
        Ok(Holder { id: row.get(0)?, status, retry_due, attempts: row.get(3)?, in_time: row.get(4)? })
    };
    Ok(statement.query_row((&rule.key, session.micros()), read).optional()?)
}

/// One step by key: forgets kinds whose job is gone. Answers where to go on.
pub(super) fn prune(session: &mut Session<'_>, after: &str, limit: u32) -> Outcome<Option<String>> {
    let mut statement = session.conn.prepare_cached(sql::NEXT_KINDS)?;
    let kinds = statement
        .query_map((after, limit, session.micros()), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, bool)>, _>>()?;
    for (key, _) in kinds.iter().filter(|(_, is_void)| *is_void) {
        session.run(sql::DROP_KIND, [key])?;
    }
    let is_last = kinds.len() < limit as usize;
    Ok(kinds.into_iter().next_back().map(|(key, _)| key).filter(|_| !is_last))
}
