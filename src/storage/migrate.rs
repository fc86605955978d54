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

/// What a store says of its migrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The versions, in order.
    pub versions: Vec<i32>,
    /// The newest that libraries which do not know it cannot work with; 0 where there is none.
    pub breaking: i32,
    /// Whether tables of another program were taken over.
    pub adopted: bool,
}

impl From<Vec<i32>> for Applied {
    fn from(versions: Vec<i32>) -> Self {
        Self { versions, ..Self::default() }
    }
}

/// What the name of a migration begins with that earlier versions of the library cannot work with: they are told by it, since
/// they do not know it otherwise.
pub const BREAKING: &str = "breaking_";

impl Migration {
    fn is_breaking(&self) -> bool {
        self.name.starts_with(BREAKING)
    }
}

/// The newest migration up to `version` that earlier libraries cannot work with; 0 where there is none.
#[must_use]
pub fn newest_breaking(known: &[Migration], version: i32) -> i32 {
    let found = known.iter().rev().find(|step| step.version <= version && step.is_breaking());
    found.map_or(0, |step| step.version)
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
    migration!("postgres", 5, "0005", "breaking_claims"),
    migration!("postgres", 6, "0006", "cancel_reason"),
    migration!("postgres", 7, "0007", "extras"),
    migration!("postgres", 8, "0008", "flow"),
    migration!("postgres", 9, "0009", "terms"),
    migration!("postgres", 10, "0010", "event_order"),
    migration!("postgres", 11, "0011", "dependencies"),
    migration!("postgres", 12, "0012", "turns"),
    migration!("postgres", 13, "0013", "group_rates"),
    migration!("postgres", 14, "0014", "inspection"),
    migration!("postgres", 15, "0015", "traffic"),
];

/// The version that the ledger has for tables which were taken over.
pub const ADOPTED: i32 = 0;

/// The last of the migrations that make tables which the TypeScript library has too.
const LAST_SHARED: i32 = 3;

/// Takes over a database of the TypeScript library: what comes before the migrations, and what comes after them.
pub const ADOPT: (&str, &[&str]) = (
    include_str!("../../migrations/postgres/adopt/aside.sql"),
    &[
        include_str!("../../migrations/postgres/adopt/merge.sql"),
        include_str!("../../migrations/postgres/adopt/share.sql"),
    ],
);

/// What PostgreSQL needs before its first migration.
pub const POSTGRES_LEDGER: &str = include_str!("../../migrations/postgres/ledger.sql");

/// The migrations of SQLite, oldest first.
pub const SQLITE: &[Migration] = &[
    migration!("sqlite", 1, "0001", "jobs"),
    migration!("sqlite", 2, "0002", "waitpoints"),
    migration!("sqlite", 3, "0003", "schedules"),
    migration!("sqlite", 4, "0004", "cancelling"),
    migration!("sqlite", 5, "0005", "cancel_reason"),
    migration!("sqlite", 6, "0006", "extras"),
    migration!("sqlite", 7, "0007", "flow"),
    migration!("sqlite", 8, "0008", "terms"),
    migration!("sqlite", 9, "0009", "dependencies"),
    migration!("sqlite", 10, "0010", "turns"),
    migration!("sqlite", 11, "0011", "group_rates"),
    migration!("sqlite", 12, "0012", "inspection"),
    migration!("sqlite", 13, "0013", "traffic"),
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
    Migration { version: 4, name: "extras", up: "HSET meta version 4", down: "UNLINK extras; HSET meta version 3" },
    Migration {
        version: 5,
        name: "flow",
        up: "HSET meta version 5",
        down: "UNLINK settings kinds rates groups slots line; HSET meta version 4",
    },
    Migration {
        version: 6,
        name: "terms",
        up: "HSET meta version 6",
        down: "UNLINK terms unique; HSET meta version 5",
    },
    Migration { version: 7, name: "feed", up: "HSET meta version 7", down: "UNLINK feed; HSET meta version 6" },
    Migration {
        version: 8,
        name: "dependencies",
        up: "HSET meta version 8",
        down: "UNLINK blocked; HSET meta version 7",
    },
    Migration {
        version: 9,
        name: "turns",
        up: "HSET meta version 9",
        down: "HDEL settings turns; UNLINK turns in_turn; HSET meta version 8",
    },
    Migration {
        version: 10,
        name: "group_rates",
        up: "HSET meta version 10",
        down: "HDEL settings group_rates; UNLINK openings; HSET meta version 9",
    },
    Migration {
        version: 11,
        name: "inspection",
        up: "HSET meta version 11; what is in tokens goes into minted",
        down: "UNLINK profiles minted; HSET meta version 10",
    },
    Migration {
        version: 12,
        name: "traffic",
        up: "HSET meta version 12",
        down: "UNLINK traffic traffic_at; HSET meta version 11",
    },
];

/// The steps that lead from the applied versions to `target` (the newest if `None`), with the SQL of each.
///
/// # Errors
/// [`Error::Invalid`] for a target that does not exist, [`Error::MigrationRequired`] for a schema that holds versions this
/// library does not know and cannot work with, or, where a target is named, any that it does not know.
pub fn plan(known: &[Migration], applied: &Applied, target: Option<i32>) -> Result<Vec<(Migration, bool)>> {
    let newest = known.len() as i32;
    check_not_broken(known, applied)?;
    if let (Some(_), Some(version)) = (target, newer(known, applied)) {
        return Err(Error::MigrationRequired(format!(
            "the schema is at migration {version}, newer than this library's {newest}, which cannot take it back: upgrade \
             the dataqueue package"
        )));
    }
    let target = target.unwrap_or(newest);
    if !(0..=newest).contains(&target) {
        return Err(Error::Invalid(format!("there is no migration {target}: the versions are 0 to {newest}")));
    }
    if applied.adopted && target < LAST_SHARED {
        return Err(Error::Invalid(format!(
            "version {target} would drop tables that this schema had before it was adopted, with another program's jobs in them: \
             {LAST_SHARED} is the lowest that it can go down to"
        )));
    }
    let applied = &applied.versions;
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
        Ok(plan(known, &applied.to_vec().into(), target)?
            .into_iter()
            .map(|step| described(step.0, text(step)))
            .collect())
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
    Ok(plan(POSTGRES, &applied.to_vec().into(), target)?.into_iter().map(text).collect())
}

fn described(migration: Migration, sql: String) -> MigrationStep {
    MigrationStep { version: migration.version, name: migration.name.to_owned(), sql }
}

/// Whether the schema, named where there are several, has all that this library needs. It may have more: what a later version
/// added, so that this one works on beside it while workers are replaced.
///
/// # Errors
/// [`Error::MigrationRequired`] with the command to run, or that the library is to be upgraded.
pub fn check(known: &[Migration], applied: &Applied, schema: Option<&str>) -> Result<()> {
    check_not_broken(known, applied)?;
    if let Some(version) = newer(known, applied) {
        tracing::warn!(
            "the schema is at migration {version}, newer than this library's {}, which works beside it: upgrade the dataqueue \
             package soon",
            known.len()
        );
    }
    let missing = known.iter().find(|step| !applied.versions.contains(&step.version));
    let Some(step) = missing else { return Ok(()) };
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

/// The newest version that this library does not know.
fn newer(known: &[Migration], applied: &Applied) -> Option<i32> {
    let newest = known.len() as i32;
    applied.versions.iter().copied().max().filter(|version| *version > newest)
}

fn check_not_broken(known: &[Migration], applied: &Applied) -> Result<()> {
    let newest = known.len() as i32;
    if applied.breaking <= newest {
        return Ok(());
    }
    Err(Error::MigrationRequired(format!(
        "the schema is at migration {}, newer than this library's {newest} and not for it: upgrade the dataqueue package",
        applied.breaking
    )))
}

/// The state of a schema with these versions applied.
#[must_use]
pub fn state(known: &[Migration], applied: Applied) -> MigrationState {
    MigrationState {
        applied: applied.versions,
        known: known.iter().map(|step| (step.version, step.name.to_owned())).collect(),
    }
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
    fn a_newer_schema_is_worked_with_unless_it_says_otherwise() {
        let newest = POSTGRES.len() as i32;
        let newer = Applied::from((1..=newest + 2).collect::<Vec<_>>());
        assert!(check(POSTGRES, &newer, None).is_ok());
        assert!(plan(POSTGRES, &newer, None).unwrap().is_empty());
        for target in 0..=newest {
            assert!(plan(POSTGRES, &newer, Some(target)).unwrap_err().to_string().contains("upgrade"));
        }
        for breaking in [newest + 1, newest + 2] {
            let broken = Applied { breaking, ..newer.clone() };
            assert!(check(POSTGRES, &broken, None).unwrap_err().to_string().contains("upgrade"));
            assert!(plan(POSTGRES, &broken, None).is_err());
        }
        assert!(check(POSTGRES, &Applied { breaking: newest, ..newer }, None).is_ok());
    }

    #[test]
    fn a_version_of_its_own_is_missed_beside_a_newer_one() {
        assert!(check(POSTGRES, &vec![1, 99].into(), None).unwrap_err().to_string().contains("lacks migration 2"));
    }

    #[test]
    fn the_newest_breaking_migration_is_told_by_its_name() {
        let step = |version, name| Migration { version, name, up: "", down: "" };
        let known = [step(1, "jobs"), step(2, "breaking_ids"), step(3, "more"), step(4, "breaking_names")];
        assert_eq!([0, 1, 2, 3, 4].map(|version| newest_breaking(&known, version)), [0, 0, 2, 2, 4]);
    }

    #[test]
    fn a_missing_migration_is_refused_with_the_command_for_this_schema() {
        let told = |schema| check(POSTGRES, &Applied::default(), schema).unwrap_err().to_string();
        assert!(told(None).contains("run `dataqueue migrate up`"));
        assert!(told(Some("public")).contains("run `dataqueue migrate up`"));
        assert!(told(Some("it's")).contains(r#"the schema "it's" lacks"#));
        assert!(told(Some("it's")).contains(r"run `dataqueue migrate up --schema 'it'\''s'`"));
    }
}
