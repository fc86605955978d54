//! How to reach Redis, Valkey, a cluster of either, or the master that sentinels watch over.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Options of the connections to Redis.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// Where the server is: one address, those of a cluster by which the others are found, or those of sentinels.
    pub nodes: Vec<RedisAddress>,
    /// The ACL user; the default one if absent.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// The number of the database; 0 in a cluster.
    pub db: i64,
    /// Encryption; none if absent.
    pub tls: Option<RedisTls>,
    /// Whether the servers form a cluster.
    pub cluster: bool,
    /// What to ask the sentinels for; the addresses are those of servers if absent.
    pub sentinel: Option<RedisSentinel>,
    /// What the name of every key begins with: never empty, without control characters, with at most one hash tag.
    pub key_prefix: String,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for an answer.
    pub response_timeout: Duration,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisAddress {
    /// A host name or address, and a port.
    Tcp(String, u16),
    /// A Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// What to ask sentinels for, and as whom.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSentinel {
    /// The name under which they watch over the master.
    pub service: String,
    /// The ACL user at the sentinels; the default one if absent.
    pub username: Option<String>,
    /// That user's password. The servers have one of their own.
    pub password: Option<String>,
}

impl fmt::Debug for RedisSentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSentinel")
            .field("service", &self.service)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .finish()
    }
}

/// How a connection is encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisTls {
    /// The authorities trusted, as PEM text; the system's if absent.
    pub ca: Option<String>,
    /// The client's certificate chain, as PEM text.
    pub cert: Option<String>,
    /// The client's private key, as PEM text.
    pub key: Option<String>,
    /// Whether the server's certificate and host name are verified.
    pub verify: bool,
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTls")
            .field("ca", &self.ca.is_some())
            .field("cert", &self.cert.is_some())
            .field("key", &self.key.is_some())
            .field("verify", &self.verify)
            .finish()
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("nodes", &self.nodes)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("db", &self.db)
            .field("tls", &self.tls)
            .field("cluster", &self.cluster)
            .field("sentinel", &self.sentinel)
            .field("key_prefix", &self.key_prefix)
            .finish_non_exhaustive()
    }
}
