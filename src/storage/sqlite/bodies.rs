//! Long values lie apart from the job's row, which every change of status writes anew.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Result as SqlResult, ToSql};

use super::fault::Outcome;
use super::session::Session;
use super::statements as sql;
use crate::model::JobId;

/// The longest value, in bytes, that a job's own row holds: three such rows fit a page.
pub(super) const INLINE: usize = 1024;

/// JSON text, bound without a copy.
pub(super) struct Json<'a>(pub &'a [u8]);

impl ToSql for Json<'_> {
    fn to_sql(&self) -> SqlResult<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// The value for the job's own row: null if it is long.
pub(super) fn inline(value: &[u8]) -> Option<Json<'_>> {
    (value.len() <= INLINE).then_some(Json(value))
}

/// Stores a new job's value if it is long.
pub(super) fn put(session: &Session<'_>, job_id: JobId, field: &str, value: &[u8]) -> Outcome<()> {
    if value.len() > INLINE {
        session.run(sql::PUT_BODY, (job_id, field, Json(value)))?;
    }
    Ok(())
}

/// Stores a value that replaces another: if it is short, a long one before it is forgotten.
pub(super) fn replace(session: &Session<'_>, job_id: JobId, field: &str, value: &[u8]) -> Outcome<()> {
    if value.len() <= INLINE {
        session.run(sql::DROP_BODY, (job_id, field))?;
    }
    put(session, job_id, field, value)
}
