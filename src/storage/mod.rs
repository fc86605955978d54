//! The stores: one trait, [`Storage`], and a driver for each backend. This file alone lists the drivers.

mod bulk;
mod dependencies;
mod driver;
mod edits;
mod external;
mod extras;
mod flow;
mod hooks;
mod hub;
mod inspection;
mod letters;
pub mod migrate;
mod observed;
mod options;
mod parts;
#[doc(hidden)]
pub mod plans;
pub mod postgres;
pub mod redis;
mod reports;
mod schedules;
pub mod sqlite;
mod tailing;
mod telling;
mod traffic;
pub mod url;
mod waiting;

use std::sync::Arc;

pub use bulk::{
    change_all, change_in_steps, expire_all_tokens, prune_all_events, prune_all_jobs, prune_all_payloads,
    prune_all_tokens, reclaim_all_stuck, retry_all_spaced, retry_in_steps,
};
pub use driver::{Capabilities, MigrationState, MigrationStep, Storage, Wakes, Watch};
pub use external::ExternalAdd;
pub use hooks::{Happened, Hooks};
pub use observed::Observed;
pub use options::{
    PostgresOptions, RedisAddress, RedisOptions, RedisSentinel, RedisTls, SqliteOptions, StoreOptions, Tls, TlsMode,
};
pub use schedules::{
    Round, add_schedule, edit_schedule, ensure_schedule, find_schedule, fire_all, fire_due, list_schedules,
    pause_schedule, resume_schedule, run_schedule,
};
pub use tailing::next_events;
pub use traffic::TrafficStore;
pub use waiting::wait_for_end;

use crate::error::Result;

/// Brings the open stores into a state in which the process can fork, and keeps them there until
/// [`after_fork_in_parent`]. Waits for what they are doing, some seconds at most.
pub fn before_fork() {
    sqlite::before_fork();
}

/// Lets them go on. In the child there is nothing to do: what it inherited it leaves alone.
pub fn after_fork_in_parent() {
    sqlite::after_fork_in_parent();
}

/// Makes the store that `options` describe. No connection is made before the first call.
///
/// # Errors
/// [`crate::Error::Config`] for options that cannot be used, such as a certificate that cannot be read.
pub fn open(options: StoreOptions) -> Result<Arc<dyn Storage>> {
    match options {
        StoreOptions::Postgres(options) => Ok(Arc::new(postgres::PostgresStorage::new(options)?)),
        StoreOptions::Redis(options) => Ok(Arc::new(redis::RedisStorage::new(options)?)),
        StoreOptions::Sqlite(options) => Ok(Arc::new(sqlite::SqliteStorage::new(options)?)),
    }
}
