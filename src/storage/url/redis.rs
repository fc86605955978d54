//! The options of Redis.

use std::collections::BTreeMap;

use super::address::{self, Pair, decode};
use super::given::{Given, Known, shown};
use super::{hosts, refuse, sentinel, tls};
use crate::error::Result;
use crate::storage::options::{RedisAddress, RedisOptions, RedisTls, StoreOptions};

const KNOWN: Known = Known {
    backend: "Redis",
    names: &[
        ("host", "host"),
        ("port", "port"),
        ("db", "db"),
        ("username", "username"),
        ("user", "username"),
        ("password", "password"),
        ("tls", "tls"),
        ("ssl_ca", "ssl_ca"),
        ("ssl_cert", "ssl_cert"),
        ("ssl_key", "ssl_key"),
        ("ssl_reject_unauthorized", "ssl_reject_unauthorized"),
        ("cluster", "cluster"),
        ("service_name", "service_name"),
        ("sentinel_username", "sentinel_username"),
        ("sentinel_password", "sentinel_password"),
        ("key_prefix", "key_prefix"),
        ("connect_timeout", "connect_timeout"),
        ("response_timeout", "response_timeout"),
    ],
    refused: &[
        "client_name",
        "decode_responses",
        "health_check_interval",
        "max_connections",
        "protocol",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "timeout",
        "unix_socket_path",
    ],
    elsewhere: "redis-py",
};

/// What the names of keys begin with where nobody says.
pub(super) const DEFAULT_PREFIX: &str = "dq:";

const DEFAULT_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const LONGEST_PREFIX: usize = 200;

/// Whether this is the name of an option of Redis.
pub(super) fn knows(name: &str) -> bool {
    KNOWN.names.iter().any(|(spelled, _)| *spelled == name)
}

/// What the scheme of a URL says.
#[derive(Clone, Copy, Default)]
pub(super) struct Scheme {
    tls: bool,
    kind: Kind,
}

/// What a URL names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Server,
    Cluster,
    Sentinels,
    Unix,
}

impl Scheme {
    /// Reads `redis`, `rediss`, `unix`, and with `+cluster`, `+sentinel` or `+unix`; `valkey` stands for `redis`.
    pub fn parse(scheme: &str) -> Option<Self> {
        if scheme == "unix" {
            return Some(Self { tls: false, kind: Kind::Unix });
        }
        let (server, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match server {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return None,
        };
        let kind = match kind {
            "" if !scheme.contains('+') => Kind::Server,
            "cluster" => Kind::Cluster,
            "sentinel" => Kind::Sentinels,
            "unix" if !tls => Kind::Unix,
            _ => return None,
        };
        Some(Self { tls, kind })
    }
}

/// Reads what follows `redis://`, and the settings.
pub(super) fn read(url: Option<(Scheme, &str)>, settings: &BTreeMap<String, String>) -> Result<StoreOptions> {
    let mut given = Given::default();
    let scheme = url.map(|(scheme, _)| scheme).unwrap_or_default();
    if let Some((_, rest)) = url {
        let parts = address::split(rest)?;
        given.over(&KNOWN, named_parts(scheme, &parts)?)?;
        given.over(&KNOWN, address::pairs(parts.query.unwrap_or_default())?)?;
    }
    given.over(&KNOWN, settings.clone())?;

    let cluster = flag(&given, "cluster", scheme.kind == Kind::Cluster, "a `+cluster://` URL")?;
    let sentinel = sentinel::read(&given, scheme.kind == Kind::Sentinels)?;
    if cluster && sentinel.is_some() {
        return Err(refuse(
            "a cluster has no sentinels: remove `cluster`, or `service_name` and what is for sentinels",
        ));
    }
    let tls = encryption(&given, scheme.tls)?;
    let (username, password) = credentials(&given)?;
    Ok(StoreOptions::Redis(Box::new(RedisOptions {
        nodes: nodes(&given, cluster, sentinel.is_some(), tls.is_some())?,
        username,
        password,
        db: database(&given, cluster)?,
        tls,
        cluster,
        sentinel,
        key_prefix: key_prefix(&given)?,
        connect_timeout: given.seconds("connect_timeout", 10, false)?,
        response_timeout: given.seconds("response_timeout", 30, false)?,
    })))
}

/// The parts of a URL under the names of the parameters that say the same.
fn named_parts(scheme: Scheme, parts: &address::Parts<'_>) -> Result<Vec<Pair>> {
    let mut named = Vec::new();
    let mut name = |option: &str, value: String| named.push((option.to_owned(), value));
    if let Some(user) = parts.user {
        name("username", decode("the user in the URL", user)?);
    }
    if let Some(password) = parts.password {
        name("password", decode("the password in the URL", password)?);
    }
    let path = parts.path.unwrap_or_default();
    if scheme.kind == Kind::Unix {
        if !parts.hosts.is_empty() || path.is_empty() {
            return Err(refuse(
                "the URL of a Unix socket names its file and no server: write redis+unix:///run/redis.sock?db=0",
            ));
        }
        name("host", decode("the path in the URL", &format!("/{path}"))?);
        return Ok(named);
    }
    if let Some((host, port)) = hosts::split(parts.hosts)? {
        name("host", decode("the host in the URL", &host)?);
        name("port", port);
    }
    let (service, db) = match scheme.kind {
        Kind::Sentinels => path.split_once('/').unwrap_or((path, "")),
        _ => ("", path),
    };
    if !service.is_empty() {
        name("service_name", decode("the service in the URL", service)?);
    }
    if !db.is_empty() {
        name("db", decode("the database in the URL", db)?);
    }
    Ok(named)
}

/// A user without a password is most often a password in the user's place, so it is refused, and never shown.
fn credentials(given: &Given) -> Result<(Option<String>, Option<String>)> {
    let username = given.text("username").map(str::to_owned);
    let password = given.text("password").map(str::to_owned);
    match (&username, &password) {
        (Some(_), None) if given.is_empty("password") => Ok((username, Some(String::new()))),
        (Some(_), None) => Err(refuse(
            "a user was given without a password: write redis://user:password@host, redis://:password@host for a \
             password alone, or redis://user:@host for a user that has none",
        )),
        _ => Ok((username, password)),
    }
}

fn nodes(given: &Given, cluster: bool, sentinels: bool, tls: bool) -> Result<Vec<RedisAddress>> {
    if let Some(path) = given.text("host").filter(|host| host.starts_with('/')) {
        let clash = if given.text("port").is_some() {
            "`port` has no meaning for a Unix socket: remove it"
        } else if cluster {
            "a cluster cannot be reached by a Unix socket: name its servers by host:port"
        } else if sentinels {
            "sentinels cannot be reached by a Unix socket: name them by host:port"
        } else if tls {
            "a Unix socket is not encrypted: remove `tls`"
        } else {
            return Ok(vec![RedisAddress::Unix(path.into())]);
        };
        return Err(refuse(clash));
    }
    let found = hosts::read(given, if sentinels { SENTINEL_PORT } else { DEFAULT_PORT })?;
    if found.len() > 1 && !cluster && !sentinels {
        return Err(refuse(format!(
            "`host` names {} servers: name one, write redis+cluster:// if they form a cluster, or \
             redis+sentinel://…/service_name if they are sentinels",
            found.len()
        )));
    }
    Ok(found.into_iter().map(|(host, port)| RedisAddress::Tcp(host, port)).collect())
}

fn database(given: &Given, cluster: bool) -> Result<i64> {
    let db = given.whole("db", 0, 0..=i32::MAX as u32)?;
    if cluster && db != 0 {
        return Err(refuse(format!(
            "`db` is {db}: a cluster has database 0 only, so keep queues apart by `key_prefix`"
        )));
    }
    Ok(i64::from(db))
}

/// A truth value that the scheme may have said already: a scheme that says yes cannot be taken back.
fn flag(given: &Given, option: &str, by_scheme: bool, what: &str) -> Result<bool> {
    match given.truth(option)? {
        Some(false) if by_scheme => {
            Err(refuse(format!("{what} and `{option}=false` contradict each other: remove one")))
        }
        said => Ok(by_scheme || said.unwrap_or(false)),
    }
}

fn encryption(given: &Given, by_scheme: bool) -> Result<Option<RedisTls>> {
    let reject = given.truth("ssl_reject_unauthorized")?;
    if !flag(given, "tls", by_scheme, "a `rediss://` URL")? {
        let unused = ["ssl_ca", "ssl_cert", "ssl_key", "ssl_reject_unauthorized"]
            .into_iter()
            .find(|option| given.text(option).is_some());
        return match unused {
            Some(option) => {
                Err(refuse(format!("`{option}` is for TLS, which is off: write rediss://, or give `tls=true`")))
            }
            None => Ok(None),
        };
    }
    let ca = given.value("ssl_ca").map(tls::authority).transpose()?;
    let (cert, key) = tls::client(given)?.unzip();
    if ca.is_some() && reject == Some(false) {
        return Err(refuse("`ssl_ca` and `ssl_reject_unauthorized=false` contradict each other: remove one"));
    }
    Ok(Some(RedisTls { ca, cert, key, verify: reject.unwrap_or(true) }))
}

fn key_prefix(given: &Given) -> Result<String> {
    if given.is_empty("key_prefix") {
        return Err(refuse("`key_prefix` is empty: the keys of a queue need a name of their own, such as `dq:`"));
    }
    let prefix = given.text("key_prefix").unwrap_or(DEFAULT_PREFIX);
    let wrong = if prefix.len() > LONGEST_PREFIX {
        format!("it must not be longer than {LONGEST_PREFIX} bytes")
    } else if prefix.chars().any(char::is_control) {
        "it must hold no control characters".to_owned()
    } else if prefix.trim_end_matches(':').is_empty() {
        "it must hold more than colons".to_owned()
    } else if !has_sound_tag(prefix) {
        "braces in it must be one hash tag that is not empty, such as `{myapp}:`".to_owned()
    } else {
        return Ok(prefix.to_owned());
    };
    Err(refuse(format!("`key_prefix` is {}: {wrong}", shown(prefix))))
}

/// Whether the braces in a prefix, if it has any, enclose one tag that a cluster would take for the slot.
fn has_sound_tag(prefix: &str) -> bool {
    let Some((before, rest)) = prefix.split_once('{') else { return !prefix.contains('}') };
    let Some((tag, after)) = rest.split_once('}') else { return false };
    !tag.is_empty() && ![before, tag, after].iter().any(|part| part.contains(['{', '}']))
}
