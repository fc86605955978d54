//! The one error type of the engine.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in the engine, by what the caller can do about it.
///
/// Messages name what was wrong, where, and the next step. No message ever holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A URL or option that cannot be used.
    #[error("{0}")]
    Config(String),
    /// An argument outside its limits; nothing was stored.
    #[error("{0}")]
    Invalid(String),
    /// What a job is to wait for does not exist, or would wait for the job itself; nothing was stored.
    #[error("{0}")]
    Dependency(String),
    /// The store cannot be reached or went away. The outcome of the call may be unknown; repeating it is safe.
    #[error("{backend} is unavailable: {message}")]
    Unavailable {
        /// The store that did not answer.
        backend: Backend,
        /// What happened, without credentials.
        message: String,
    },
    /// The schema is missing, older than this library, or newer and not for it.
    #[error("{0}")]
    MigrationRequired(String),
    /// The feature does not exist on this backend.
    #[error("{0}")]
    Unsupported(String),
    /// The worker's registration is gone: its leases were reclaimed by another worker.
    #[error("worker {worker} lost its leases: it was not renewed in time")]
    WorkerLost {
        /// The worker's id.
        worker: i64,
    },
    /// The job was taken from this worker, or is over for it.
    #[error("job {job} is no longer this worker's: nothing more of this run is recorded")]
    LeaseLost {
        /// The job's id.
        job: i64,
    },
    /// Events that were to be read are gone from the store.
    #[error("{0}")]
    Gap(String),
    /// The queue was closed.
    #[error("the queue is closed")]
    Closed,
    /// The store refused a statement in a way that is a bug of this library or damage in the store.
    #[error("{backend} refused a statement: {message}")]
    Storage {
        /// The store that refused.
        backend: Backend,
        /// Its message.
        message: String,
    },
    /// A bug in this library.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// Whether the same call may succeed later without any change by the caller.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// PostgreSQL 13 and later.
    Postgres,
    /// Redis 6.2 and later, Valkey, and clusters of either.
    Redis,
    /// The embedded SQLite.
    Sqlite,
}

impl Backend {
    /// The lower-case name used in URLs, logs and errors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Redis => "redis",
            Self::Sqlite => "sqlite",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Sqlite => "SQLite",
        })
    }
}
