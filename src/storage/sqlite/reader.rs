//! The threads that read, each on a connection of its own, so that a long list does not hold up the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::connection::{self, Open};
use super::fault::{Outcome, Place};
use super::forking::Invitation;
use super::session::Session;
use super::work::Work;
use crate::clock::Clock;
use crate::lock::Mutex;

/// How many of SQLite's own instructions run between two looks at the deadline: some milliseconds.
const INSTRUCTIONS: i32 = 100_000;

/// What a reader is asked.
pub(super) enum Request {
    /// A request to run.
    Work(Box<dyn Work>),
    /// Close the file, and wait for a fork to be over.
    Pause(Invitation),
}

/// One reader's own; the inbox is shared by all of them.
pub(super) struct Reader {
    pub inbox: Arc<Mutex<Receiver<Request>>>,
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
    conn: Open,
    deadline: Arc<Mutex<Instant>>,
}

impl Reader {
    /// Serves until the last sender is gone.
    pub(super) fn serve(self) {
        let mut guarded = None;
        loop {
            let received = self.inbox.lock().recv();
            let mut work = match received {
                Ok(Request::Work(work)) => work,
                Ok(Request::Pause(invitation)) => {
                    guarded = None;
                    invitation.keep();
                    continue;
                }
                Err(_) => return,
            };
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
