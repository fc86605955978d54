//! Where a store is, for people to read: never with a password.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::address::{self, split_scheme};
use super::redis::{DEFAULT_PREFIX, Scheme};
use super::sqlite::MEMORY;
use crate::storage::options::{RedisAddress, RedisOptions, StoreOptions};

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &PLAIN.remove(b'/').remove(b':');

/// The URL of a store without its password; reading it again leads to the same place.
#[must_use]
pub fn location(options: &StoreOptions) -> String {
    match options {
        StoreOptions::Sqlite(sqlite) => {
            let path = sqlite.path.as_ref().map_or(MEMORY.into(), |path| path.to_string_lossy());
            format!("sqlite:///{}", utf8_percent_encode(&path, PATH))
        }
        StoreOptions::Redis(redis) => redis_location(redis),
        StoreOptions::Postgres(postgres) => {
            let hosts: Vec<String> = postgres.hosts.iter().map(|(host, port)| address_of(host, *port)).collect();
            let schema = match postgres.schema.as_str() {
                "public" => String::new(),
                schema => format!("?schema={}", utf8_percent_encode(schema, PLAIN)),
            };
            format!(
                "postgresql://{}@{}/{}{schema}",
                utf8_percent_encode(&postgres.user, PLAIN),
                hosts.join(","),
                utf8_percent_encode(&postgres.database, PLAIN),
            )
        }
    }
}

fn redis_location(redis: &RedisOptions) -> String {
    let mut kind = "";
    let mut query = Vec::new();
    let addresses = redis.nodes.iter().map(|node| match node {
        RedisAddress::Tcp(host, port) => address_of(host, *port),
        RedisAddress::Unix(path) => {
            kind = "+unix";
            utf8_percent_encode(&path.to_string_lossy(), PATH).to_string()
        }
    });
    let addresses = addresses.collect::<Vec<_>>().join(",");
    let path = match (&redis.sentinel, kind, redis.db) {
        (Some(sentinel), _, db) => format!("/{}/{db}", utf8_percent_encode(&sentinel.service, PLAIN)),
        (None, "", db) if !redis.cluster => format!("/{db}"),
        (None, "+unix", db) if db != 0 => {
            query.push(format!("db={db}"));
            String::new()
        }
        _ => String::new(),
    };
    if redis.cluster {
        kind = "+cluster";
    }
    if redis.sentinel.is_some() {
        kind = "+sentinel";
    }
    if redis.key_prefix != DEFAULT_PREFIX {
        query.push(format!("key_prefix={}", utf8_percent_encode(&redis.key_prefix, PATH)));
    }
    let user = redis.username.as_ref().map(|user| format!("{}@", utf8_percent_encode(user, PLAIN)));
    let secure = if redis.tls.is_some() { "s" } else { "" };
    let mark = if query.is_empty() { "" } else { "?" };
    format!("redis{secure}{kind}://{}{addresses}{path}{mark}{}", user.unwrap_or_default(), query.join("&"))
}

fn address_of(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('/') {
        format!("[{host}]:{port}")
    } else {
        format!("{}:{port}", utf8_percent_encode(host, PLAIN))
    }
}

/// A URL as it may be shown. Only what is surely no secret is kept: of a URL that cannot be taken apart the scheme,
/// and of its query the parameters that this library knows.
#[must_use]
pub fn redact(url: &str) -> String {
    let Some((scheme, rest)) = split_scheme(url.trim()) else { return "***".to_owned() };
    let hidden = format!("{scheme}://***");
    let Ok(parts) = address::split(rest) else { return hidden };
    let Ok(pairs) = address::pairs(parts.query.unwrap_or_default()) else { return hidden };
    // Without its `@`, a password looks like a port.
    if super::hosts::split(parts.hosts).is_err() && scheme != "sqlite" {
        return hidden;
    }
    let user = match (parts.user, parts.password) {
        (None, _) => String::new(),
        // To Redis this is a mistake, and most often a password.
        (Some(_), None) if Scheme::parse(&scheme).is_some() => "***@".to_owned(),
        (Some(user), None) => format!("{user}@"),
        (Some(user), Some(_)) => format!("{user}:***@"),
    };
    let path = parts.path.map(|path| format!("/{path}")).unwrap_or_default();
    let query: Vec<String> = pairs
        .iter()
        .map(|(key, value)| match key.as_str() {
            "schema" | "search_path" | "sslmode" | "host" | "port" | "database" | "dbname" | "user" | "username"
            | "db" | "tls" | "cluster" | "key_prefix" | "service_name" | "sentinel_username" => {
                format!("{key}={}", utf8_percent_encode(value, PATH))
            }
            _ => format!("{key}=***"),
        })
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{user}{}{path}{mark}{}", parts.hosts, query.join("&"))
}
