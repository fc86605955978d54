//! One connection during one call: statements with a deadline, transactions that cannot be left half done.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Client, Object, Pool};
use futures_util::future::{BoxFuture, join_all};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::faults::{Attempt, Fault};
use super::statements::Statement;
use crate::error::Error;

/// The parameters of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection of the pool. It goes back to the pool when dropped, unless it is in an unknown state: then it is closed, and
/// the server rolls back.
pub(super) struct Session {
    client: Option<Client>,
    pool: Pool,
    /// Named statements do not survive a transaction pooler.
    unnamed: bool,
    patience: Duration,
    broken: AtomicBool,
}

impl Session {
    pub(super) fn new(client: Client, pool: Pool, unnamed: bool, patience: Duration) -> Self {
        Self { client: Some(client), pool, unnamed, patience, broken: AtomicBool::new(false) }
    }

    /// Runs one statement.
    pub(super) async fn query(&self, statement: &Statement, params: Params<'_>) -> Attempt<Vec<Row>> {
        self.within(async {
            if self.unnamed {
                return self.query_text(&statement.sql, &statement.types, params).await;
            }
            let client = self.client()?;
            let prepared = client.prepare_typed_cached(&statement.sql, &statement.types).await?;
            Ok(client.query(&prepared, params).await?)
        })
        .await
    }

    /// Runs text that is not worth preparing, in one round trip and planned for its parameters.
    pub(super) async fn query_once(&self, sql: &str, types: &[Type], params: Params<'_>) -> Attempt<Vec<Row>> {
        self.within(self.query_text(sql, types, params)).await
    }

    /// As [`Self::query_once`], for the number of rows.
    pub(super) async fn execute_once(&self, sql: &str, types: &[Type], params: Params<'_>) -> Attempt<u64> {
        let typed: Vec<_> = params.iter().copied().zip(types.iter().cloned()).collect();
        self.within(async { Ok(self.client()?.execute_typed(sql, &typed).await?) }).await
    }

    async fn query_text(&self, sql: &str, types: &[Type], params: Params<'_>) -> Attempt<Vec<Row>> {
        let typed: Vec<_> = params.iter().copied().zip(types.iter().cloned()).collect();
        Ok(self.client()?.query_typed(sql, &typed).await?)
    }

    /// Runs statements without parameters or results.
    pub(super) async fn batch(&self, sql: &str) -> Attempt<()> {
        self.within(async { Ok(self.client()?.batch_execute(sql).await?) }).await
    }

    /// Sends several statements at once, each a transaction of its own; the results are in order.
    pub(super) async fn pipeline(
        &self,
        statements: &[(&Statement, Params<'_>)],
    ) -> Attempt<Vec<Result<Vec<Row>, Fault>>> {
        self.prepare(statements).await?;
        Ok(join_all(statements.iter().map(|(statement, params)| self.query(statement, params))).await)
    }

    /// Sends several statements at once as one transaction. All is sent before anything is waited for, so a caller that
    /// gives up leaves no transaction open.
    pub(super) async fn transaction(&self, statements: &[(&Statement, Params<'_>)]) -> Attempt<Vec<Vec<Row>>> {
        if let [(statement, params)] = statements {
            return Ok(vec![self.query(statement, params).await?]);
        }
        self.prepare(statements).await?;
        let mut all: Vec<BoxFuture<'_, Attempt<Vec<Row>>>> = Vec::with_capacity(statements.len() + 2);
        all.push(Box::pin(async { self.batch("BEGIN").await.map(|()| Vec::new()) }));
        for &(statement, params) in statements {
            all.push(Box::pin(self.query(statement, params)));
        }
        all.push(Box::pin(async { self.batch("COMMIT").await.map(|()| Vec::new()) }));
        let mut results = join_all(all).await;
        let committed = results.pop();
        // A statement that failed tells more than the end of its transaction.
        let rows = results.drain(1..).collect::<Attempt<Vec<_>>>()?;
        committed.transpose()?;
        Ok(rows)
    }

    /// Prepares what is not prepared yet, so that nothing has to be waited for between the statements of a pipeline.
    async fn prepare(&self, statements: &[(&Statement, Params<'_>)]) -> Attempt<()> {
        if self.unnamed {
            return Ok(());
        }
        for (statement, _) in statements {
            self.within(async { Ok(self.client()?.prepare_typed_cached(&statement.sql, &statement.types).await?) })
                .await?;
        }
        Ok(())
    }

    /// Opens a transaction that is told statement by statement. Dropping the session before [`Self::commit`] closes the
    /// connection, and with it the transaction.
    pub(super) async fn begin(&self) -> Attempt<()> {
        self.broken.store(true, Ordering::Relaxed);
        self.batch("BEGIN").await
    }

    /// Commits what [`Self::begin`] opened.
    pub(super) async fn commit(&self) -> Attempt<()> {
        self.batch("COMMIT").await?;
        self.broken.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Rolls back what [`Self::begin`] opened.
    pub(super) async fn roll_back(&self) -> Attempt<()> {
        self.batch("ROLLBACK").await?;
        self.broken.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the connection unfit for others until [`Self::restore`].
    pub(super) fn taint(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Takes back [`Self::taint`].
    pub(super) fn restore(&self) {
        self.broken.store(false, Ordering::Relaxed);
    }

    /// Waits longer than for a statement of everyday.
    pub(super) fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = self.patience.max(patience);
        self
    }

    /// Waits no longer than this.
    pub(super) fn with_haste(mut self, patience: Duration) -> Self {
        self.patience = self.patience.min(patience);
        self
    }

    /// Whether named statements and session settings are to be avoided.
    pub(super) fn is_pooled(&self) -> bool {
        self.unnamed
    }

    fn client(&self) -> Attempt<&Client> {
        self.client.as_ref().ok_or_else(|| Error::Closed.into())
    }

    async fn within<T>(&self, work: impl Future<Output = Attempt<T>>) -> Attempt<T> {
        if let Ok(result) = timeout(self.patience, work).await {
            result
        } else {
            self.broken.store(true, Ordering::Relaxed);
            // What made this connection silent did so to others that nobody uses right now.
            self.pool.retain(|_, _| false);
            Err(Fault::Late(self.patience))
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.broken.load(Ordering::Relaxed)
        {
            drop(Object::take(client));
        }
    }
}

/// How often a transaction that lost a race is tried again.
const TRIES: u32 = 5;

/// Counts the tries of one transaction.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether to try again after this fault, having waited a little.
    pub(super) async fn again(&mut self, fault: &Fault) -> bool {
        self.0 += 1;
        let again = fault.lost_a_race() && self.0 < TRIES;
        if again {
            tokio::time::sleep(Duration::from_millis(5).mul_f64(rand::random::<f64>() * f64::from(self.0))).await;
        }
        again
    }
}
