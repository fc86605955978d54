//! Requests on a connection: sent again where the server turned them away, and never where it may have obeyed.

use std::time::{Duration, Instant};

use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::SingleNodeRoutingInfo;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::sleep;

use super::connection::Link;
use super::faults::{is_elsewhere, is_lost, is_turned_away};
use super::scripts::Script;

/// The pauses between two tries: a slot that moves, or a script of somebody else's, is waited for.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
const MOST_PAUSE: Duration = Duration::from_millis(500);
/// How often a request whose connection was lost is repeated.
const REPEATS: u32 = 4;

impl Link {
    /// Runs a command, again and again for so long where the server turns it away; and some times more where it may be
    /// repeated and connections are lost, of which a cluster has several.
    pub(super) async fn run<T: FromRedisValue>(
        &mut self,
        command: &Cmd,
        patience: Duration,
        repeatable: bool,
    ) -> RedisResult<T> {
        let started = Instant::now();
        let (mut pause, mut repeats) = (LEAST_PAUSE, if repeatable { REPEATS } else { 0 });
        loop {
            match self.send(command).await {
                Err(error) if self.may_come_right(&error, &mut repeats) && started.elapsed() + pause < patience => {
                    sleep(pause).await;
                    pause = (pause * 2).min(MOST_PAUSE);
                }
                answer => return answer,
            }
        }
    }

    /// Runs a script, and makes it known to a server that does not know it yet.
    pub(super) async fn call<T: FromRedisValue>(
        &mut self,
        script: &Script,
        call: &Cmd,
        patience: Duration,
    ) -> RedisResult<T> {
        match self.run(call, patience, script.repeatable).await {
            // With its text in the same request: scripts may be flushed again before the next one.
            Err(error) if error.code() == Some("NOSCRIPT") => {
                self.run(&script.with_text(call), patience, script.repeatable).await
            }
            answer => answer,
        }
    }

    async fn send<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Single(link) => command.query_async(link).await,
            Self::Cluster(link) => match command.query_async(link).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => {
                    ask(link, command, error).await
                }
                answer => answer,
            },
        }
    }

    fn may_come_right(&self, error: &RedisError, repeats: &mut u32) -> bool {
        if is_lost(error) && *repeats > 0 {
            *repeats -= 1;
            return true;
        }
        // A cluster's client learns where to go. Alone, a replica or a server of a cluster stays what it is.
        is_turned_away(error) || is_elsewhere(error) && matches!(self, Self::Cluster(_))
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
