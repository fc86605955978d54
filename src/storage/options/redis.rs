//! How to reach Redis, Valkey, or a cluster of either.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Options of the connections to Redis.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// Where the server is: one address, or those of a cluster by which the others are found.
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
            .field("key_prefix", &self.key_prefix)
            .finish_non_exhaustive()
    }
}
