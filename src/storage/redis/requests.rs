//! Requests: sent again where the server turned them away, and never where it may have obeyed.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::SingleNodeRoutingInfo;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{sleep, timeout};

use super::connection::Link;
use super::faults::{Fault, unavailable};
use super::scripts::Script;
use super::{IDLE, RedisStorage};
use crate::error::{Error, Result};

/// The pauses between two tries: a slot that moves, or a script of somebody else's, is waited for.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
const MOST_PAUSE: Duration = Duration::from_millis(500);
/// How often a request whose connection was lost is repeated, if it may be: a cluster has several connections.
const REPEATS: u32 = 4;

impl RedisStorage {
    /// Runs a script with arguments, on keys that are ours.
    pub(super) async fn call<T: FromRedisValue>(
        &self,
        script: &Script,
        add: impl FnOnce(&mut Cmd) -> &mut Cmd,
    ) -> Result<T> {
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
            // Apart, as what is seldom needed would be room in the future of every call.
            Box::pin(async {
                self.set_up().await?;
                if !self.checked.swap(true, Ordering::Relaxed) {
                    self.warn_of_loss().await;
                }
                Ok::<_, Error>(())
            })
            .await?;
        }
        self.call_unchecked(script, add).await
    }

    pub(super) async fn call_unchecked<T: FromRedisValue>(
        &self,
        script: &Script,
        add: impl FnOnce(&mut Cmd) -> &mut Cmd,
    ) -> Result<T> {
        let mut call = script.call(&self.origin);
        add(&mut call);
        if !script.repeatable {
            self.try_idle_link().await?;
        }
        self.send(Some(script), &call, script.repeatable).await
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
        self.run::<Value>(&trial).await?;
        Ok(())
    }

    /// Runs a plain command, which may be repeated.
    pub(super) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.send(None, command, true).await
    }

    /// Runs a command of which nothing is known.
    pub(super) async fn run_once<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.send(None, command, false).await
    }

    async fn send<T: FromRedisValue>(&self, script: Option<&Script>, call: &Cmd, repeatable: bool) -> Result<T> {
        let began = Instant::now();
        let mut pause = LEAST_PAUSE;
        let (mut repeats, mut strays) = (if repeatable { REPEATS } else { 0 }, 1);
        loop {
            let fault = match self.send_once(script, call).await? {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            // Alone, a replica or a server of a cluster stays what it is; others learn where to go.
            let has_others = self.options.cluster || self.options.sentinel.is_some();
            let again = fault.turned_away
                || (fault.elsewhere && self.options.cluster)
                || (fault.astray && (has_others || spend(&mut strays)))
                || (fault.unanswered && spend(&mut repeats));
            if !again || began.elapsed() + pause > self.options.response_timeout {
                return Err(fault.error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(MOST_PAUSE);
        }
    }

    /// Sends a request by the shared connection, which is given up if it turns out to lead to the wrong place. An error
    /// outside the answer means that there is no connection.
    async fn send_once<T: FromRedisValue>(
        &self,
        script: Option<&Script>,
        call: &Cmd,
    ) -> Result<std::result::Result<T, Fault>> {
        let (number, mut link) = self.link().await?;
        let fault = match timeout(self.patience(), link.send(script, call)).await {
            Ok(Ok(answer)) => {
                *self.answered.lock() = Some(Instant::now());
                return Ok(Ok(answer));
            }
            Ok(Err(error)) => Fault::of(&error),
            Err(_) => Fault::silence(self.no_answer()),
        };
        if link.ends_by(&fault) {
            self.shared.leave(number);
            // Wherever the next connection leads, the keys there may be others.
            self.checked.store(false, Ordering::Relaxed);
        } else if fault.silent {
            // It would not be given up by itself: to the client it is as good as ever.
            self.shared.leave(number);
        } else if fault.lost {
            self.shared.doubt(number);
        }
        Ok(Err(fault))
    }

    /// As long as it may take to connect anew and to be answered.
    fn patience(&self) -> Duration {
        self.options.connect_timeout + self.options.response_timeout
    }

    fn no_answer(&self) -> Error {
        unavailable(format!("no answer within {} s", self.patience().as_secs_f64()))
    }
}

/// Takes one of what is left, if there is any.
fn spend(left: &mut u32) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}

impl Link {
    /// Runs a command, or calls a script by it.
    async fn send<T: FromRedisValue>(&mut self, script: Option<&Script>, call: &Cmd) -> RedisResult<T> {
        match (self.run(call).await, script) {
            // With its text in the same request: scripts may be flushed again before the next one.
            (Err(error), Some(script)) if error.code() == Some("NOSCRIPT") => self.run(&script.with_text(call)).await,
            (answer, _) => answer,
        }
    }

    async fn run<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Single(link) => command.query_async(link).await,
            Self::Master(_, link) => command.query_async(link).await,
            Self::Cluster(link) => match command.query_async(link).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => {
                    ask(link, command, error).await
                }
                answer => answer,
            },
        }
    }
}

/// Sends a command to where its key was moved, while the rest of the slot is still on the way.
async fn ask<T: FromRedisValue>(link: &mut ClusterConnection, command: &Cmd, error: RedisError) -> RedisResult<T> {
    let place = error.redirect_node().and_then(|(address, _)| address.rsplit_once(':'));
    let Some((host, Ok(port))) = place.map(|(host, port)| (host.to_owned(), port.parse())) else {
        return Err(error);
    };
    let mut asking = redis::pipe();
    asking.cmd("ASKING").add_command(command.clone());
    let answers = link.route_pipeline(asking, 1, 1, SingleNodeRoutingInfo::ByAddress { host, port }).await?;
    let answer = answers.into_iter().next().unwrap_or(Value::Nil);
    Ok(redis::from_redis_value(answer.extract_error()?)?)
}
