//! How the file is.

use super::fault::Outcome;
use super::session::Session;
use crate::model::FileState;

/// Asks the writer's connection, which alone knows how it writes.
pub(super) fn ask(session: &Session<'_>) -> Outcome<FileState> {
    Ok(FileState {
        journal_mode: session.value("PRAGMA journal_mode", [])?,
        synchronous: synchronous(session)?.to_owned(),
        page_size: session.value("PRAGMA page_size", [])?,
        pages: session.value("PRAGMA page_count", [])?,
        free_pages: session.value("PRAGMA freelist_count", [])?,
        damage: None,
    })
}

/// What a commit waits for.
pub(super) fn synchronous(session: &Session<'_>) -> Outcome<&'static str> {
    Ok(match session.value("PRAGMA synchronous", [])? {
        0 => "off",
        1 => "normal",
        2 => "full",
        _ => "extra",
    })
}

/// The first faults that SQLite finds in the structure of the database. It reads every page, until the reader's deadline.
pub(super) fn check(session: &Session<'_>) -> Outcome<Vec<String>> {
    let mut statement = session.conn.prepare("PRAGMA quick_check(10)")?;
    let found = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}
