//! The Redis driver, for Redis 6.2 and later, Valkey, and clusters of either.
//!
//! Each call is one script, which is atomic on the server. The keys of a queue are a fixed set in one slot: hashes by
//! job for what is kept of it, sorted sets for what is looked for. A record is a `MessagePack` array that the scripts
//! change; payloads and outputs are never read by them.

mod claim;
mod commands;
mod connection;
mod durability;
mod enqueue;
mod faults;
mod find;
mod keys;
mod layout;
mod listen;
mod manage;
mod record;
mod requests;
mod scripts;
mod settle;
mod storage;
mod upkeep;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use redis::{Cmd, FromRedisValue};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use self::connection::Link;
use self::faults::{translated, unavailable};
use self::keys::Keys;
use self::scripts::{Script, Scripts};
use super::hub::Hub;
use super::options::RedisOptions;
use crate::error::{Error, Result};
use crate::lock::Mutex;

/// After so long without an answer a connection is tried before it is trusted.
const IDLE: Duration = Duration::from_secs(5);

/// A store of jobs in Redis.
pub struct RedisStorage {
    options: RedisOptions,
    keys: Keys,
    scripts: Scripts,
    /// By which this storage knows its own wake-ups among those it hears. With the process's id: children of one process
    /// draw the same numbers.
    origin: String,
    hub: Arc<Hub>,
    link: Mutex<Option<Link>>,
    opening: tokio::sync::Mutex<()>,
    /// When the server answered last.
    answered: Mutex<Option<Instant>>,
    /// Whether the keys were seen to be what this library needs.
    checked: AtomicBool,
    closed: AtomicBool,
    listener: OnceLock<watch::Receiver<bool>>,
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
            link: Mutex::new(None),
            opening: tokio::sync::Mutex::default(),
            answered: Mutex::new(None),
            checked: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            listener: OnceLock::new(),
            tasks: Mutex::default(),
            options: *options,
        })
    }

    /// The shared connection, made if there is none yet.
    async fn link(&self) -> Result<Link> {
        if let Some(link) = self.linked()? {
            return Ok(link);
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(link) = self.linked()? {
            return Ok(link);
        }
        let within = self.options.connect_timeout;
        let opened = timeout(within, Link::open(&self.options)).await;
        let link = opened.map_err(|_| unavailable(format!("no connection within {} s", within.as_secs_f64())))??;
        *self.link.lock() = Some(link.clone());
        Ok(link)
    }

    fn linked(&self) -> Result<Option<Link>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        Ok(self.link.lock().clone())
    }

    /// Runs a script with arguments, on keys that are ours.
    async fn call<T: FromRedisValue>(&self, script: &Script, add: impl FnOnce(&mut Cmd) -> &mut Cmd) -> Result<T> {
        // All that a call may need, such as connecting and being repeated, has the time of one request.
        let called = timeout(self.patience(), self.call_checked(script, add)).await;
        called.unwrap_or_else(|_| Err(self.no_answer()))
    }

    async fn call_checked<T: FromRedisValue>(
        &self,
        script: &Script,
        add: impl FnOnce(&mut Cmd) -> &mut Cmd,
    ) -> Result<T> {
        if !self.checked.load(Ordering::Relaxed) {
            self.set_up().await?;
            if !self.checked.swap(true, Ordering::Relaxed) {
                self.warn_of_loss().await;
            }
        }
        self.call_unchecked(script, add).await
    }

    async fn call_unchecked<T: FromRedisValue>(
        &self,
        script: &Script,
        add: impl FnOnce(&mut Cmd) -> &mut Cmd,
    ) -> Result<T> {
        let mut call = script.call(&self.origin);
        add(&mut call);
        if !script.repeatable {
            self.try_idle_link().await?;
        }
        let (mut link, patience) = (self.link().await?, self.options.response_timeout);
        let answer = self.within(link.call(script, &call, patience)).await;
        let answer = match answer {
            Err(Error::Unavailable { .. }) if script.repeatable => {
                self.within(link.call(script, &call, patience)).await
            }
            answer => answer,
        };
        if answer.is_ok() {
            *self.answered.lock() = Some(Instant::now());
        }
        answer
    }

    /// Tries a connection that was long idle, which whoever stands between may have cut without a word: a call that
    /// may not be repeated must not find that out.
    async fn try_idle_link(&self) -> Result<()> {
        let idle = self.answered.lock().is_none_or(|answered| answered.elapsed() > IDLE);
        if !idle {
            return Ok(());
        }
        // Of a key, so that in a cluster it goes the same way as the call.
        let mut trial = redis::cmd("EXISTS");
        trial.arg(self.keys.named("meta"));
        self.run::<redis::Value>(&trial).await?;
        Ok(())
    }

    /// Runs a plain command, which may be repeated.
    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.request(command, true).await
    }

    async fn request<T: FromRedisValue>(&self, command: &Cmd, repeatable: bool) -> Result<T> {
        let mut link = self.link().await?;
        self.within(link.run(command, self.options.response_timeout, repeatable)).await
    }

    async fn within<T>(&self, request: impl Future<Output = redis::RedisResult<T>>) -> Result<T> {
        match timeout(self.patience(), request).await {
            Ok(answer) => answer.map_err(|error| translated(&error)),
            Err(_) => Err(self.no_answer()),
        }
    }

    /// As long as it may take to connect anew and to be answered.
    fn patience(&self) -> Duration {
        self.options.connect_timeout + self.options.response_timeout
    }

    fn no_answer(&self) -> Error {
        unavailable(format!("no answer within {} s", self.patience().as_secs_f64()))
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
        *self.link.lock() = None;
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
