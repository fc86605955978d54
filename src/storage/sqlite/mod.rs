//! The SQLite driver: one file, a thread that writes, threads that read, any number of processes.

mod bodies;
mod claim;
mod connection;
mod durability;
mod enqueue;
mod errors;
mod fault;
mod filter;
mod find;
mod forking;
mod hints;
mod manage;
mod migrations;
mod plans;
mod prune;
mod reader;
mod receive;
mod rows;
mod schedules;
mod session;
mod settle;
mod statements;
mod storage;
mod threads;
mod tokens;
mod upkeep;
mod waits;
mod watch;
mod work;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use self::fault::{Outcome, Place};
pub use self::forking::{after_fork_in_parent, before_fork};
use self::hints::Hints;
use self::session::Session;
use self::threads::{Setup, Threads};
use super::options::SqliteOptions;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::lock::Mutex;

/// Jobs in an SQLite file, or in memory.
///
/// The file is opened, and made if it is not there, by the first call. Any number of these, in any number of
/// processes of one machine, may use one file. Nothing of it survives a `fork()`: make a new one in the child, and have
/// [`before_fork`] and [`after_fork_in_parent`] called around it.
pub struct SqliteStorage {
    setup: Setup,
    state: Mutex<State>,
    opening: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
enum State {
    Untouched,
    Open(Arc<Threads>),
    Closed,
}

impl SqliteStorage {
    /// A store on the machine's clock.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty path or one with a NUL character.
    pub fn new(options: SqliteOptions) -> Result<Self> {
        Self::with_clock(options, Arc::new(SystemClock))
    }

    /// A store on a clock of the caller's, for tests.
    ///
    /// # Errors
    /// As [`SqliteStorage::new`].
    pub fn with_clock(options: SqliteOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        if let Some(path) = &options.path
            && (path.as_os_str().is_empty() || path.as_os_str().as_encoded_bytes().contains(&0))
        {
            return Err(Error::Config(format!("{} is not a path: name a file, or `:memory:`", path.display())));
        }
        let setup =
            Setup { place: Place::new(options.path), patience: options.busy_timeout, clock, hints: Hints::new() };
        Ok(Self { setup, state: Mutex::new(State::Untouched), opening: tokio::sync::Mutex::default() })
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

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.threads().await?.write(Duration::ZERO, work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        self.threads().await?.read(work).await
    }
}
