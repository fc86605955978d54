//! What the server and the network can answer, as the engine's errors.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

use crate::error::{Backend, Error};
use crate::storage::migrate;

/// The answer to a statement.
pub(super) type Attempt<T> = Result<T, Fault>;

/// Why a statement has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server or the connection.
    Server(tokio_postgres::Error),
    /// No connection was made to the servers named here.
    Unconnected(String, tokio_postgres::Error),
    /// The deadline on our side.
    Late(Duration),
    /// The engine's own.
    Engine(Error),
}

impl Fault {
    /// Whether the transaction lost against another one and can be tried again as it is.
    pub(super) fn lost_a_race(&self) -> bool {
        matches!(self.code(), Some(&SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE))
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Server(error) | Self::Unconnected(_, error) => error.code(),
            Self::Late(_) | Self::Engine(_) => None,
        }
    }

    /// Whether a table or the schema does not exist.
    pub(super) fn names_nothing(&self) -> bool {
        matches!(self.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME))
    }

    /// Why the pool gave no connection to the servers of `place` within `patience`.
    pub(super) fn of_the_pool(error: PoolError, place: &str, patience: Duration) -> Self {
        let seconds = patience.as_secs_f64();
        match error {
            PoolError::Backend(error) => Self::Unconnected(place.to_owned(), error),
            PoolError::Closed => Self::Engine(Error::Closed),
            PoolError::Timeout(TimeoutType::Wait) => Self::Engine(unavailable(format!(
                "no connection of the pool became free within connect_timeout ({seconds} s): pool_max is too low for the load"
            ))),
            PoolError::Timeout(_) => Self::Engine(unavailable(format!(
                "no connection to {place} within connect_timeout ({seconds} s): the server does not answer"
            ))),
            other => Self::Engine(unavailable(other.to_string())),
        }
    }

    /// As an error of a caller's own statement, which may well name tables that do not exist.
    pub(super) fn of_the_caller(self) -> Error {
        match &self {
            Self::Server(error) if self.names_nothing() => refused(error),
            _ => self.into(),
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Late(waited) => unavailable(format!("no answer within {} s", waited.as_secs_f64())),
            Fault::Engine(error) => error,
            Fault::Server(error) if error.as_db_error().is_some() => from_server(&error),
            Fault::Server(error) => from_network(&error, None),
            Fault::Unconnected(place, error) if error.as_db_error().is_some() => refused_connection(&error, &place),
            Fault::Unconnected(place, error) => from_network(&error, Some(&place)),
        }
    }
}

pub(super) fn unavailable(message: String) -> Error {
    Error::Unavailable { backend: Backend::Postgres, message }
}

fn refused(error: &tokio_postgres::Error) -> Error {
    Error::Storage { backend: Backend::Postgres, message: with_code(error) }
}

fn with_code(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || described(error),
        |db| {
            let detail = db.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{}{detail} [SQLSTATE {}]", db.message(), db.code().code())
        },
    )
}

fn from_server(error: &tokio_postgres::Error) -> Error {
    let code = error.code().map_or("", SqlState::code);
    match (code.get(..2).unwrap_or_default(), code) {
        (_, "42P01" | "3F000") => match migrate::check(migrate::POSTGRES, &migrate::Applied::default(), None) {
            Err(missing) => missing,
            Ok(()) => refused(error),
        },
        (_, "42501") => {
            Error::Config(format!("PostgreSQL refused us: {}: check the role and its rights", with_code(error)))
        }
        // Named statements that another client of the same server connection made, or that are on another connection.
        (_, "26000" | "42P05") => Error::Config(format!("PostgreSQL lost a statement: {}: {POOLER}", with_code(error))),
        (_, "57014") => unavailable(format!("{}: see the option statement_timeout", with_code(error))),
        ("08" | "40" | "53" | "57", _) | (_, "25006" | "55P03") => unavailable(with_code(error)),
        ("22", _) => Error::Invalid(format!("PostgreSQL cannot store a value: {}", with_code(error))),
        _ => refused(error),
    }
}

const POOLER: &str = "it looks like a pooler in transaction mode, such as PgBouncer: set pgbouncer=true";

/// What the server said instead of taking the connection.
fn refused_connection(error: &tokio_postgres::Error, place: &str) -> Error {
    let code = error.code().map_or("", SqlState::code);
    let told = format!("PostgreSQL at {place} refused the connection: {}", with_code(error));
    let advice = match (code.get(..2).unwrap_or_default(), code) {
        _ if with_code(error).contains("startup parameter") => POOLER,
        ("28", _) | (_, "3D000" | "42501") => "check the URL, the role and its rights",
        ("22" | "42", _) => "check `options` and `application_name`",
        _ => return unavailable(format!("{place} refused the connection: {}", with_code(error))),
    };
    Error::Config(format!("{told}: {advice}"))
}

/// Errors without a word from the server. Their kinds are told apart by the beginning of their text only.
fn from_network(error: &tokio_postgres::Error, place: Option<&str>) -> Error {
    let text = error.to_string();
    let at = place.map(|place| format!(" at {place}")).unwrap_or_default();
    let cut_off = source_of::<io::Error>(error).is_some_and(|io| {
        !matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other)
    });
    // A server refuses a client's certificate after the handshake, by an alert.
    let alerted = place.is_some()
        && source_of::<io::Error>(error).and_then(|io| io.get_ref()?.downcast_ref::<rustls::Error>()).is_some();
    if alerted || (text.starts_with("error performing TLS handshake") && !cut_off) {
        return Error::Config(format!(
            "no encrypted connection to PostgreSQL{at}: {}: check sslmode, the CA and the client certificate",
            described(error)
        ));
    }
    if text.starts_with("authentication error") || text.starts_with("invalid configuration") {
        return Error::Config(format!("no connection to PostgreSQL{at}: {}: check the URL", described(error)));
    }
    if text.starts_with("error serializing") || text.starts_with("error deserializing") {
        return refused(error);
    }
    let told = described(error);
    unavailable(match place {
        Some(place) => format!("no connection to {place}: {}", told.trim_start_matches("error connecting to server: ")),
        None => told,
    })
}

fn source_of<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// The error with its causes, each told once.
fn described(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}
