//! The dead letters that are added with the failures they tell of.

use rusqlite::OptionalExtension;

use super::enqueue;
use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::model::{Failure, JobId};
use crate::storage::letters::{Original, letter, origin};

/// Adds the dead letter of a job that failed for good, if it is to have one.
pub(super) fn bury(session: &mut Session<'_>, id: JobId, failure: &Failure) -> Outcome<()> {
    let mut statement = session.conn.prepare_cached(sql::LETTER)?;
    let original = statement.query_row([id], |row| {
        Ok(Original {
            id,
            job_type: row.get(0)?,
            letter_type: row.get(1)?,
            attempts: row.get(2)?,
            max_attempts: row.get(3)?,
            traceparent: row.get(4)?,
            payload: row.get::<_, Option<String>>(5)?.unwrap_or_else(|| "null".into()),
        })
    });
    let Some(original) = original.optional()? else { return Ok(()) };
    let new = letter(original, failure, session.now);
    let added = enqueue::add_new(session, &new, Some(&origin(id)))?;
    session.run(sql::MARK_LETTERED, (id, session.micros(), added.id))?;
    session.effects.wake = true;
    Ok(())
}
