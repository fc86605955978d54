//! What the server and the network can answer, as the engine's errors.

use redis::{ErrorKind, RedisError};

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
    let (told, code) = (error.to_string(), code(error));
    if code == "OOM" {
        return unavailable(
            "it is at its maxmemory and takes no more: raise maxmemory, or clean up old jobs; \
             maxmemory-policy must be noeviction",
        );
    }
    if error.kind() == ErrorKind::AuthenticationFailed || matches!(code, "NOAUTH" | "WRONGPASS" | "NOPERM") {
        return Error::Config(format!("Redis refused us: {told}: check the user, the password and its ACL"));
    }
    if told.contains("CERTIFICATE") || told.contains("invalid peer certificate") {
        return Error::Config(format!("no encrypted connection to Redis: {told}: check ssl_ca and the host name"));
    }
    match error.kind() {
        ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported => Error::Config(told),
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound | ErrorKind::Parse => unavailable(told),
        _ if error.is_timeout() || error.is_connection_dropped() => unavailable(told),
        _ if is_turned_away(error) || is_elsewhere(error) => unavailable(told),
        _ if matches!(code, "MISCONF" | "NOREPLICAS" | "UNKILLABLE") => unavailable(told),
        _ => Error::Storage { backend: Backend::Redis, message: told },
    }
}

/// Whether the server answered before it did anything, and may do it soon: so the request can be made again, whatever it
/// is. In a cluster, a slot on its way to another server does that to every script, whose keys are never all there.
pub(super) fn is_turned_away(error: &RedisError) -> bool {
    matches!(code(error), "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "LOADING" | "BUSY")
}

/// Whether the connection was lost, and the answer with it.
pub(super) fn is_lost(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::ClusterConnectionNotFound) && !error.is_timeout()
}

/// Whether the server answered, before it did anything, that another one is to be asked.
pub(super) fn is_elsewhere(error: &RedisError) -> bool {
    matches!(code(error), "MOVED" | "ASK" | "READONLY")
}

/// What the server calls its error. Of one inside a script, Redis 6.2 tells that only within the text.
fn code(error: &RedisError) -> &str {
    let script = error.detail().filter(|text| text.starts_with("Error running script"));
    let inner = script.and_then(|text| text.split_once(": -")).and_then(|(_, told)| told.split(' ').next());
    inner.or_else(|| error.code()).unwrap_or_default()
}
