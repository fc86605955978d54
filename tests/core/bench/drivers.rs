//! Fresh places for the stores of each driver.

use std::env;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::storage::{PostgresOptions, SqliteOptions, StoreOptions, Tls};
use tempfile::TempDir;
use tokio_postgres::NoTls;
use tokio_postgres::config::Host;

/// The variable with the URL of the server that the tests use.
const POSTGRES_VARIABLE: &str = "DATAQUEUE_TEST_POSTGRES_URL";
/// Set when that URL leads through PgBouncer in transaction mode.
const PGBOUNCER_VARIABLE: &str = "DATAQUEUE_TEST_PGBOUNCER";

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

    /// Runs SQL on a connection of the test's own, which is closed again at once; tables need no schema before them.
    async fn run(&self, sql: &str);

    /// Removes the store, whatever state it is in.
    async fn remove(&self);

    /// Goes away for a moment: connections are cut, or another process has the store to itself for longer than an
    /// impatient handle waits.
    async fn go_away(&self);

    /// Makes every insert and every change of a job of the type `poison` fail in the store.
    async fn poison(&self);

    /// Makes the store look as if a later version of the library had migrated it.
    async fn make_newer(&self);
}

/// A schema of its own in the database that the environment names.
pub struct Postgres {
    config: tokio_postgres::Config,
    schema: String,
}

#[async_trait]
impl Driver for Postgres {
    fn fresh() -> Self {
        let Ok(url) = env::var(POSTGRES_VARIABLE) else {
            panic!("${POSTGRES_VARIABLE} is not set: run the tests with `python -m tests.servers -- cargo test`");
        };
        let config = url.parse().unwrap_or_else(|error| panic!("${POSTGRES_VARIABLE} cannot be read: {error}"));
        Self { config, schema: format!("t_{:016x}", rand::random::<u64>()) }
    }

    fn options(&self) -> StoreOptions {
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.to_string_lossy().into_owned(),
        };
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or_else(|| ports.first()).copied().unwrap_or(5432);
        let hosts = self.config.get_hosts().iter().enumerate().map(|(at, host)| (name(host), port(at))).collect();
        StoreOptions::Postgres(Box::new(PostgresOptions {
            hosts,
            user: self.config.get_user().unwrap_or("postgres").to_owned(),
            password: self.config.get_password().map(|password| String::from_utf8_lossy(password).into_owned()),
            database: self.config.get_dbname().unwrap_or("postgres").to_owned(),
            tls: Tls::default(),
            schema: self.schema.clone(),
            pool_min: 0,
            pool_max: 8,
            connect_timeout: Duration::from_secs(20),
            statement_timeout: Duration::from_secs(60),
            pgbouncer: env::var_os(PGBOUNCER_VARIABLE).is_some(),
            application_name: format!("dataqueue {}", self.schema),
            options: None,
        }))
    }

    async fn run(&self, sql: &str) {
        let (client, connection) = self.config.connect(NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        client.batch_execute(&format!("set local search_path to {}; {sql}", self.schema)).await.unwrap();
        drop(client);
        driven.await.unwrap().unwrap();
    }

    async fn remove(&self) {
        let schema = &self.schema;
        self.run(&format!("set local client_min_messages = warning; drop schema if exists {schema} cascade")).await;
    }

    async fn go_away(&self) {
        self.run(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dataqueue {}'",
            self.schema
        ))
        .await;
    }

    async fn poison(&self) {
        self.run(
            "create function poison() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
             create trigger poison before insert or update on job_queue for each row \
             when (new.job_type = 'poison') execute function poison();",
        )
        .await;
    }

    async fn make_newer(&self) {
        self.run("insert into dataqueue_migrations (version, name) values (99, 'later')").await;
    }
}

/// A file in a folder of its own.
pub struct Sqlite {
    folder: Arc<TempDir>,
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

    async fn run(&self, sql: &str) {
        let (path, sql) = (self.folder.path().join("jobs.db"), sql.to_owned());
        tokio::task::spawn_blocking(move || {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.busy_timeout(Duration::from_secs(20)).unwrap();
            connection.execute_batch(&sql).unwrap();
        })
        .await
        .unwrap();
    }

    /// The folder goes with this value.
    async fn remove(&self) {}

    #[allow(clippy::disallowed_methods, reason = "the lock is held for longer than an impatient handle waits for it")]
    async fn go_away(&self) {
        let path = self.folder.path().join("jobs.db");
        tokio::task::spawn_blocking(move || {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.busy_timeout(Duration::from_secs(20)).unwrap();
            connection.execute_batch("begin immediate").unwrap();
            thread::sleep(3 * IMPATIENT);
            connection.execute_batch("rollback").unwrap();
        })
        .await
        .unwrap();
    }

    async fn poison(&self) {
        self.run(
            "create trigger poison_insert before insert on job_queue when new.job_type = 'poison' \
             begin select raise(abort, 'poison'); end;
             create trigger poison_update before update on job_queue when new.job_type = 'poison' \
             begin select raise(abort, 'poison'); end;",
        )
        .await;
    }

    async fn make_newer(&self) {
        self.run("insert into dataqueue_migrations (version, name, applied_at) values (99, 'later', 0)").await;
    }
}
