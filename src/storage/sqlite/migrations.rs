//! Running the migrations, under the write lock, so that several processes may start at once.

use rusqlite::Connection;

use super::fault::Outcome;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::storage::driver::MigrationStep;
use crate::storage::migrate::{Applied, BREAKING, SQLITE, check, plan};

/// What is applied.
pub(super) fn applied(conn: &Connection) -> Outcome<Applied> {
    if !conn.query_row(sql::HAS_MIGRATIONS, [], |row| row.get(0))? {
        return Ok(Applied::default());
    }
    let mut statement = conn.prepare(sql::APPLIED_MIGRATIONS)?;
    let mut rows = statement.query([])?;
    let mut applied = Applied::default();
    while let Some(row) = rows.next()? {
        let (version, name) = (row.get(0)?, row.get::<_, String>(1)?);
        applied.versions.push(version);
        applied.breaking = if name.starts_with(BREAKING) { version } else { applied.breaking };
    }
    Ok(applied)
}

/// Brings a database that was just opened up to date; writes nothing if it is.
pub(super) fn bring_up(conn: &Connection, now: Timestamp) -> Outcome<()> {
    let before = applied(conn)?;
    if plan(SQLITE, &before, None)?.is_empty() {
        return Ok(check(SQLITE, &before, None)?);
    }
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let done = run(conn, None, now).and_then(|_| Ok(conn.execute_batch("COMMIT")?));
    if done.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    done?;
    Ok(check(SQLITE, &applied(conn)?, None)?)
}

/// Runs what leads to `target`, inside the caller's transaction.
pub(super) fn run(conn: &Connection, target: Option<i32>, now: Timestamp) -> Outcome<Vec<MigrationStep>> {
    conn.execute_batch(sql::CREATE_MIGRATIONS)?;
    let mut steps = Vec::new();
    for (migration, is_up) in plan(SQLITE, &applied(conn)?, target)? {
        let text = if is_up { migration.up } else { migration.down };
        conn.execute_batch(text)?;
        if is_up {
            conn.execute(sql::ADD_MIGRATION, (migration.version, migration.name, now.as_micros()))?;
        } else {
            conn.execute(sql::DROP_MIGRATION, [migration.version])?;
        }
        steps.push(MigrationStep { version: migration.version, name: migration.name.to_owned(), sql: text.to_owned() });
    }
    Ok(steps)
}
