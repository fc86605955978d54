//! What the server and the network can answer, as the engine's errors.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use deadpool_postgres::PoolError;
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
            Self::Server(error) => error.code(),
            Self::Late(_) | Self::Engine(_) => None,
        }
    }

    /// Whether a table or the schema does not exist.
    pub(super) fn names_nothing(&self) -> bool {
        matches!(self.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME))
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
            Fault::Server(error) => from_network(&error),
        }
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Server(error),
            PoolError::Closed => Self::Engine(Error::Closed),
            PoolError::Timeout(_) => Self::Engine(unavailable(
                "no connection within connect_timeout: the server does not answer, or pool_max is too low for the load"
                    .into(),
            )),
            other => Self::Engine(unavailable(other.to_string())),
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
        (_, "42P01" | "3F000") => match migrate::check(migrate::POSTGRES, &[]) {
            Err(missing) => missing,
            Ok(()) => refused(error),
        },
        (_, "3D000" | "42501") | ("28", _) => Error::Config(format!(
            "PostgreSQL refused us: {}: check the URL, the role and its rights",
            with_code(error)
        )),
        (_, "57014") => unavailable(format!("{}: see the option statement_timeout", with_code(error))),
        ("08" | "40" | "53" | "57", _) | (_, "25006" | "55P03") => unavailable(with_code(error)),
        ("22", _) => Error::Invalid(format!("PostgreSQL cannot store a value: {}", with_code(error))),
        _ => refused(error),
    }
}

/// Errors without a word from the server. Their kinds are told apart by the beginning of their text only.
fn from_network(error: &tokio_postgres::Error) -> Error {
    let text = error.to_string();
    let cut_off = source_of::<io::Error>(error).is_some_and(|io| {
        !matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other)
    });
    if text.starts_with("error performing TLS handshake") && !cut_off {
        return Error::Config(format!(
            "no encrypted connection to PostgreSQL: {}: check sslmode, the CA and the client certificate",
            described(error)
        ));
    }
    if text.starts_with("authentication error") || text.starts_with("invalid configuration") {
        return Error::Config(format!("no connection to PostgreSQL: {}: check the URL", described(error)));
    }
    if text.starts_with("error serializing") || text.starts_with("error deserializing") {
        return refused(error);
    }
    unavailable(described(error))
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
