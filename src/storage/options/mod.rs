//! How to reach a store, after a URL and its options were read by [`super::url`].

mod postgres;
mod redis;
mod sqlite;

pub use postgres::{PostgresOptions, Tls, TlsMode};
pub use redis::{RedisAddress, RedisOptions, RedisSentinel, RedisTls};
pub use sqlite::SqliteOptions;

use crate::error::Backend;

/// Options of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOptions {
    /// A PostgreSQL database.
    Postgres(Box<PostgresOptions>),
    /// A Redis or Valkey server, or a cluster of them.
    Redis(Box<RedisOptions>),
    /// An SQLite file.
    Sqlite(SqliteOptions),
}

impl StoreOptions {
    /// Which store they are for.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            Self::Postgres(_) => Backend::Postgres,
            Self::Redis(_) => Backend::Redis,
            Self::Sqlite(_) => Backend::Sqlite,
        }
    }
}
