//! The PostgreSQL driver.
//!
//! The wide `job_queue` row holds a job and its true status. What may be claimed now stands in `job_ready`, what falls due later in
//! `job_scheduled`, what runs in
//! `job_claims`, a row for each claim: narrow tables, so that a finished job is in nobody's way.
//!
//! Locks are taken in one order everywhere: worker, ready or scheduled row, claim, job. Where two transactions still
//! wait for each other, the server ends one and it is tried again.

mod bounds;
mod changes;
mod claim;
mod claims;
mod combine;
mod deleting;
mod dependents;
mod durability;
mod enqueue;
mod external;
mod faults;
mod filter;
mod find;
mod flow;
mod inspect;
mod joined;
mod letters;
mod listen;
mod look;
mod migrations;
mod notes;
mod plans;
mod pool;
mod queries;
mod receive;
mod rows;
mod schedules;
mod session;
mod settle;
mod statements;
mod storage;
mod tail;
mod terms;
mod ties;
mod tls;
mod tokens;
mod traffic;
mod unique;
mod upkeep;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::error::{Error, Result};
use crate::lock::Mutex;
use crate::storage::PostgresOptions;
use crate::storage::hub::Hub;
use bounds::Bounds;
use claims::Claims;
use combine::Combiner;
use pool::Connections;
use session::Session;
use statements::{Names, Statements};
use ties::Tied;

/// A store of jobs in a PostgreSQL database, version 13 or later.
pub struct PostgresStorage {
    options: PostgresOptions,
    names: Names,
    statements: Statements,
    connections: Connections,
    hub: Arc<Hub>,
    /// The payload of this storage's own notifications. Children of one process may draw the same random numbers.
    own_payload: String,
    /// Whether the schema was seen to be what this library needs.
    checked: AtomicBool,
    closed: AtomicBool,
    /// When the next scheduled job falls due, as the last claim saw it.
    next_due: Mutex<Option<Instant>>,
    /// How far the sweep of waiting jobs has come.
    waits_seen: Mutex<Option<String>>,
    /// How far the sweep of jobs that others wait for has come.
    dependents_seen: Mutex<i64>,
    bounds: Bounds,
    /// Whether the last claim saw that there are limits or pauses.
    limited: AtomicBool,
    claims: Claims,
    tied: Tied,
    combiner: Combiner,
    listener: OnceLock<watch::Receiver<bool>>,
    teller: OnceLock<()>,
    keeper: OnceLock<()>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl PostgresStorage {
    /// Makes a store from options. Nothing is connected before the first call.
    ///
    /// # Errors
    /// [`Error::Config`] for options that cannot be used, such as a certificate that cannot be read.
    pub fn new(options: Box<PostgresOptions>) -> Result<Self> {
        if options.schema.is_empty() || options.schema.contains('\0') || options.schema.len() > 63 {
            return Err(Error::Config(format!(
                "schema is {:?}: it needs 1 to 63 bytes, none of them NUL",
                options.schema
            )));
        }
        let names = Names::new(&options.schema);
        Ok(Self {
            statements: Statements::new(&names),
            connections: Connections::new(&options)?,
            names,
            hub: Hub::new(),
            own_payload: format!("w{:08x}{:016x}", std::process::id(), rand::random::<u64>()),
            checked: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            next_due: Mutex::new(None),
            waits_seen: Mutex::default(),
            dependents_seen: Mutex::default(),
            bounds: Bounds::default(),
            limited: AtomicBool::new(false),
            claims: Claims::default(),
            tied: Tied::default(),
            combiner: Combiner::default(),
            listener: OnceLock::new(),
            teller: OnceLock::new(),
            keeper: OnceLock::new(),
            tasks: Mutex::default(),
            options: *options,
        })
    }

    /// A connection to a schema that is as this library needs it.
    async fn session(&self) -> Result<Session> {
        let session = self.unchecked_session().await?;
        if !self.checked.load(Ordering::Relaxed) {
            self.check_schema(&session).await?;
            self.checked.store(true, Ordering::Relaxed);
            self.keeper.get_or_init(|| self.spawn(self.connections.clone().keep()));
        }
        Ok(session)
    }

    async fn unchecked_session(&self) -> Result<Session> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        Ok(self.connections.session().await?)
    }

    /// Runs a task until the store is closed or dropped.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let handle = tokio::spawn(task).abort_handle();
        let mut tasks = self.tasks.lock();
        if self.closed.load(Ordering::Acquire) {
            handle.abort();
        }
        tasks.push(handle);
    }

    fn shut_down(&self) {
        self.closed.store(true, Ordering::Release);
        self.tasks.lock().drain(..).for_each(|task| task.abort());
        self.connections.pool.close();
    }
}

impl Drop for PostgresStorage {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl fmt::Debug for PostgresStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStorage").field("options", &self.options).finish_non_exhaustive()
    }
}
