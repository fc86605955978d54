//! Fresh places for the stores of each driver, and what only their own tools can do to them.

mod postgres;
mod redis;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::model::{JobId, Step, WorkerId};
use dataqueue::storage::{Storage, StoreOptions, open};

pub use postgres::{Foreign, Postgres};
pub use redis::Redis;
pub use sqlite::{Memory, Sqlite, Still};

/// How long an impatient handle waits for another process.
pub const IMPATIENT: Duration = Duration::from_millis(20);

/// A driver and a place for one store of it.
#[async_trait]
pub trait Driver: Send + Sync + 'static {
    /// A place that nothing else uses; the store is not set up yet.
    fn fresh() -> Self
    where
        Self: Sized;

    /// How to open the store.
    fn options(&self) -> StoreOptions;

    /// A handle on the store: what another process would open.
    fn open(&self, options: StoreOptions) -> Arc<dyn Storage> {
        open(options).unwrap()
    }

    /// Makes what the store needs before it is opened.
    async fn prepare(&self) {}

    /// Brings the store to the newest version.
    async fn set_up(&self, store: &dyn Storage) {
        store.migrate(None).await.unwrap();
    }

    /// Removes the store, whatever state it is in.
    async fn remove(&self);

    /// Makes every insert and every change of a job of the type `poison` fail in the store; where a store cannot single
    /// out jobs, every change.
    async fn poison(&self);

    /// As [`Self::poison`], but where a store can, the change is refused only when it is committed.
    async fn poison_commits(&self) {
        self.poison().await;
    }

    /// Takes back [`Self::poison`] and [`Self::poison_commits`].
    async fn cure(&self);

    /// Makes the store look as if a later version of the library had migrated it, so that earlier ones cannot work with it if
    /// `breaking`.
    async fn make_newer(&self, breaking: bool);

    /// Makes a running job wait, as its handler would.
    async fn suspend(&self, id: JobId);

    /// Puts a job among those that may be claimed now, whatever its state, as a race may leave it there.
    async fn leave_behind(&self, id: JobId);

    /// Moves what is recorded of these jobs, their events too, into the past.
    async fn age(&self, ids: &[JobId], span: Duration);

    /// Makes a worker look as if it had been renewed last that long ago, for a lease that was over at once.
    async fn silence(&self, worker: WorkerId, span: Duration);

    /// Moves what is kept of traffic in these steps into the past.
    async fn age_traffic(&self, step: Step, span: Duration);

    /// Forgets when the lines of groups go on.
    async fn lose_openings(&self);

    /// The tables that hold a row of this job.
    async fn tables_that_name(&self, id: JobId) -> Vec<String>;

    /// Cuts the connections that the store's handles have to a server, or those of them that listen for hints.
    async fn cut(&self, which: Connections);

    /// Goes away for a moment: connections are cut, or another process has the store to itself for longer than an
    /// impatient handle waits.
    async fn go_away(&self) {
        self.cut(Connections::All).await;
    }
}

/// Which connections to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    All,
    Listening,
}

/// The tables that name jobs, each with its column for their ids. Those that a driver does not have are passed over.
const TABLES: [(&str, &str); 9] = [
    ("job_queue", "id"),
    ("job_ready", "job_id"),
    ("job_scheduled", "job_id"),
    ("job_leases", "job_id"),
    ("job_events", "job_id"),
    ("job_tags", "job_id"),
    ("job_bodies", "job_id"),
    ("job_watchers", "job_id"),
    ("job_terms", "job_id"),
];
