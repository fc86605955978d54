//! The Redis driver, for Redis 6.2 and later, Valkey, clusters of either, and masters that sentinels watch over.
//!
//! Each call is one script, which is atomic on the server. The keys of a queue are a fixed set in one slot: hashes by
//! job for what is kept of it, sorted sets for what is looked for. A record is a `MessagePack` array that the scripts
//! change; payloads and outputs are never read by them.

mod batch;
mod claim;
mod commands;
mod connection;
mod durability;
mod enqueue;
mod extras;
mod faults;
mod find;
mod flow;
mod history;
mod holdings;
mod inspect;
mod keys;
mod layout;
mod listen;
mod look;
mod manage;
mod record;
mod requests;
mod schedules;
mod scripts;
mod search;
mod sentinel;
mod settle;
mod shared;
mod steps;
mod storage;
mod switches;
mod tail;
mod terms;
mod ties;
mod tokens;
mod traffic;
mod unique;
mod upkeep;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::connection::Link;
use self::holdings::Holdings;
use self::keys::Keys;
use self::scripts::Scripts;
use self::shared::Shared;
use self::switches::Switches;
use super::hub::Hub;
use super::options::{RedisOptions, RedisSentinel};
use crate::error::{Error, Result};
use crate::lock::Mutex;

/// After so long without an answer a connection is tried before it is trusted.
const IDLE: Duration = Duration::from_secs(5);

/// The names of the keys of a queue, whether or not they are there.
#[must_use]
pub fn key_names(options: &RedisOptions) -> Vec<String> {
    Keys::new(&options.key_prefix).all()
}

/// A store of jobs in Redis.
pub struct RedisStorage {
    options: RedisOptions,
    keys: Keys,
    scripts: Scripts,
    /// By which this storage knows its own wake-ups among those it hears. With the process's id: children of one process
    /// draw the same numbers.
    origin: String,
    hub: Arc<Hub>,
    shared: Arc<Shared>,
    holdings: Holdings,
    /// When the server answered last.
    answered: Mutex<Option<Instant>>,
    /// Whether the keys were seen to be what this library needs.
    checked: AtomicBool,
    closed: AtomicBool,
    listener: OnceLock<watch::Receiver<bool>>,
    switches: OnceLock<()>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl RedisStorage {
    /// Makes a store from options. Nothing is connected before the first call.
    ///
    /// # Errors
    /// [`Error::Config`] for options that cannot be used, such as a certificate that cannot be read.
    pub fn new(options: Box<RedisOptions>) -> Result<Self> {
        connection::client(&options)?;
        let keys = Keys::new(&options.key_prefix);
        Ok(Self {
            scripts: Scripts::new(&keys),
            keys,
            origin: format!("{:08x}{:016x}", std::process::id(), rand::random::<u64>()),
            hub: Hub::new(),
            shared: Arc::new(Shared::new()),
            holdings: Holdings::default(),
            answered: Mutex::new(None),
            checked: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            listener: OnceLock::new(),
            switches: OnceLock::new(),
            tasks: Mutex::default(),
            options: *options,
        })
    }

    /// The shared connection and its number, made if there is none.
    async fn link(&self) -> Result<(u64, Link)> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        if let Some(wanted) = &self.options.sentinel {
            self.switches.get_or_init(|| self.listen_for_switches(wanted));
        }
        self.shared.link(&self.options).await
    }

    fn listen_for_switches(&self, wanted: &RedisSentinel) {
        for sentinel in &self.options.nodes {
            let (options, shared) = (self.options.clone(), Arc::clone(&self.shared));
            self.spawn(Switches { options, wanted: wanted.clone(), sentinel: sentinel.clone(), shared }.run());
        }
    }

    /// Runs a task until the store is closed or dropped.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let handle = tokio::spawn(task).abort_handle();
        let mut tasks = self.tasks.lock();
        if self.closed.load(Ordering::Acquire) {
            handle.abort();
        }
        tasks.push(handle);
    }

    fn shut_down(&self) {
        self.closed.store(true, Ordering::Release);
        self.tasks.lock().drain(..).for_each(|task| task.abort());
        self.shared.close();
        // Whoever waits for a hint looks again, and is told that the queue is closed.
        self.hub.look_again();
    }
}

impl Drop for RedisStorage {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl fmt::Debug for RedisStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStorage").field("options", &self.options).finish_non_exhaustive()
    }
}
