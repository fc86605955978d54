//! The SQLite driver: one file, a thread that writes, threads that read, any number of processes.

mod bodies;
mod claim;
mod connection;
mod dependents;
mod due;
mod durability;
mod enqueue;
mod errors;
mod examine;
mod fault;
mod filter;
mod find;
mod flow;
mod forking;
mod hints;
mod inspect;
mod letters;
mod lines;
mod look;
mod manage;
mod migrations;
mod plans;
mod prune;
mod reader;
mod receive;
mod rows;
mod schedules;
mod search;
mod session;
mod settle;
mod statements;
mod storage;
mod tail;
mod terms;
mod threads;
mod tokens;
mod traffic;
mod turns;
mod unique;
mod upkeep;
mod waits;
mod watch;
mod work;
mod writer;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use self::fault::{Outcome, Place};
pub use self::forking::{after_fork_in_parent, before_fork};
use self::hints::Hints;
use self::session::Session;
use self::threads::{Setup, Threads};
use super::options::SqliteOptions;
use crate::clock::{Clock, SystemClock, VirtualClock};
use crate::error::{Error, Result};
use crate::lock::Mutex;

/// Jobs in an SQLite file, or in memory.
///
/// The file is opened, and made if it is not there, by the first call. Any number of these, in any number of
/// processes of one machine, may use one file. Nothing of it survives a `fork()`: make a new one in the child, and have
/// [`before_fork`] and [`after_fork_in_parent`] called around it.
pub struct SqliteStorage {
    setup: Setup,
    virtual_clock: Option<VirtualClock>,
    state: Mutex<State>,
    opening: tokio::sync::Mutex<()>,
    /// How far the sweep of jobs that others wait for has come.
    dependents_seen: AtomicI64,
}

#[derive(Clone)]
enum State {
    Untouched,
    Open(Arc<Threads>),
    Closed,
}

impl SqliteStorage {
    /// A store, not opened yet.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty path or one with a NUL character.
    pub fn new(options: SqliteOptions) -> Result<Self> {
        if let Some(path) = &options.path
            && (path.as_os_str().is_empty() || path.as_os_str().as_encoded_bytes().contains(&0))
        {
            return Err(Error::Config(format!("{} is not a path: name a file, or `:memory:`", path.display())));
        }
        let virtual_clock = options.clock;
        let clock: Arc<dyn Clock> = match &virtual_clock {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock),
        };
        let setup =
            Setup { place: Place::new(options.path), patience: options.busy_timeout, clock, hints: Hints::new() };
        let (state, opening) = (Mutex::new(State::Untouched), tokio::sync::Mutex::default());
        Ok(Self { setup, virtual_clock, state, opening, dependents_seen: AtomicI64::new(0) })
    }

    /// The database's threads, started if they are not.
    async fn threads(&self) -> Result<Arc<Threads>> {
        if let Some(threads) = self.opened()? {
            return Ok(threads);
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(threads) = self.opened()? {
            return Ok(threads);
        }
        let threads = Threads::open(self.setup.clone()).await?;
        *self.state.lock() = State::Open(Arc::clone(&threads));
        Ok(threads)
    }

    fn opened(&self) -> Result<Option<Arc<Threads>>> {
        match &*self.state.lock() {
            State::Untouched => Ok(None),
            State::Open(threads) => Ok(Some(Arc::clone(threads))),
            State::Closed => Err(Error::Closed),
        }
    }

    /// Works on the connection that writes, for tests: what is in memory has no other door.
    ///
    /// # Errors
    /// What the work answers, and those of opening the database.
    #[doc(hidden)]
    pub async fn with_connection<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write(move |session| Ok(work(session.conn)?)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.threads().await?.write(Duration::ZERO, work).await
    }

    /// As `write`, without waiting for the disk: for what no worker outlives.
    async fn write_fleeting<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.threads().await?.write_fleeting(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.threads().await?.read(work).await
    }
}
