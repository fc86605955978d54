//! The statements as they are sent: for the tests of their plans, no part of the API.

use super::SqliteStorage;
use super::filter::{self, CANDIDATES, COUNT, FIND};
use super::manage::changeable;
use super::statements;
use crate::model::Filter;
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

    /// The statement of a walk; `None` for a change that no such job allows.
    #[doc(hidden)]
    pub fn walk_text(filter: &Filter, walk: &Walk) -> Option<Text> {
        let (name, file, sql) = match walk {
            Walk::Page(page) => ("find", FIND, filter::page_query(filter, *page)),
            Walk::Count => ("count", COUNT, filter::count_query(filter)),
            Walk::Change(change) => {
                let statuses = changeable(filter, change);
                if statuses.is_empty() {
                    return None;
                }
                ("candidates", CANDIDATES, filter::look_query(filter, &statuses, 0, 100))
            }
        };
        Some(Text { name, about: comment(file).into_iter().collect(), sql: sql.text, types: Vec::new() })
    }
}
