//! Where an SQLite file is.

use std::path::PathBuf;
use std::time::Duration;

/// Options of an SQLite store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The file; `None` keeps everything in memory, for this process and as long as the queue is open.
    pub path: Option<PathBuf>,
    /// How long to wait for another process's transaction.
    pub busy_timeout: Duration,
}
