//! The dead letters that are added with the failures they tell of.

use tokio_postgres::Row;

use super::PostgresStorage;
use super::rows::damaged;
use crate::error::Result;

impl PostgresStorage {
    /// Wakes those who may run the dead letters that a statement added.
    pub(super) fn announce_letters(&self, count: i64) {
        if count > 0 {
            self.announce();
        }
    }
}

/// How many dead letters a statement added; none of one that adds no such.
pub(super) fn letters(rows: &[Row]) -> Result<i64> {
    let Some(row) = rows.first() else { return Ok(0) };
    if !row.columns().iter().any(|column| column.name() == "letters") {
        return Ok(0);
    }
    row.try_get("letters").map_err(|error| damaged(&format!("the dead letters: {error}")))
}
