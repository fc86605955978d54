//! What the server and the network can answer, as the engine's errors.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::error::{Backend, Error};

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

fn is_about_access(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

/// Whether a later try may go well.
fn passes(kind: ServerErrorKind) -> bool {
    matches!(
        kind,
        ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
    )
}
