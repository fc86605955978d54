//! How the file of a store is.

/// The database of an SQLite store, as its own connections see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// How a commit is written: `wal`, or `memory` where there is no file.
    pub journal_mode: String,
    /// What a commit waits for, as `PRAGMA synchronous` names it: `off`, `normal`, `full` or `extra`.
    pub synchronous: String,
    /// The size of a page in bytes.
    pub page_size: i64,
    /// The pages of the database.
    pub pages: i64,
    /// Those of them that hold nothing, and are used again before the file grows.
    pub free_pages: i64,
    /// What is damaged, the first few faults; empty where nothing is. `None` where nobody asked.
    pub damage: Option<Vec<String>>,
}
