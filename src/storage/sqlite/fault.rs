//! What went wrong inside a request, and how it is told to the caller.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::error::{Backend, Error};

/// An error on its way out: of SQLite, or already one of the engine's.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Engine(Error),
}

/// A result inside the driver.
pub(super) type Outcome<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl Fault {
    /// The engine's error, which names the file and the remedy.
    pub(super) fn told_of(self, place: &Place) -> Error {
        match self {
            Self::Engine(error) => error,
            Self::Sql(error) => place.tell(&error),
        }
    }

    /// Whether another connection held a lock for too long.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql(error) if is_busy(error))
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Where the database lies, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place(Option<PathBuf>);

impl Place {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// The file, unless everything is in memory.
    pub(super) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// An error of the kind that goes away by itself or by making room.
    pub(super) fn unavailable(&self, message: &str) -> Error {
        Error::Unavailable { backend: Backend::Sqlite, message: format!("{message} ({self})") }
    }

    fn tell(&self, error: &rusqlite::Error) -> Error {
        let Some(code) = error.sqlite_error_code() else {
            return Error::Storage { backend: Backend::Sqlite, message: format!("{error} ({self})") };
        };
        match code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                self.unavailable("another process held the database for longer than busy_timeout")
            }
            ErrorCode::DiskFull => self.unavailable("the disk is full: make room and try again"),
            ErrorCode::SystemIoFailure => self.unavailable(&format!("reading or writing failed: {error}")),
            ErrorCode::OperationInterrupted => self.unavailable("the statement was given up at its deadline"),
            ErrorCode::NotADatabase => {
                Error::Config(format!("{self} is not an SQLite database: name another file, or move this one away"))
            }
            ErrorCode::DatabaseCorrupt => Error::Storage {
                backend: Backend::Sqlite,
                message: format!("{self} is damaged: restore it from a backup, or run `.recover` in the sqlite3 shell"),
            },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Error::Config(format!(
                "{self} cannot be written: give this user write access to the file and its directory"
            )),
            ErrorCode::CannotOpen => Error::Config(self.why_not_opened()),
            _ if error.to_string().contains("no such table") => Error::MigrationRequired(format!(
                "{self} lacks a table of the queue: run `dataqueue migrate up`, or queue.migrate()"
            )),
            _ => Error::Storage { backend: Backend::Sqlite, message: format!("{error} ({self})") },
        }
    }

    fn why_not_opened(&self) -> String {
        let parent = self.path().and_then(Path::parent).filter(|parent| !parent.as_os_str().is_empty());
        match (self.path(), parent) {
            (Some(path), _) if path.is_dir() => format!("{self} is a directory: name a file in it"),
            (_, Some(parent)) if !parent.is_dir() => {
                format!("{self} cannot be opened: the directory {} does not exist, create it", parent.display())
            }
            _ => format!("{self} cannot be opened: check that this user may write to the file and its directory"),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "{}", path.display()),
            None => f.write_str(":memory:"),
        }
    }
}
