//! The statements as they are sent, and the settings they run under: for tests and benches, no part of the API.

use rusqlite::types::Value;

use super::SqliteStorage;
use super::filter::{self, CANDIDATES, COUNT, FIND, SEARCH};
use super::manage::changeable;
use super::statements;
use crate::error::Result;
use crate::model::{Filter, Search};
use crate::storage::plans::{Text, Walk, comment};

impl SqliteStorage {
    /// Every statement whose text is constant.
    #[doc(hidden)]
    pub fn texts() -> Vec<Text> {
        let text = |(name, sql, files): (_, _, Vec<&'static str>)| Text {
            name,
            about: files.into_iter().filter_map(comment).collect(),
            sql,
            types: Vec::new(),
        };
        statements::all().into_iter().map(text).collect()
    }

    /// The settings that the writing connection has, by name.
    #[doc(hidden)]
    pub async fn settings(&self) -> Result<Vec<(&'static str, String)>> {
        self.write(|session| {
            let names = ["journal_mode", "synchronous", "wal_autocheckpoint", "page_size", "cache_size"];
            let read = |name| {
                let value = session.conn.pragma_query_value(None, name, |row| row.get(0))?;
                Ok((name, described(value)))
            };
            names.into_iter().map(read).collect()
        })
        .await
    }

    /// The statement of a walk; `None` for a change that no such job allows.
    #[doc(hidden)]
    pub fn walk_text(filter: &Filter, walk: &Walk) -> Option<Text> {
        let (name, file, sql) = match walk {
            Walk::Page(page) => ("find", FIND, filter::page_query(filter, *page)),
            Walk::Count => ("count", COUNT, filter::count_query(filter, None)),
            Walk::Change(change) => {
                let statuses = changeable(filter, change);
                if statuses.is_empty() {
                    return None;
                }
                ("candidates", CANDIDATES, filter::look_query(filter, &statuses, 0, 100))
            }
            Walk::Search(search) => {
                let search = Search { filter: filter.clone(), ..(**search).clone() };
                ("search", SEARCH, filter::search_query(&search))
            }
            // A statement of its own, as the text of each is constant.
            Walk::Tally(..) => return None,
        };
        Some(Text { name, about: comment(file).into_iter().collect(), sql: sql.text, types: Vec::new() })
    }
}

fn described(value: Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => format!("{other:?}"),
    }
}
