//! SQLite: on a file in a folder of its own, or in memory with a clock that has been moved.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::clock::{Clock, SystemClock, VirtualClock};
use dataqueue::model::{JobId, Step, WorkerId};
use dataqueue::storage::sqlite::SqliteStorage;
use dataqueue::storage::{SqliteOptions, Storage, StoreOptions, open};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Connections, Driver, IMPATIENT, TABLES};

/// A file.
pub type Sqlite = OnSqlite<InFolder>;

/// Everything in memory, in a process that has moved its clock.
pub type Memory = OnSqlite<InMemory<true>>;

/// Everything in memory, with a clock that stands still.
pub type Still = OnSqlite<InMemory<false>>;

/// A database at some place.
pub struct OnSqlite<P>(P);

/// Where a database is, and how a test gets at it.
#[async_trait]
pub trait Place: Send + Sync + 'static {
    fn fresh() -> Self;

    fn options(&self) -> SqliteOptions;

    fn open(&self, options: StoreOptions) -> Arc<dyn Storage>;

    /// Works on a connection that the test may do anything with.
    async fn with<T: Send + 'static>(&self, work: impl for<'c> FnOnce(&'c Connection) -> T + Send + 'static) -> T;
}

/// A file in a folder that goes with this value.
pub struct InFolder(Arc<TempDir>);

#[async_trait]
impl Place for InFolder {
    fn fresh() -> Self {
        Self(Arc::new(TempDir::with_prefix("dataqueue").unwrap()))
    }

    fn options(&self) -> SqliteOptions {
        let path = Some(self.0.path().join("jobs.db"));
        SqliteOptions { path, busy_timeout: Duration::from_secs(20), clock: None }
    }

    fn open(&self, options: StoreOptions) -> Arc<dyn Storage> {
        open(options).unwrap()
    }

    /// A connection of the test's own, closed again at once.
    async fn with<T: Send + 'static>(&self, work: impl for<'c> FnOnce(&'c Connection) -> T + Send + 'static) -> T {
        let path = self.0.path().join("jobs.db");
        tokio::task::spawn_blocking(move || {
            let connection = Connection::open(path).unwrap();
            connection.busy_timeout(Duration::from_secs(20)).unwrap();
            work(&connection)
        })
        .await
        .unwrap()
    }
}

/// A store that is its own place: whoever opens it gets the same.
pub struct InMemory<const TICKS: bool>(Arc<SqliteStorage>);

/// How far the clock of a store in memory is ahead of the machine's: whatever asks the wrong one is found out.
const AHEAD: Duration = Duration::from_secs(7 * 86_400);

#[async_trait]
impl<const TICKS: bool> Place for InMemory<TICKS> {
    fn fresh() -> Self {
        let clock = VirtualClock::new(SystemClock.now(), TICKS);
        clock.advance(AHEAD);
        let options = SqliteOptions { path: None, busy_timeout: Duration::ZERO, clock: Some(clock) };
        Self(Arc::new(SqliteStorage::new(options).unwrap()))
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions { path: None, busy_timeout: Duration::ZERO, clock: self.0.virtual_clock().cloned() }
    }

    fn open(&self, _options: StoreOptions) -> Arc<dyn Storage> {
        Arc::clone(&self.0) as Arc<dyn Storage>
    }

    /// The store's own connection.
    async fn with<T: Send + 'static>(&self, work: impl for<'c> FnOnce(&'c Connection) -> T + Send + 'static) -> T {
        self.0.with_connection(|connection| Ok(work(connection))).await.unwrap()
    }
}

impl<P: Place> OnSqlite<P> {
    async fn run(&self, sql: impl Into<String>) {
        let sql = format!("savepoint test; {}; release test", sql.into());
        self.0.with(move |connection| connection.execute_batch(&sql).unwrap()).await;
    }
}

#[async_trait]
impl<P: Place> Driver for OnSqlite<P> {
    fn fresh() -> Self {
        Self(P::fresh())
    }

    fn options(&self) -> StoreOptions {
        StoreOptions::Sqlite(self.0.options())
    }

    fn open(&self, options: StoreOptions) -> Arc<dyn Storage> {
        self.0.open(options)
    }

    async fn remove(&self) {}

    async fn poison(&self) {
        self.run(
            "create trigger poison_insert before insert on job_queue when new.job_type = 'poison' \
             begin select raise(abort, 'poison'); end;
             create trigger poison_update before update on job_queue when new.job_type = 'poison' \
             begin select raise(abort, 'poison'); end",
        )
        .await;
    }

    async fn cure(&self) {
        self.run("drop trigger poison_insert; drop trigger poison_update").await;
    }

    async fn make_newer(&self, breaking: bool) {
        let name = if breaking { "breaking_later" } else { "later" };
        let ledger = "insert into dataqueue_migrations (version, name, applied_at)";
        self.run(format!("{ledger} values (99, '{name}', 0)")).await;
    }

    async fn suspend(&self, id: JobId) {
        self.run(format!(
            "delete from job_leases where job_id = {id};
             update job_queue set status = 'waiting', wait_until = updated_at + 3600000000, locked_at = null, \
             locked_by = null where id = {id};
             insert into job_events (job_id, event_type, created_at) \
             select id, 'waiting', updated_at from job_queue where id = {id}"
        ))
        .await;
    }

    async fn leave_behind(&self, id: JobId) {
        self.run(format!(
            "insert into job_ready (job_id, due_at, priority, is_retry, job_type) \
             select id, created_at, priority, 0, job_type from job_queue where id = {id}"
        ))
        .await;
    }

    async fn age(&self, ids: &[JobId], span: Duration) {
        let back = span.as_micros();
        let times = ["created_at", "updated_at", "locked_at", "started_at", "completed_at", "last_failed_at"];
        let moved = times.map(|column| format!("{column} = {column} - {back}")).join(", ");
        self.run(format!(
            "update job_queue set {moved} where id in ({0});
             update job_events set created_at = created_at - {back} where job_id in ({0})",
            list(ids)
        ))
        .await;
    }

    async fn silence(&self, worker: WorkerId, span: Duration) {
        let now = self.0.options().clock.map_or_else(|| SystemClock.now(), |clock| clock.now());
        let then = now.minus(span).as_micros();
        self.run(format!(
            "update job_workers set renewed_at = {then} where id = {worker};
             update job_workers set expires_at = renewed_at where id = {worker}"
        ))
        .await;
    }

    async fn age_traffic(&self, step: Step, span: Duration) {
        let (step, span) = (step.seconds(), span.as_micros());
        self.run(format!("update job_traffic set at = at - {span} where step = {step}")).await;
    }

    async fn lose_openings(&self) {
        self.run("update job_groups set opens_at = null").await;
    }

    async fn tables_that_name(&self, id: JobId) -> Vec<String> {
        self.0
            .with(move |connection| {
                let holds = |sql: String| connection.prepare(&sql).unwrap().exists([]).unwrap();
                TABLES
                    .into_iter()
                    .filter(|(table, _)| holds(format!("select 1 from sqlite_schema where name = '{table}'")))
                    .filter(|(table, column)| holds(format!("select 1 from {table} where {column} = {id}")))
                    .map(|(table, _)| table.to_owned())
                    .collect()
            })
            .await
    }

    /// There is no server, and so nothing to cut.
    async fn cut(&self, _which: Connections) {}

    #[allow(clippy::disallowed_methods, reason = "the lock is held for longer than an impatient handle waits for it")]
    async fn go_away(&self) {
        self.0
            .with(|connection| {
                connection.execute_batch("begin immediate").unwrap();
                thread::sleep(3 * IMPATIENT);
                connection.execute_batch("rollback").unwrap();
            })
            .await;
    }
}

fn list(ids: &[JobId]) -> String {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    ids.join(",")
}
