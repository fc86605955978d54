//! Where a store is, for people to read: never with a password.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::address::{self, split_scheme};
use super::sqlite::MEMORY;
use crate::storage::options::StoreOptions;

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
        (Some(user), None) => format!("{user}@"),
        (Some(user), Some(_)) => format!("{user}:***@"),
    };
    let path = parts.path.map(|path| format!("/{path}")).unwrap_or_default();
    let query: Vec<String> = pairs
        .iter()
        .map(|(key, value)| match key.as_str() {
            "schema" | "search_path" | "sslmode" | "host" | "port" | "database" | "dbname" | "user" => {
                format!("{key}={}", utf8_percent_encode(value, PATH))
            }
            _ => format!("{key}=***"),
        })
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{user}{}{path}{mark}{}", parts.hosts, query.join("&"))
}
