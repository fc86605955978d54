//! What a request works with: a connection, the time, and what is to be told after the commit.

use std::cell::RefCell;

use rusqlite::{CachedStatement, Connection};

use super::fault::Outcome;
use super::statements as sql;
use crate::clock::Timestamp;
use crate::model::{EventKind, JobId};

/// One request's view of the database, inside a transaction of the writer's or on a reader.
pub(super) struct Session<'c> {
    pub conn: &'c Connection,
    pub now: Timestamp,
    pub effects: Effects,
    /// Statements that this request has run, by the address of their text.
    kept: RefCell<Vec<(usize, CachedStatement<'c>)>>,
}

/// What others in this process are told once the transaction is committed.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Jobs may have become claimable, or the time of the next one changed.
    pub wake: bool,
    /// Somebody asked to cancel a running job.
    pub asked: bool,
    /// Jobs that ended, or were deleted.
    pub ended: Vec<JobId>,
    /// Jobs whose lease ended.
    pub freed: Vec<JobId>,
}

impl Effects {
    pub(super) fn merge(&mut self, other: Self) {
        self.wake |= other.wake;
        self.asked |= other.asked;
        self.ended.extend(other.ended);
        self.freed.extend(other.freed);
    }
}

impl<'c> Session<'c> {
    pub(super) fn new(conn: &'c Connection, now: Timestamp) -> Self {
        Self { conn, now, effects: Effects::default(), kept: RefCell::default() }
    }

    /// Now, as it is stored.
    pub(super) fn micros(&self) -> i64 {
        self.now.as_micros()
    }

    /// Works with a statement. A request for many jobs runs the same few again and again, and looking one up by its text costs
    /// as much as a short one takes.
    pub(super) fn with<T>(
        &self,
        statement: &'static str,
        work: impl FnOnce(&mut CachedStatement<'c>) -> Outcome<T>,
    ) -> Outcome<T> {
        let address = statement.as_ptr().addr();
        let known = {
            let mut kept = self.kept.borrow_mut();
            let place = kept.iter().position(|(known, _)| *known == address);
            place.map(|place| kept.swap_remove(place).1)
        };
        let mut prepared = match known {
            Some(prepared) => prepared,
            None => self.conn.prepare_cached(statement)?,
        };
        let done = work(&mut prepared)?;
        self.kept.borrow_mut().push((address, prepared));
        Ok(done)
    }

    /// Runs a statement and answers how many rows it changed.
    pub(super) fn run(&self, statement: &'static str, params: impl rusqlite::Params) -> Outcome<usize> {
        self.with(statement, |prepared| Ok(prepared.execute(params)?))
    }

    /// The first row's first value.
    pub(super) fn value<T: rusqlite::types::FromSql>(
        &self,
        statement: &'static str,
        params: impl rusqlite::Params,
    ) -> Outcome<T> {
        self.with(statement, |prepared| Ok(prepared.query_row(params, |row| row.get(0))?))
    }

    /// The first value of each row.
    pub(super) fn ids(&self, statement: &str, params: impl rusqlite::Params) -> Outcome<Vec<i64>> {
        let mut statement = self.conn.prepare_cached(statement)?;
        let rows = statement.query_map(params, |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes an event.
    pub(super) fn event(&self, job_id: JobId, kind: EventKind, metadata: Option<&str>) -> Outcome<()> {
        self.run(sql::ADD_EVENT, (job_id, kind.as_str(), self.micros(), metadata))?;
        Ok(())
    }
}
