//! The threads of one open database, and the way in to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connection::{self, Open};
use super::fault::{Outcome, Place};
use super::forking::{Opening, Pause};
use super::hints::Hints;
use super::migrations;
use super::reader::{Reader, Request};
use super::session::Session;
use super::watch::{self, FileWatch};
use super::work::pack;
use super::writer::{self, Message, Writer};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::lock::Mutex;

/// Two: one long list leaves room for the short reads of others.
const READERS: usize = 2;

/// What a call may take beyond waiting for another process: its turn, its own work, and a slow disk.
const MARGIN: Duration = Duration::from_secs(30);

/// What is needed to open the database.
#[derive(Clone)]
pub(super) struct Setup {
    pub place: Place,
    pub patience: Duration,
    pub clock: Arc<dyn Clock>,
    pub hints: Arc<Hints>,
}

impl Setup {
    /// How long a call of everyday waits for its answer.
    pub(super) fn longest_call(&self) -> Duration {
        self.patience + MARGIN
    }
}

/// An open database. Its threads end when it is dropped, after the requests that are queued.
pub(super) struct Threads {
    setup: Setup,
    writer: Sender<Message>,
    /// None where everything is in memory: only the writer's connection sees that.
    readers: Mutex<Option<Sender<Request>>>,
    watch: Mutex<Option<FileWatch>>,
    closing: Arc<AtomicBool>,
    reader_handles: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Threads {
    /// Opens the database, creating it and running the migrations if need be.
    pub(super) async fn open(setup: Setup) -> Result<Arc<Self>> {
        let opening = Opening::begin();
        let (writer, inbox) = mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let start = setup.clone();
        let serve = move || match open_database(&start) {
            Ok((conn, version)) => {
                let Setup { place, patience, clock, hints } = start;
                if ready.send(Ok(())).is_ok() {
                    let conn = Some(conn);
                    Writer { conn, clock, hints, place, patience, inbox, lasting: true, version, newest: None }.serve();
                }
            }
            Err(fault) => drop(ready.send(Err(fault.told_of(&start.place)))),
        };
        spawn("dataqueue-writer", serve)?;
        answer(&setup, opened, Duration::ZERO).await?;
        let closing = Arc::new(AtomicBool::new(false));
        let (readers, reader_handles) = match setup.place.path() {
            Some(_) => start_readers(&setup, &closing)?,
            None => (None, Vec::new()),
        };
        let (readers, reader_handles) = (Mutex::new(readers), Mutex::new(reader_handles));
        let threads = Arc::new(Self { setup, writer, readers, watch: Mutex::default(), closing, reader_handles });
        opening.done(&threads);
        Ok(threads)
    }

    /// Asks every thread to let go of SQLite during a fork.
    pub(super) fn pause(&self, pause: &Arc<Pause>) {
        // One that cannot be asked is gone, and the invitation with it.
        let _ = self.writer.send(Message::Pause(pause.invite()));
        if let Some(readers) = &*self.readers.lock() {
            for _ in 0..READERS {
                let _ = readers.send(Request::Pause(pause.invite()));
            }
        }
    }

    /// Runs a request that may write; `extra` is what it may take beyond the usual.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        extra: Duration,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let (work, reply) = pack(work, true);
        self.writer.send(Message::Work(work)).map_err(|_| Error::Closed)?;
        answer(&self.setup, reply, extra).await
    }

    /// Runs a request that writes what is of no use to anybody after a crash of the machine: every worker on the file ends with
    /// it. The disk is not waited for.
    pub(super) async fn write_fleeting<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let (work, reply) = pack(work, false);
        self.writer.send(Message::Work(work)).map_err(|_| Error::Closed)?;
        answer(&self.setup, reply, Duration::ZERO).await
    }

    /// Runs a request that only reads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let (work, reply) = pack(work, false);
        let readers = self.readers.lock().clone();
        match readers {
            Some(readers) => readers.send(Request::Work(work)).map_err(|_| Error::Closed)?,
            None => self.writer.send(Message::Work(work)).map_err(|_| Error::Closed)?,
        }
        answer(&self.setup, reply, Duration::ZERO).await
    }

    /// Notices from now on what other connections write.
    pub(super) fn listen(&self) -> Result<()> {
        let Some(path) = self.setup.place.path() else { return Ok(()) };
        let mut watch = self.watch.lock();
        if watch.is_none() && !self.closing.load(Ordering::Acquire) {
            *watch = Some(watch::start(path, self.writer.clone(), Arc::clone(&self.setup.hints))?);
        }
        Ok(())
    }

    /// Ends the threads after what is queued; a read under way is given up.
    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        drop(self.watch.lock().take());
        drop(self.readers.lock().take());
        // The writer closes last: the last connection of all cleans the log up.
        let handles = std::mem::take(&mut *self.reader_handles.lock());
        let joined = tokio::task::spawn_blocking(move || handles.into_iter().for_each(|handle| drop(handle.join())));
        let (done, closed) = oneshot::channel();
        let longest = self.setup.longest_call();
        let _ = timeout(longest, joined).await;
        if self.writer.send(Message::Close(done)).is_ok() {
            let _ = timeout(longest, closed).await;
        }
    }
}

fn open_database(setup: &Setup) -> Outcome<(Open, i64)> {
    let conn = connection::open_writer(&setup.place, setup.patience)?;
    migrations::bring_up(&conn, setup.clock.now())?;
    let version = writer::version(&conn)?;
    Ok((conn, version))
}

type Readers = (Option<Sender<Request>>, Vec<thread::JoinHandle<()>>);

fn start_readers(setup: &Setup, closing: &Arc<AtomicBool>) -> Result<Readers> {
    let (sender, inbox) = mpsc::channel();
    let inbox = Arc::new(Mutex::new(inbox));
    let handles = (0..READERS)
        .map(|_| {
            let reader = Reader {
                inbox: Arc::clone(&inbox),
                clock: Arc::clone(&setup.clock),
                place: setup.place.clone(),
                patience: setup.patience,
                limit: setup.longest_call(),
                closing: Arc::clone(closing),
            };
            spawn("dataqueue-reader", move || reader.serve())
        })
        .collect::<Result<_>>()?;
    Ok((Some(sender), handles))
}

fn spawn(name: &str, serve: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>> {
    thread::Builder::new()
        .name(name.into())
        .spawn(serve)
        .map_err(|error| Error::Internal(format!("no thread for the database: {error}")))
}

async fn answer<T>(setup: &Setup, reply: oneshot::Receiver<Result<T>>, extra: Duration) -> Result<T> {
    match timeout(setup.longest_call() + extra, reply).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::Closed),
        Err(_) => Err(setup.place.unavailable("no answer within the deadline; the call may still be carried out")),
    }
}
