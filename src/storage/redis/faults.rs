//! What the server and the network can answer, as the engine's errors.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::error::{Backend, Error};

/// A request that failed, and what that says of the connection.
pub(super) struct Fault {
    pub(super) error: Error,
    /// The server is the replica of another: it wrote nothing, and it is not the one to talk to.
    pub(super) astray: bool,
    /// The server is gone or silent, takes over the data of another, or is cut off from those that hold its copies:
    /// another may be in its place.
    pub(super) lost: bool,
}

impl Fault {
    pub(super) fn of(error: &RedisError) -> Self {
        let cut_off = matches!(error.code(), Some("NOREPLICAS" | "MASTERDOWN" | "LOADING"));
        Self {
            error: translated(error),
            astray: is_astray(error),
            lost: cut_off || error.is_io_error() || error.is_unrecoverable_error(),
        }
    }

    /// No answer came.
    pub(super) fn silence(error: Error) -> Self {
        Self { error, astray: false, lost: true }
    }
}

pub(super) fn unavailable(message: impl Into<String>) -> Error {
    Error::Unavailable { backend: Backend::Redis, message: message.into() }
}

/// A value of ours that cannot be read.
pub(super) fn damaged(what: &str) -> Error {
    Error::Storage { backend: Backend::Redis, message: format!("it holds what this library did not write: {what}") }
}

/// The engine's word for an error of the client library.
pub(super) fn translated(error: &RedisError) -> Error {
    let told = error.to_string();
    if told.contains("OOM command not allowed") {
        return unavailable(
            "it is at its maxmemory and takes no more: raise maxmemory, or clean up old jobs; \
             maxmemory-policy must be noeviction",
        );
    }
    if is_astray(error) {
        return unavailable(
            "it is a replica, which takes no writes: name its master, or write redis+sentinel:// for sentinels that \
             know it; while a fail-over is under way this passes",
        );
    }
    if is_about_access(error) {
        return Error::Config(format!("Redis refused us: {told}: check the user, the password and its ACL"));
    }
    if told.contains("CERTIFICATE") || told.contains("invalid peer certificate") {
        return Error::Config(format!("no encrypted connection to Redis: {told}: check ssl_ca and the host name"));
    }
    match error.kind() {
        ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported => Error::Config(told),
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound | ErrorKind::Parse => unavailable(told),
        ErrorKind::Server(kind) if passes(kind) => unavailable(told),
        _ if error.is_timeout() || error.is_connection_dropped() => unavailable(told),
        _ if matches!(error.code(), Some("BUSY" | "MISCONF" | "NOREPLICAS" | "UNKILLABLE")) => unavailable(told),
        _ => Error::Storage { backend: Backend::Redis, message: told },
    }
}

pub(super) fn is_about_access(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

/// Whether the server refused to write, being a replica. Out of a script an old server tells it in other words around.
fn is_astray(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
        || error.to_string().contains("READONLY You can't write against a read only replica")
}

/// Whether a later try may go well.
fn passes(kind: ServerErrorKind) -> bool {
    matches!(
        kind,
        ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
    )
}
