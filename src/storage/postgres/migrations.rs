//! Running migrations, and refusing a schema that is not what this library needs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::PostgresStorage;
use super::faults::Attempt;
use super::rows::Reader;
use super::session::Session;
use super::statements::fingerprint;
use crate::error::{Error, Result};
use crate::storage::migrate::{self, ADOPT, ADOPTED, Applied, POSTGRES};
use crate::storage::{MigrationState, MigrationStep};

/// How long a migration may take, and wait for another one.
const PATIENCE: Duration = Duration::from_secs(3600);

impl PostgresStorage {
    pub(super) async fn check_schema(&self, session: &Session) -> Result<()> {
        migrate::check(POSTGRES, &self.applied(session).await?, Some(&self.options.schema))
    }

    pub(super) async fn applied_migrations(&self) -> Result<MigrationState> {
        let session = self.unchecked_session().await?;
        Ok(migrate::state(POSTGRES, self.applied(&session).await?))
    }

    async fn applied(&self, session: &Session) -> Result<Applied> {
        match session.query(&self.statements.applied, &[]).await {
            Err(fault) if fault.names_nothing() => Ok(Applied::default()),
            Err(fault) => Err(fault.into()),
            Ok(rows) => {
                let mut applied = Applied::default();
                for row in &rows {
                    let mut reader = Reader::new(row, 0);
                    let (version, is_breaking) = (reader.take()?, reader.take()?);
                    if version == ADOPTED {
                        applied.adopted = true;
                        continue;
                    }
                    applied.versions.push(version);
                    applied.breaking = if is_breaking { version } else { applied.breaking };
                }
                Ok(applied)
            }
        }
    }

    pub(super) async fn run_migrations(&self, target: Option<i32>, adopt: bool) -> Result<Vec<MigrationStep>> {
        let session = self.unchecked_session().await?.with_patience(PATIENCE);
        session.begin().await?;
        let steps = match self.migrate_within(&session, target, adopt).await {
            Ok(steps) => steps,
            Err(error) => {
                // If this fails too, the connection is closed, which rolls back as well.
                let _ = session.roll_back().await;
                return Err(error);
            }
        };
        session.commit().await?;
        self.checked.store(false, Ordering::Relaxed);
        // Plans prepared for the old tables go with their connections.
        drop(session);
        self.connections.pool.retain(|_, _| false);
        Ok(steps)
    }

    /// One transaction under a lock of this schema's own, so that two processes run each step once.
    async fn migrate_within(&self, session: &Session, target: Option<i32>, adopt: bool) -> Result<Vec<MigrationStep>> {
        session.batch("SET LOCAL statement_timeout = 0").await?;
        let lock = fingerprint(&format!("dataqueue migrations of {}", self.names.schema)).cast_signed();
        session.query_once("SELECT pg_advisory_xact_lock($1)", &[Type::INT8], &[&lock]).await?;
        self.prepare_schema(session).await?;
        let plan = migrate::plan(POSTGRES, &self.applied(session).await?, target)?;
        let is_first = plan.first().is_some_and(|(step, up)| *up && step.version == 1);
        let adopts = is_first && self.has_jobs(session).await?;
        if adopts && !adopt {
            return Err(Error::Invalid(format!(
                "the schema {} has a table job_queue that this library did not make: choose another schema, or, if it is one of \
                 the TypeScript library, take it over with `dataqueue migrate up --adopt`",
                self.names.schema
            )));
        }
        let aside = format!("dataqueue_adopting_{:016x}", fingerprint(&self.names.schema));
        let adopting = |sql: &str| self.names.render(sql, &[("{aside}", &aside)]);
        let (before, after) = ADOPT;
        if adopts {
            session.batch(&adopting(before)).await?;
        }
        let mut steps = Vec::new();
        for (step, up) in plan {
            let sql = self.names.render(if up { step.up } else { step.down }, &[]);
            session.batch(&sql).await?;
            if up {
                let insert =
                    self.names.render("INSERT INTO {schema}.dataqueue_migrations (version, name) VALUES ($1, $2)", &[]);
                session.query_once(&insert, &[Type::INT4, Type::TEXT], &[&step.version, &step.name]).await?;
            } else {
                let delete = self.names.render("DELETE FROM {schema}.dataqueue_migrations WHERE version = $1", &[]);
                session.query_once(&delete, &[Type::INT4], &[&step.version]).await?;
            }
            steps.push(MigrationStep { version: step.version, name: step.name.to_owned(), sql });
        }
        for sql in after.iter().filter(|_| adopts) {
            session.batch(&adopting(sql)).await?;
        }
        Ok(steps)
    }

    async fn has_jobs(&self, session: &Session) -> Attempt<bool> {
        let exists = "SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'job_queue'";
        Ok(!session.query_once(exists, &[Type::TEXT], &[&self.options.schema]).await?.is_empty())
    }

    /// Makes the schema and the table of migrations where they are missing: making them needs rights that a role may lack
    /// when they are there.
    async fn prepare_schema(&self, session: &Session) -> Attempt<()> {
        let exists = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";
        if session.query_once(exists, &[Type::TEXT], &[&self.options.schema]).await?.is_empty() {
            session.batch(&self.names.render("CREATE SCHEMA {schema}", &[])).await?;
        }
        let exists = "SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'dataqueue_migrations'";
        if session.query_once(exists, &[Type::TEXT], &[&self.options.schema]).await?.is_empty() {
            let table = "CREATE TABLE {schema}.dataqueue_migrations (version integer PRIMARY KEY, name text NOT NULL, \
                         applied_at timestamptz NOT NULL DEFAULT now())";
            session.batch(&self.names.render(table, &[])).await?;
        }
        Ok(())
    }
}
