//! The options of PostgreSQL.

use std::collections::BTreeMap;

use super::address::{self, Pair, decode};
use super::given::{Given, Known};
use super::{hosts, refuse, schema, tls};
use crate::error::Result;
use crate::storage::options::{PostgresOptions, StoreOptions};

const KNOWN: Known = Known {
    backend: "PostgreSQL",
    names: &[
        ("host", "host"),
        ("port", "port"),
        ("database", "database"),
        ("dbname", "database"),
        ("user", "user"),
        ("password", "password"),
        ("sslmode", "sslmode"),
        ("sslrootcert", "ssl_ca"),
        ("sslcert", "ssl_cert"),
        ("sslkey", "ssl_key"),
        ("ssl_ca", "ssl_ca"),
        ("ssl_cert", "ssl_cert"),
        ("ssl_key", "ssl_key"),
        ("ssl_reject_unauthorized", "ssl_reject_unauthorized"),
        ("schema", "schema"),
        ("search_path", "search_path"),
        ("options", "options"),
        ("application_name", "application_name"),
        ("pool_min", "pool_min"),
        ("pool_max", "pool_max"),
        ("connect_timeout", "connect_timeout"),
        ("statement_timeout", "statement_timeout"),
        ("pgbouncer", "pgbouncer"),
    ],
    refused: &[
        "channel_binding",
        "client_encoding",
        "fallback_application_name",
        "gssdelegation",
        "gssencmode",
        "gsslib",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "passfile",
        "replication",
        "require_auth",
        "requirepeer",
        "requiressl",
        "service",
        "servicefile",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcertmode",
        "sslcompression",
        "sslcrl",
        "sslcrldir",
        "sslnegotiation",
        "sslpassword",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
    ],
    elsewhere: "libpq",
};

const DEFAULT_PORT: u16 = 5432;
const MOST_CONNECTIONS: u32 = 10_000;

/// Whether this is the name of an option of PostgreSQL.
pub(super) fn knows(name: &str) -> bool {
    KNOWN.names.iter().any(|(spelled, _)| *spelled == name)
}

/// Reads what follows `postgresql://`, and the settings.
pub(super) fn read(
    rest: Option<&str>,
    settings: &BTreeMap<String, String>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<StoreOptions> {
    let mut given = Given::default();
    if let Some(rest) = rest {
        let parts = address::split(rest)?;
        given.over(&KNOWN, named_parts(&parts)?)?;
        given.over(&KNOWN, address::pairs(parts.query.unwrap_or_default())?)?;
    }
    given.over(&KNOWN, settings.clone())?;

    let Some(user) = given.text("user").map(str::to_owned).or_else(|| user_of(env)) else {
        return Err(refuse("there is no user in the URL or in $PGUSER, and the system names none: give `user`"));
    };
    let pool_max = given.whole("pool_max", 10, 1..=MOST_CONNECTIONS)?;
    let pool_min = given.whole("pool_min", 0, 0..=MOST_CONNECTIONS)?;
    if pool_min > pool_max {
        return Err(refuse(format!("`pool_min` is {pool_min}: it must not be above `pool_max`, which is {pool_max}")));
    }
    let pgbouncer = given.truth("pgbouncer")?.unwrap_or(false);
    Ok(StoreOptions::Postgres(Box::new(PostgresOptions {
        hosts: hosts::read(&given, DEFAULT_PORT)?,
        password: given.text("password").map(str::to_owned),
        database: given.text("database").unwrap_or(&user).to_owned(),
        tls: tls::read(&given)?,
        schema: schema::read(&given)?,
        pool_min,
        pool_max,
        connect_timeout: given.seconds("connect_timeout", 10, false)?,
        statement_timeout: given.seconds("statement_timeout", 30, false)?,
        pgbouncer,
        application_name: given.text("application_name").unwrap_or("dataqueue").to_owned(),
        options: schema::options(&given, pgbouncer)?,
        user,
    })))
}

/// The parts of a URL under the names of the parameters that say the same.
fn named_parts(parts: &address::Parts<'_>) -> Result<Vec<Pair>> {
    let mut named = Vec::new();
    let mut name = |option: &str, value: String| named.push((option.to_owned(), value));
    if let Some(user) = parts.user {
        name("user", decode("the user in the URL", user)?);
    }
    if let Some(password) = parts.password {
        name("password", decode("the password in the URL", password)?);
    }
    if let Some((host, port)) = hosts::split(parts.hosts)? {
        name("host", decode("the host in the URL", &host)?);
        name("port", port);
    }
    if let Some(path) = parts.path {
        name("database", decode("the database in the URL", path)?);
    }
    Ok(named)
}

/// Who connects where nobody said so: as with libpq, `$PGUSER` or the user of the system.
fn user_of(env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    env("PGUSER").filter(|user| !user.is_empty()).or_else(|| whoami::username().ok())
}
