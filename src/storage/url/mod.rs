//! Reads a URL and separate settings into the options of a store.
//!
//! Three layers, each over the one before: the parts of the URL, its query parameters, the settings. Settings carry
//! the names of the query parameters. No message made here holds a password, whatever the URL looks like.

mod address;
mod given;
mod hosts;
mod location;
mod postgres;
mod redis;
mod schema;
mod sentinel;
mod sqlite;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::BTreeMap;

pub use location::{location, redact};

use super::options::StoreOptions;
use crate::error::{Error, Result};

const ALLOWED: &str = "postgresql://user@host:port/database, redis://host:port/db, sqlite:///relative.db, \
                       sqlite:////absolute.db or sqlite://:memory:";

/// Reads the options of a store from a URL, separate settings, or both; settings win.
///
/// Without a URL the settings may hold one under `url`; else `path` makes it SQLite, an option that only Redis has
/// makes it Redis, and any option of PostgreSQL makes it PostgreSQL. Files named by `file://` or `sslrootcert` are
/// read here.
///
/// # Errors
/// [`Error::Config`] that names the option, what is wrong with it and what is allowed.
pub fn parse(url: Option<&str>, settings: &BTreeMap<String, String>) -> Result<StoreOptions> {
    parse_in(url, settings, &|name| std::env::var(name).ok())
}

/// As [`parse`], with the environment as a function.
fn parse_in(
    url: Option<&str>,
    settings: &BTreeMap<String, String>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<StoreOptions> {
    let mut settings = settings.clone();
    let url = match (url, settings.remove("url")) {
        (Some(one), Some(other)) if one != other => {
            return Err(refuse("a URL was given twice, with different values: remove the `url` setting"));
        }
        (one, other) => one.map(str::to_owned).or(other),
    };
    let Some(url) = url else { return without_url(&settings, env) };
    let Some((scheme, rest)) = address::split_scheme(url.trim()) else {
        return Err(refuse(format!("the URL has no scheme: use {ALLOWED}")));
    };
    match scheme.as_str() {
        "postgresql" | "postgres" => postgres::read(Some(rest), &settings, env),
        "sqlite" => sqlite::read(Some(rest), &settings),
        other => match redis::Scheme::parse(other) {
            Some(scheme) => redis::read(Some((scheme, rest)), &settings),
            None => Err(refuse(format!("`{other}://` is not a store this library knows: use {ALLOWED}"))),
        },
    }
}

fn without_url(settings: &BTreeMap<String, String>, env: &dyn Fn(&str) -> Option<String>) -> Result<StoreOptions> {
    if settings.contains_key("path") {
        sqlite::read(None, settings)
    } else if settings.keys().any(|key| redis::knows(key) && !postgres::knows(key)) {
        redis::read(None, settings)
    } else if settings.keys().any(|key| postgres::knows(key)) {
        postgres::read(None, settings, env)
    } else {
        Err(refuse(format!("neither a URL nor a `path` or `host` says where the jobs are: use {ALLOWED}")))
    }
}

/// Whether this is the name of an option of any store that takes a password.
fn is_option(name: &str) -> bool {
    postgres::knows(name) || redis::knows(name)
}

fn refuse(message: impl Into<String>) -> Error {
    Error::Config(message.into())
}
