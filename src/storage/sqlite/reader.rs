//! The threads that read, each on a connection of its own, so that a long list does not hold up the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::connection;
use super::fault::{Outcome, Place};
use super::session::Session;
use super::work::Work;
use crate::clock::Clock;

/// How many of SQLite's own instructions run between two looks at the deadline: some milliseconds.
const INSTRUCTIONS: i32 = 100_000;

/// One reader's own; the inbox is shared by all of them.
pub(super) struct Reader {
    pub inbox: Arc<Mutex<Receiver<Box<dyn Work>>>>,
    pub clock: Arc<dyn Clock>,
    pub place: Place,
    /// How long to wait for a lock.
    pub patience: Duration,
    /// How long one request may take.
    pub limit: Duration,
    /// Set when the queue closes: a request under way is given up.
    pub closing: Arc<AtomicBool>,
}

/// A reader's connection, which gives up a statement at the deadline.
struct Guarded {
    conn: Connection,
    deadline: Arc<Mutex<Instant>>,
}

impl Reader {
    /// Serves until the last sender is gone.
    pub(super) fn serve(self) {
        let mut guarded = None;
        loop {
            let received = self.inbox.lock().recv();
            let Ok(mut work) = received else { return };
            if !work.is_wanted() {
                continue;
            }
            let lost = self.read(&mut guarded, work.as_mut()).err().map(|fault| fault.told_of(&self.place));
            work.answer(lost.as_ref());
        }
    }

    /// Runs one request on one state of the database.
    fn read(&self, guarded: &mut Option<Guarded>, work: &mut dyn Work) -> Outcome<()> {
        let Guarded { conn, deadline } = match guarded {
            Some(guarded) => guarded,
            None => guarded.insert(self.open()?),
        };
        *deadline.lock() = Instant::now() + self.limit;
        conn.prepare_cached("BEGIN")?.execute([])?;
        work.run(&mut Session::new(conn, self.clock.now()), &self.place);
        // An interrupted statement has ended the transaction already.
        if !conn.is_autocommit() {
            conn.prepare_cached("ROLLBACK")?.execute([])?;
        }
        Ok(())
    }

    fn open(&self) -> Outcome<Guarded> {
        let mut conn = connection::open_reader(&self.place, self.patience)?;
        let deadline = Arc::new(Mutex::new(Instant::now() + self.limit));
        let (until, closing) = (Arc::clone(&deadline), Arc::clone(&self.closing));
        let is_over = move || closing.load(Ordering::Acquire) || Instant::now() >= *until.lock();
        conn.progress_handler(INSTRUCTIONS, Some(is_over))?;
        Ok(Guarded { conn, deadline })
    }
}
