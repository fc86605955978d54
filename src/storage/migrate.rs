//! The migrations that are part of this library, and the rules for running them.
//!
//! A migration is a pair of files, up and down, under `migrations/`; it is never edited once it has landed.
//! The text `{schema}` in a PostgreSQL migration stands for the quoted schema.

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
pub const POSTGRES: &[Migration] = &[migration!("postgres", 1, "0001", "jobs")];

/// The migrations of SQLite, oldest first.
pub const SQLITE: &[Migration] = &[migration!("sqlite", 1, "0001", "jobs")];

/// The steps that lead from the applied versions to `target` (the newest if `None`), with the SQL of each.
///
/// # Errors
/// [`Error::Invalid`] for a target that does not exist, [`Error::MigrationRequired`] for a schema that holds versions this
/// library does not know.
pub fn plan(known: &[Migration], applied: &[i32], target: Option<i32>) -> Result<Vec<(Migration, bool)>> {
    let newest = known.len() as i32;
    let target = target.unwrap_or(newest);
    if !(0..=newest).contains(&target) {
        return Err(Error::Invalid(format!("there is no migration {target}: the versions are 0 to {newest}")));
    }
    check_not_newer(known, applied)?;
    let down = known.iter().rev().filter(|step| step.version > target && applied.contains(&step.version));
    let up = known.iter().filter(|step| step.version <= target && !applied.contains(&step.version));
    Ok(down.map(|step| (*step, false)).chain(up.map(|step| (*step, true))).collect())
}

/// The steps that [`plan`] finds, as the SQL that would be run with these options.
///
/// # Errors
/// Those of [`plan`].
pub fn preview(options: &StoreOptions, applied: &[i32], target: Option<i32>) -> Result<Vec<MigrationStep>> {
    let (known, schema) = match options {
        StoreOptions::Postgres(postgres) => (POSTGRES, format!("\"{}\"", postgres.schema.replace('"', "\"\""))),
        StoreOptions::Sqlite(_) => (SQLITE, String::new()),
    };
    let step = |(migration, is_up): (Migration, bool)| MigrationStep {
        version: migration.version,
        name: migration.name.to_owned(),
        sql: if is_up { migration.up } else { migration.down }.replace("{schema}", &schema),
    };
    Ok(plan(known, applied, target)?.into_iter().map(step).collect())
}

/// Whether the schema is exactly what this library needs.
///
/// # Errors
/// [`Error::MigrationRequired`] with the command to run, or that the library is to be upgraded.
pub fn check(known: &[Migration], applied: &[i32]) -> Result<()> {
    check_not_newer(known, applied)?;
    match known.iter().find(|step| !applied.contains(&step.version)) {
        None => Ok(()),
        Some(step) => Err(Error::MigrationRequired(format!(
            "the schema lacks migration {} ({}): run `dataqueue migrate up`, or queue.migrate()",
            step.version, step.name
        ))),
    }
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
        for known in [POSTGRES, SQLITE] {
            assert!(known.iter().enumerate().all(|(at, step)| step.version == at as i32 + 1));
        }
    }

    #[test]
    fn a_newer_schema_is_refused_with_the_remedy() {
        assert!(check(POSTGRES, &[1, 99]).unwrap_err().to_string().contains("upgrade"));
        assert!(check(POSTGRES, &[]).unwrap_err().to_string().contains("dataqueue migrate up"));
    }
}
