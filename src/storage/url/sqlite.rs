//! The options of SQLite.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::address::{self, decode};
use super::given::{Given, Known};
use super::refuse;
use crate::error::Result;
use crate::storage::options::{SqliteOptions, StoreOptions};

const KNOWN: Known = Known {
    backend: "SQLite",
    names: &[("path", "path"), ("busy_timeout", "busy_timeout")],
    refused: &[],
    elsewhere: "",
};

/// The name of a database that is kept in memory.
pub(super) const MEMORY: &str = ":memory:";

/// Reads what follows `sqlite://`, and the settings.
pub(super) fn read(rest: Option<&str>, settings: &BTreeMap<String, String>) -> Result<StoreOptions> {
    let mut given = Given::default();
    if let Some(rest) = rest {
        let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = match file.strip_prefix('/') {
            Some(path) => decode("the path in the URL", path)?,
            None if file == MEMORY || file.is_empty() => file.to_owned(),
            None => {
                return Err(refuse(
                    "an sqlite:// URL names no server: write sqlite:///relative.db or sqlite:////absolute.db",
                ));
            }
        };
        given.over(&KNOWN, [("path".to_owned(), path)])?;
        given.over(&KNOWN, address::pairs(query)?)?;
    }
    given.over(&KNOWN, settings.clone())?;
    let path = match given.text("path") {
        None => return Err(refuse("the path of the SQLite file is empty: name a file, or `:memory:`")),
        Some(MEMORY) => None,
        Some(path) => Some(PathBuf::from(path)),
    };
    let busy_timeout = given.seconds("busy_timeout", 5, true)?;
    Ok(StoreOptions::Sqlite(SqliteOptions { path, busy_timeout, clock: None }))
}
