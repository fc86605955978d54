//! SQLite, on a file in a folder of its own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::model::{JobId, WorkerId};
use dataqueue::storage::{SqliteOptions, StoreOptions};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Connections, Driver, IMPATIENT, TABLES};

/// A file in a folder that goes with this value.
pub struct Sqlite {
    folder: Arc<TempDir>,
}

impl Sqlite {
    /// Works on a connection of the test's own, closed again at once.
    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> T + Send + 'static) -> T {
        let path = self.folder.path().join("jobs.db");
        tokio::task::spawn_blocking(move || {
            let connection = Connection::open(path).unwrap();
            connection.busy_timeout(Duration::from_secs(20)).unwrap();
            work(&connection)
        })
        .await
        .unwrap()
    }

    async fn run(&self, sql: impl Into<String>) {
        let sql = format!("begin immediate; {}; commit", sql.into());
        self.with(move |connection| connection.execute_batch(&sql).unwrap()).await;
    }
}

#[async_trait]
impl Driver for Sqlite {
    fn fresh() -> Self {
        Self { folder: Arc::new(TempDir::with_prefix("dataqueue").unwrap()) }
    }

    fn options(&self) -> StoreOptions {
        let path = Some(self.folder.path().join("jobs.db"));
        StoreOptions::Sqlite(SqliteOptions { path, busy_timeout: Duration::from_secs(20) })
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

    async fn make_newer(&self) {
        self.run("insert into dataqueue_migrations (version, name, applied_at) values (99, 'later', 0)").await;
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
        let back = span.as_micros();
        self.run(format!(
            "update job_workers set renewed_at = cast(unixepoch('subsec') * 1000000 as integer) - {back} \
             where id = {worker};
             update job_workers set expires_at = renewed_at where id = {worker}"
        ))
        .await;
    }

    async fn tables_that_name(&self, id: JobId) -> Vec<String> {
        self.with(move |connection| {
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
        self.with(|connection| {
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
