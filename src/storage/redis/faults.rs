//! What the server and the network can answer, as the engine's errors.

use redis::{ErrorKind, RedisError};

use crate::error::{Backend, Error};

/// A request that failed, and what that says of it and of the connection.
pub(super) struct Fault {
    pub(super) error: Error,
    /// The server answered before it did anything, and may do it soon: so the request can be made again, whatever it is. In a
    /// cluster, a slot on its way to another server does that to every script, whose keys are never all there.
    pub(super) turned_away: bool,
    /// The server answered, before it did anything, that another one of the cluster is to be asked.
    pub(super) elsewhere: bool,
    /// The server is the replica of another: it wrote nothing, and it is not the one to talk to.
    pub(super) astray: bool,
    /// The connection was lost, and the answer with it.
    pub(super) unanswered: bool,
    /// The server is gone or silent, takes over the data of another, or is cut off from those that hold its copies:
    /// another may be in its place.
    pub(super) lost: bool,
    /// No answer came in time. The connection may stand still for ever without ever being cut.
    pub(super) silent: bool,
}

impl Fault {
    pub(super) fn of(error: &RedisError) -> Self {
        let code = code(error);
        let is_cut = matches!(error.kind(), ErrorKind::Io | ErrorKind::ClusterConnectionNotFound);
        Self {
            error: translated(error),
            turned_away: turns_away(code),
            elsewhere: leads_elsewhere(code),
            astray: code == "READONLY",
            unanswered: is_cut && !error.is_timeout(),
            silent: error.is_timeout(),
            lost: is_cut || error.is_unrecoverable_error() || matches!(code, "NOREPLICAS" | "MASTERDOWN" | "LOADING"),
        }
    }

    /// No answer came.
    pub(super) fn silence(error: Error) -> Self {
        Self { error, turned_away: false, elsewhere: false, astray: false, unanswered: false, lost: true, silent: true }
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
    let (told, code) = (error.to_string(), code(error));
    if code == "OOM" {
        return unavailable(
            "it is at its maxmemory and takes no more: raise maxmemory, or clean up old jobs; \
             maxmemory-policy must be noeviction",
        );
    }
    if code == "READONLY" {
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
        _ if error.is_timeout() || error.is_connection_dropped() => unavailable(told),
        _ if turns_away(code) || leads_elsewhere(code) => unavailable(told),
        _ if matches!(code, "MISCONF" | "NOREPLICAS" | "UNKILLABLE") => unavailable(told),
        _ => Error::Storage { backend: Backend::Redis, message: told },
    }
}

fn turns_away(code: &str) -> bool {
    matches!(code, "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "LOADING" | "BUSY")
}

fn leads_elsewhere(code: &str) -> bool {
    matches!(code, "MOVED" | "ASK")
}

pub(super) fn is_about_access(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed || matches!(code(error), "NOAUTH" | "WRONGPASS" | "NOPERM")
}

/// What the server calls its error. Of one inside a script, Redis 6.2 tells that only within the text.
fn code(error: &RedisError) -> &str {
    let script = error.detail().filter(|text| text.starts_with("Error running script"));
    let inner = script.and_then(|text| text.split_once(": -")).and_then(|(_, told)| told.split(' ').next());
    inner.or_else(|| error.code()).unwrap_or_default()
}
