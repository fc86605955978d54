//! The migrations that are part of this library, and the rules for running them.
//!
//! A migration is a pair of files, up and down, under `migrations/`; it is never edited once it has landed.
//! The text `{schema}` in a PostgreSQL migration stands for the quoted schema.

use std::mem;

use crate::error::{Error, Result};

use super::driver::{MigrationState, MigrationStep};
use super::options::StoreOptions;

/// One migration, embedded in the binary.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number, from 1, without gaps.
    pub version: i32,
    /// Its name.
    pub name: &'static str,
    /// Statements that apply it.
    pub up: &'static str,
    /// Statements that take it back.
    pub down: &'static str,
}

macro_rules! migration {
    ($backend:literal, $version:literal, $number:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            up: include_str!(concat!("../../migrations/", $backend, "/", $number, "_", $name, ".up.sql")),
            down: include_str!(concat!("../../migrations/", $backend, "/", $number, "_", $name, ".down.sql")),
        }
    };
}

/// The migrations of PostgreSQL, oldest first.
pub const POSTGRES: &[Migration] = &[
    migration!("postgres", 1, "0001", "jobs"),
    migration!("postgres", 2, "0002", "waitpoints"),
    migration!("postgres", 3, "0003", "schedules"),
    migration!("postgres", 4, "0004", "cancelling"),
];

/// What PostgreSQL needs before its first migration.
pub const POSTGRES_LEDGER: &str = include_str!("../../migrations/postgres/ledger.sql");

/// The migrations of SQLite, oldest first.
pub const SQLITE: &[Migration] = &[
    migration!("sqlite", 1, "0001", "jobs"),
    migration!("sqlite", 2, "0002", "waitpoints"),
    migration!("sqlite", 3, "0003", "schedules"),
    migration!("sqlite", 4, "0004", "cancelling"),
];

/// The layouts of Redis, oldest first. There is no schema: going up marks the keys as ours and as of that version, going
/// down deletes the keys that it added.
pub const REDIS: &[Migration] = &[
    Migration { version: 1, name: "jobs", up: "HSETNX meta version 1", down: "UNLINK every key of the queue" },
    Migration {
        version: 2,
        name: "waitpoints",
        up: "HSET meta version 2",
        down: "UNLINK tokens expiring waits; HSET meta version 1",
    },
    Migration {
        version: 3,
        name: "schedules",
        up: "HSET meta version 3",
        down: "UNLINK schedules schedule_ids schedule_names schedules_due; HSET meta version 2",
    },
];

/// The steps that lead from the applied versions to `target` (the newest if `None`), with the SQL of each.
///
/// # Errors
/// [`Error::Invalid`] for a target that does not exist, [`Error::MigrationRequired`] for a schema that holds versions this
/// library does not know.
pub fn plan(known: &[Migration], applied: &[i32], target: Option<i32>) -> Result<Vec<(Migration, bool)>> {
    let newest = known.len() as i32;
    check_not_newer(known, applied)?;
    let target = target.unwrap_or(newest);
    if !(0..=newest).contains(&target) {
        return Err(Error::Invalid(format!("there is no migration {target}: the versions are 0 to {newest}")));
    }
    let down = known.iter().rev().filter(|step| step.version > target && applied.contains(&step.version));
    let up = known.iter().filter(|step| step.version <= target && !applied.contains(&step.version));
    Ok(down.map(|step| (*step, false)).chain(up.map(|step| (*step, true))).collect())
}

/// The steps that [`plan`] finds, as SQL that can be run by hand: on PostgreSQL it keeps the ledger too.
///
/// # Errors
/// Those of [`plan`].
pub fn preview(options: &StoreOptions, applied: &[i32], target: Option<i32>) -> Result<Vec<MigrationStep>> {
    let plain = |known| {
        let text = |(migration, is_up): (Migration, bool)| if is_up { migration.up } else { migration.down }.to_owned();
        Ok(plan(known, applied, target)?.into_iter().map(|step| described(step.0, text(step))).collect())
    };
    let postgres = match options {
        StoreOptions::Postgres(postgres) => postgres,
        StoreOptions::Redis(_) => return plain(REDIS),
        StoreOptions::Sqlite(_) => return plain(SQLITE),
    };
    let schema = format!("\"{}\"", postgres.schema.replace('"', "\"\""));
    let mut opening = if applied.is_empty() { format!("{POSTGRES_LEDGER}\n") } else { String::new() };
    let text = |(migration, is_up): (Migration, bool)| {
        let Migration { version, name, up, down } = migration;
        let entry = if is_up {
            format!("{up}\nINSERT INTO {{schema}}.dataqueue_migrations (version, name) VALUES ({version}, '{name}');\n")
        } else {
            format!("{down}\nDELETE FROM {{schema}}.dataqueue_migrations WHERE version = {version};\n")
        };
        described(migration, format!("{}{entry}", mem::take(&mut opening)).replace("{schema}", &schema))
    };
    Ok(plan(POSTGRES, applied, target)?.into_iter().map(text).collect())
}

fn described(migration: Migration, sql: String) -> MigrationStep {
    MigrationStep { version: migration.version, name: migration.name.to_owned(), sql }
}

/// Whether the schema, named where there are several, is exactly what this library needs.
///
/// # Errors
/// [`Error::MigrationRequired`] with the command to run, or that the library is to be upgraded.
pub fn check(known: &[Migration], applied: &[i32], schema: Option<&str>) -> Result<()> {
    check_not_newer(known, applied)?;
    let Some(step) = known.iter().find(|step| !applied.contains(&step.version)) else { return Ok(()) };
    let name = schema.map(|name| format!(" {name:?}")).unwrap_or_default();
    let option = match schema {
        None | Some("public") => String::new(),
        Some(name) => format!(" --schema '{}'", name.replace('\'', "'\\''")),
    };
    Err(Error::MigrationRequired(format!(
        "the schema{name} lacks migration {} ({}): run `dataqueue migrate up{option}`, or queue.migrate()",
        step.version, step.name
    )))
}

fn check_not_newer(known: &[Migration], applied: &[i32]) -> Result<()> {
    let newest = known.len() as i32;
    match applied.iter().find(|version| **version > newest) {
        None => Ok(()),
        Some(version) => Err(Error::MigrationRequired(format!(
            "the schema is at migration {version}, newer than this library's {newest}: upgrade the dataqueue package"
        ))),
    }
}

/// The state of a schema with these versions applied.
#[must_use]
pub fn state(known: &[Migration], applied: Vec<i32>) -> MigrationState {
    MigrationState { applied, known: known.iter().map(|step| (step.version, step.name.to_owned())).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one_without_gaps() {
        for known in [POSTGRES, REDIS, SQLITE] {
            assert!(known.iter().enumerate().all(|(at, step)| step.version == at as i32 + 1));
        }
    }

    #[test]
    fn a_preview_can_be_run_by_hand() {
        let settings = [("user".to_owned(), "a".to_owned()), ("schema".to_owned(), "My\"Own".to_owned())].into();
        let options = crate::storage::url::parse(Some("postgresql://h"), &settings).unwrap();
        let up = preview(&options, &[], None).unwrap();
        assert!(up[0].sql.contains("CREATE SCHEMA IF NOT EXISTS \"My\"\"Own\"") && !up[0].sql.contains("{schema}"));
        assert!(
            up[0].sql.contains("INSERT INTO \"My\"\"Own\".dataqueue_migrations (version, name) VALUES (1, 'jobs')")
        );
        assert!(up[1..].iter().all(|step| !step.sql.contains("CREATE SCHEMA")));
        let down = preview(&options, &[1], Some(0)).unwrap();
        assert!(down[0].sql.contains("DELETE FROM") && !down[0].sql.contains("CREATE SCHEMA"));
    }

    #[test]
    fn a_newer_schema_is_refused_with_the_remedy() {
        assert!(check(POSTGRES, &[1, 99], None).unwrap_err().to_string().contains("upgrade"));
    }

    #[test]
    fn a_missing_migration_is_refused_with_the_command_for_this_schema() {
        let told = |schema| check(POSTGRES, &[], schema).unwrap_err().to_string();
        assert!(told(None).contains("run `dataqueue migrate up`"));
        assert!(told(Some("public")).contains("run `dataqueue migrate up`"));
        assert!(told(Some("it's")).contains(r#"the schema "it's" lacks"#));
        assert!(told(Some("it's")).contains(r"run `dataqueue migrate up --schema 'it'\''s'`"));
    }
}
