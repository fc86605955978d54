//! Running the migrations, under the write lock, so that several processes may start at once.

use rusqlite::Connection;

use super::fault::Outcome;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::storage::driver::MigrationStep;
use crate::storage::migrate::{SQLITE, check, plan};

/// The versions applied.
pub(super) fn applied(conn: &Connection) -> Outcome<Vec<i32>> {
    if !conn.query_row(sql::HAS_MIGRATIONS, [], |row| row.get(0))? {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare(sql::APPLIED_MIGRATIONS)?;
    let versions = statement.query_map([], |row| row.get(0))?;
    Ok(versions.collect::<Result<_, _>>()?)
}

/// Brings a database that was just opened up to date; writes nothing if it is.
pub(super) fn bring_up(conn: &Connection, now: Timestamp) -> Outcome<()> {
    if plan(SQLITE, &applied(conn)?, None)?.is_empty() {
        return Ok(());
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
