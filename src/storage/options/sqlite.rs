//! Where an SQLite file is.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock::VirtualClock;

/// Options of an SQLite store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The file; `None` keeps everything in memory, for this process and as long as the queue is open.
    pub path: Option<PathBuf>,
    /// How long to wait for another process's transaction.
    pub busy_timeout: Duration,
    /// The clock that the store goes by; `None` is the machine's.
    pub clock: Option<VirtualClock>,
}
