//! The one thread that writes. What is queued when it looks becomes one transaction: a group commit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::{self, Open};
use super::fault::{Fault, Outcome, Place};
use super::forking::Invitation;
use super::hints::Hints;
use super::session::{Effects, Session};
use super::statements as sql;
use super::work::Work;
use crate::clock::Clock;
use crate::error::Error;

/// A transaction takes no further request after this many, or this long: the first of them waits for its answer.
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(20);

/// What the writer is asked.
pub(super) enum Message {
    /// A request to run.
    Work(Box<dyn Work>),
    /// Look whether another connection changed the database.
    Probe,
    /// Close the file, and wait for a fork to be over.
    Pause(Invitation),
    /// Finish, and say so.
    Close(oneshot::Sender<()>),
}

/// The writer's own.
pub(super) struct Writer {
    /// None after a fork, until it is needed.
    pub conn: Option<Open>,
    pub clock: Arc<dyn Clock>,
    pub hints: Arc<Hints>,
    pub place: Place,
    pub patience: Duration,
    pub inbox: Receiver<Message>,
    /// Whether commits wait for the disk now.
    pub lasting: bool,
    /// The database's version as this connection last saw it; its own commits do not change it.
    pub version: i64,
    /// What was newest when the last probe looked.
    pub newest: Option<News>,
}

/// What tells of changes that others may have to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct News {
    event: i64,
    completed: Option<i64>,
    rescheduled: i64,
    asked: i64,
}

impl News {
    fn read(session: &Session<'_>) -> Outcome<Self> {
        Ok(Self {
            event: session.value(sql::NEWEST_EVENT, [])?,
            completed: session.value(sql::NEWEST_COMPLETION, [])?,
            rescheduled: session.value(sql::NEWEST_CHANGE, [])?,
            asked: session.value(sql::ASKED_JOBS, [])?,
        })
    }
}

/// A transaction with the requests that ran in it.
#[derive(Default)]
struct Group {
    ran: Vec<Box<dyn Work>>,
    effects: Effects,
    /// What ended it, to be done next.
    met: Option<Message>,
}

impl Writer {
    /// Serves until the last sender is gone or asks to close.
    pub(super) fn serve(mut self) {
        let mut met = None;
        let closing = loop {
            match met.take().or_else(|| self.inbox.recv().ok()) {
                Some(Message::Work(work)) => met = self.commit_group(work),
                Some(Message::Probe) => self.probe(),
                Some(Message::Pause(invitation)) => self.pause(invitation),
                Some(Message::Close(done)) => break Some(done),
                None => break None,
            }
        };
        // What another process still reads stays in the log; the last to close copies the rest.
        if let Some(conn) = self.conn.take() {
            let _ = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    /// What is in memory is not shared, and would be gone: there the thread only waits.
    fn pause(&mut self, invitation: Invitation) {
        if self.place.path().is_some() {
            self.conn = None;
        }
        invitation.keep();
        // What cannot be opened now is tried again, and told of, when it is needed.
        let _ = self.reopen();
    }

    fn reopen(&mut self) -> Outcome<()> {
        if self.conn.is_none() {
            let conn = connection::open_writer(&self.place, self.patience)?;
            self.version = version(&conn)?;
            self.lasting = true;
            self.conn = Some(conn);
            self.hints.changed_elsewhere(true);
        }
        Ok(())
    }

    fn conn(&self) -> Outcome<&Connection> {
        self.conn.as_deref().ok_or_else(|| Error::Closed.into())
    }

    fn is_in_transaction(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| !conn.is_autocommit())
    }

    /// Runs `first` and what else is queued in one transaction; answers what it met that is to be done next.
    fn commit_group(&mut self, first: Box<dyn Work>) -> Option<Message> {
        let lasting = first.is_lasting();
        let begun =
            self.reopen().and_then(|()| self.wait_for_disk(lasting)).and_then(|()| self.execute("BEGIN IMMEDIATE"));
        if let Err(fault) = begun {
            return self.refuse_all(first, &fault.told_of(&self.place));
        }
        let since = Instant::now();
        let mut group = Group::default();
        let mut lost = self.run(first, &mut group).err();
        while lost.is_none() && group.ran.len() < GROUP && since.elapsed() < GROUP_TIME {
            match self.inbox.try_recv() {
                Ok(Message::Work(work)) if lasting || !work.is_lasting() => lost = self.run(work, &mut group).err(),
                Ok(Message::Probe) => self.hints.probed(),
                Ok(met) => {
                    group.met = Some(met);
                    break;
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        let lost = match lost {
            None => self.execute("COMMIT").err(),
            lost => lost,
        };
        self.finish(group, lost)
    }

    fn finish(&self, group: Group, lost: Option<Fault>) -> Option<Message> {
        let lost = lost.map(|fault| fault.told_of(&self.place));
        if lost.is_some() && self.is_in_transaction() {
            // The next BEGIN would fail otherwise, and tell of it.
            let _ = self.execute("ROLLBACK");
        }
        if lost.is_none() {
            self.hints.tell(&group.effects);
        }
        for work in group.ran {
            work.answer(lost.as_ref());
        }
        group.met
    }

    /// Runs one request in a savepoint of its own; an error here means that the whole transaction is lost.
    fn run(&self, mut work: Box<dyn Work>, group: &mut Group) -> Outcome<()> {
        if !work.is_wanted() {
            return Ok(());
        }
        let mut session = Session::new(self.conn()?, self.clock.now());
        // The first has the transaction to itself, and no need for the cost of a savepoint.
        let is_first = group.ran.is_empty();
        if !is_first && let Err(fault) = self.execute("SAVEPOINT request") {
            return Err(self.refuse(work, fault));
        }
        let is_done = work.run(&mut session, &self.place);
        let effects = session.effects;
        if is_done {
            if !is_first && let Err(fault) = self.execute("RELEASE request") {
                return Err(self.refuse(work, fault));
            }
            group.effects.merge(effects);
            group.ran.push(work);
            return Ok(());
        }
        work.answer(None);
        if is_first {
            if self.is_in_transaction() {
                self.execute("ROLLBACK")?;
            }
            return self.execute("BEGIN IMMEDIATE");
        }
        if !self.is_in_transaction() {
            // A full disk or a failed write ends the whole transaction.
            return Err(Error::Unavailable {
                backend: crate::error::Backend::Sqlite,
                message: format!("{} gave up a transaction because the disk is full or failed", self.place),
            }
            .into());
        }
        self.execute("ROLLBACK TO request")?;
        self.execute("RELEASE request")
    }

    /// Answers a request with the fault that the whole transaction is lost by.
    fn refuse(&self, work: Box<dyn Work>, fault: Fault) -> Fault {
        let error = fault.told_of(&self.place);
        work.answer(Some(&error));
        error.into()
    }

    /// Nobody can write now: whoever waited behind `first` has waited as long.
    fn refuse_all(&self, first: Box<dyn Work>, error: &Error) -> Option<Message> {
        let refuse = |work: Box<dyn Work>| work.answer(Some(error));
        refuse(first);
        loop {
            match self.inbox.try_recv() {
                Ok(Message::Work(work)) => refuse(work),
                Ok(Message::Probe) => self.hints.probed(),
                Ok(met) => return Some(met),
                Err(_) => return None,
            }
        }
    }

    fn probe(&mut self) {
        self.hints.probed();
        let Ok(version) = self.version_now() else { return };
        if version == self.version {
            return;
        }
        self.version = version;
        // Every change of a job writes an event; what was changed without one, such as a worker's lease, is no
        // news, but for a token that was completed, a schedule, and a running job that is to be cancelled.
        let Ok(conn) = self.conn() else { return };
        let session = Session::new(conn, self.clock.now());
        let newest = News::read(&session).ok();
        if newest.is_some() && newest == self.newest {
            return;
        }
        let is_rescheduled = newest.map(|news| news.rescheduled) != self.newest.map(|news| news.rescheduled);
        self.hints.changed_elsewhere(is_rescheduled || session.value(sql::HAS_WORK, []).unwrap_or(true));
        if newest.is_some_and(|news| news.asked != 0) {
            self.hints.asked_elsewhere();
        }
        drop(session);
        self.newest = newest;
    }

    fn version_now(&self) -> Outcome<i64> {
        version(self.conn()?)
    }

    /// Sets whether commits wait for the disk. Those that do not are there after a crash of this process, and after one of the
    /// machine if a later one that waited is.
    fn wait_for_disk(&mut self, lasting: bool) -> Outcome<()> {
        if self.lasting != lasting {
            // It takes effect when it is compiled, and must not be kept compiled.
            self.conn()?.execute_batch(if lasting {
                "PRAGMA synchronous=FULL"
            } else {
                "PRAGMA synchronous=NORMAL"
            })?;
            self.lasting = lasting;
        }
        Ok(())
    }

    fn execute(&self, statement: &str) -> Outcome<()> {
        self.conn()?.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

/// The database's version as this connection sees it.
pub(super) fn version(conn: &Connection) -> Outcome<i64> {
    Ok(conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}
