//! How to reach PostgreSQL.

use std::fmt;
use std::time::Duration;

/// Options of a PostgreSQL connection pool.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Host names, addresses, or directories of Unix sockets, with their ports; tried in order.
    pub hosts: Vec<(String, u16)>,
    /// The role.
    pub user: String,
    /// The role's password.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// Encryption.
    pub tls: Tls,
    /// The schema that holds the tables, written into every statement.
    pub schema: String,
    /// Connections kept open.
    pub pool_min: u32,
    /// Connections at most, at least 1; the listener has one of its own besides.
    pub pool_max: u32,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long the server may work on one statement.
    pub statement_timeout: Duration,
    /// Whether a transaction pooler stands between: no named statements, no session state, no LISTEN.
    pub pgbouncer: bool,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// The `options` start-up parameter.
    pub options: Option<String>,
}

/// How a connection is encrypted.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// How much is asked for.
    pub mode: TlsMode,
    /// The authorities trusted, as PEM text; the system's if absent.
    pub ca: Option<String>,
    /// The client's certificate chain, as PEM text.
    pub cert: Option<String>,
    /// The client's private key, as PEM text.
    pub key: Option<String>,
}

/// How much encryption is asked for, as libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// None.
    Disable,
    /// If the server offers it; not verified.
    #[default]
    Prefer,
    /// Always; not verified.
    Require,
    /// Always; the certificate must be signed by a trusted authority.
    VerifyCa,
    /// As `VerifyCa`, and the host name must match.
    VerifyFull,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("mode", &self.mode)
            .field("ca", &self.ca.is_some())
            .field("cert", &self.cert.is_some())
            .field("key", &self.key.is_some())
            .finish()
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("hosts", &self.hosts)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("database", &self.database)
            .field("schema", &self.schema)
            .field("tls", &self.tls)
            .field("pool_max", &self.pool_max)
            .field("pgbouncer", &self.pgbouncer)
            .finish_non_exhaustive()
    }
}
