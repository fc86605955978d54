//! What survives a crash of a store.

/// How safely a store keeps what it was given, as its server is set up now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durability {
    /// The store and its version, such as `PostgreSQL 17.2`.
    pub store: String,
    /// The settings that decide it, such as `fsync=on, synchronous_commit=on`.
    pub persistence: String,
    /// Whether everything that a call answered survives a crash of the server and of its machine.
    pub durable: bool,
    /// What a crash may lose, and when: sentences for people.
    pub may_lose: String,
    /// What the server does when its memory is full, where it may throw keys away.
    pub eviction_policy: Option<String>,
}
