//! PostgreSQL, in the database that the environment names.

use std::env;
use std::time::Duration;

use async_trait::async_trait;
use dataqueue::model::{JobId, Step, WorkerId};
use dataqueue::storage::{PostgresOptions, Storage, StoreOptions, Tls};
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{NoTls, Row};

use super::{Connections, Driver, TABLES};

/// The variable with the URL of the server that the tests use.
const URL_VARIABLE: &str = "DATAQUEUE_TEST_POSTGRES_URL";
/// Set when that URL leads through PgBouncer in transaction mode.
const PGBOUNCER_VARIABLE: &str = "DATAQUEUE_TEST_PGBOUNCER";

/// Set to `released` or `latest` when each schema is to be one of the TypeScript library that was adopted.
const ADOPTED_VARIABLE: &str = "DATAQUEUE_TEST_ADOPTED";

/// A schema of the TypeScript library.
#[derive(Debug, Clone, Copy)]
pub enum Foreign {
    /// Of its release 1.24.
    Released,
    /// Of its latest source.
    Latest,
}

/// How often a schema is tried to be removed that others still use.
const REMOVALS: usize = 10;

/// A schema of its own.
pub struct Postgres {
    config: tokio_postgres::Config,
    schema: String,
}

impl Postgres {
    /// Runs SQL on a connection of the test's own, closed again at once; `SCHEMA` stands for the schema.
    pub async fn query(&self, sql: &str) -> Vec<Row> {
        self.attempt(sql).await.unwrap()
    }

    async fn attempt(&self, sql: &str) -> Result<Vec<Row>, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        let rows = client.query_typed(&sql.replace("SCHEMA", &self.schema), &[]).await;
        drop(client);
        driven.await.unwrap().unwrap();
        rows
    }

    /// Whether a query says so.
    pub async fn is_true(&self, sql: &str) -> bool {
        self.query(sql).await[0].get(0)
    }

    /// Makes the tables of the TypeScript library.
    pub async fn make_foreign(&self, kind: Foreign) {
        self.run_all("create schema SCHEMA").await;
        self.run_all(include_str!("../../adopting/released.sql")).await;
        if matches!(kind, Foreign::Latest) {
            self.run_all(include_str!("../../adopting/latest.sql")).await;
        }
    }

    /// Runs several statements.
    pub async fn run_all(&self, sql: &str) {
        let (client, connection) = self.config.connect(NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        client.batch_execute(&sql.replace("SCHEMA", &self.schema)).await.unwrap();
        drop(client);
        driven.await.unwrap().unwrap();
    }

    async fn run(&self, statements: &[&str]) {
        for sql in statements {
            self.query(sql).await;
        }
    }

    /// The name that the server shows for the connections of this place's stores.
    fn application(&self) -> String {
        format!("dataqueue tests of {}", self.schema)
    }
}

#[async_trait]
impl Driver for Postgres {
    fn fresh() -> Self {
        let Ok(url) = env::var(URL_VARIABLE) else {
            panic!("${URL_VARIABLE} is not set: run the tests with `python -m tests.servers -- cargo test`");
        };
        let config = url.parse().unwrap_or_else(|error| panic!("${URL_VARIABLE} cannot be read: {error}"));
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
            application_name: self.application(),
            options: None,
        }))
    }

    async fn set_up(&self, store: &dyn Storage) {
        let Some(kind) = env::var_os(ADOPTED_VARIABLE) else {
            store.migrate(None).await.unwrap();
            return;
        };
        self.make_foreign(if kind == "released" { Foreign::Released } else { Foreign::Latest }).await;
        store.adopt().await.unwrap();
    }

    async fn remove(&self) {
        // A call that a test let go at its very end may still lock the tables in an order of its own.
        for _ in 0..REMOVALS {
            match self.attempt("drop schema if exists SCHEMA cascade").await {
                Ok(_) => return,
                Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => {}
                Err(error) => panic!("the schema could not be removed: {error:?}"),
            }
        }
        panic!("the schema could not be removed: its tables stay locked");
    }

    async fn poison(&self) {
        self.run(&[
            "create function SCHEMA.poison() returns trigger language plpgsql as \
             $$ begin raise exception 'poison'; end $$",
            "create trigger poison before insert or update on SCHEMA.job_queue for each row \
             when (new.job_type = 'poison') execute function SCHEMA.poison()",
        ])
        .await;
    }

    async fn poison_commits(&self) {
        self.run(&[
            "create function SCHEMA.poison() returns trigger language plpgsql as \
             $$ begin raise exception 'poison'; end $$",
            "create constraint trigger poison after insert or update on SCHEMA.job_queue deferrable initially deferred \
             for each row when (new.job_type = 'poison') execute function SCHEMA.poison()",
        ])
        .await;
    }

    async fn cure(&self) {
        self.run(&["drop function SCHEMA.poison cascade"]).await;
    }

    async fn make_newer(&self, breaking: bool) {
        let name = if breaking { "breaking_later" } else { "later" };
        self.run(&[&format!("insert into SCHEMA.dataqueue_migrations (version, name) values (99, '{name}')")]).await;
    }

    async fn suspend(&self, id: JobId) {
        self.run(&[
            &format!(
                "update SCHEMA.job_queue set status = 'waiting', wait_until = now() + interval '1 hour', \
                 locked_at = null, locked_by = null, updated_at = now() where id = {id}"
            ),
            &format!("insert into SCHEMA.job_events (job_id, event_type) values ({id}, 'waiting')"),
        ])
        .await;
    }

    async fn leave_behind(&self, id: JobId) {
        self.run(&[&format!(
            "insert into SCHEMA.job_ready (job_id, due_at, rank, retrying, job_type) \
             select id, created_at, ~priority, false, job_type from SCHEMA.job_queue where id = {id}"
        )])
        .await;
    }

    async fn age(&self, ids: &[JobId], span: Duration) {
        let back = format!("interval '{} seconds'", span.as_secs());
        let times = ["created_at", "updated_at", "locked_at", "started_at", "completed_at", "last_failed_at"];
        let moved = times.map(|column| format!("{column} = {column} - {back}")).join(", ");
        self.run(&[
            &format!("update SCHEMA.job_queue set {moved} where id = any('{}')", array(ids)),
            // A batch may tell of jobs that are not to be moved.
            &format!(
                "insert into SCHEMA.job_events (id, job_id, created_at, event_type) overriding system value \
                 select b.id, j.id, b.created_at, b.event_type from SCHEMA.job_queue j join SCHEMA.job_event_batches b \
                 on b.id in (j.added_event, j.claimed_event, j.completed_event) where j.id = any('{}')",
                array(ids)
            ),
            &format!(
                "update SCHEMA.job_queue set added_event = null, claimed_event = null, completed_event = null \
                 where id = any('{}')",
                array(ids)
            ),
            &format!(
                "update SCHEMA.job_events set created_at = created_at - {back} where job_id = any('{}')",
                array(ids)
            ),
        ])
        .await;
    }

    async fn silence(&self, worker: WorkerId, span: Duration) {
        let then = format!("now() - interval '{} seconds'", span.as_secs());
        let sql = format!("update SCHEMA.job_workers set renewed_at = {then}, expires_at = {then} where id = {worker}");
        self.run(&[&sql]).await;
    }

    async fn age_traffic(&self, step: Step, span: Duration) {
        let (step, span) = (step.seconds(), span.as_secs());
        let sql = format!("update SCHEMA.job_traffic set at = at - interval '{span} seconds' where step = {step}");
        self.run(&[&sql]).await;
    }

    async fn lose_openings(&self) {
        self.run(&["update SCHEMA.job_groups set opens_at = null"]).await;
    }

    async fn tables_that_name(&self, id: JobId) -> Vec<String> {
        let mut named = Vec::new();
        for (table, column) in TABLES {
            let there = format!("select to_regclass('SCHEMA.{table}') is not null");
            if self.query(&there).await[0].get(0)
                && !self.query(&format!("select 1 from SCHEMA.{table} where {column} = {id}")).await.is_empty()
            {
                named.push(table.to_owned());
            }
        }
        named
    }

    async fn cut(&self, which: Connections) {
        let only = if which == Connections::Listening { "and query like '%LISTEN%'" } else { "" };
        let application = self.application();
        self.run(&[&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{application}' {only}"
        )])
        .await;
    }
}

fn array(ids: &[JobId]) -> String {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    format!("{{{}}}", ids.join(","))
}
