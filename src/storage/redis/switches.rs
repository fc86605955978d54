//! Word of the sentinels that there is another master. A master that was replaced while it was well goes on taking, for
//! seconds, what is lost once it becomes a replica.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::Msg;
use tokio::time::{sleep, timeout};

use super::faults::{translated, unavailable};
use super::sentinel::{ask, client_of};
use super::shared::Shared;
use crate::error::Result;
use crate::storage::hub::between_trials;
use crate::storage::options::{RedisAddress, RedisOptions, RedisSentinel};

const CHANNEL: &str = "+switch-master";
/// The pauses between two tries to connect.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Listens to one sentinel. Each has a listener: any of them may be down, or cut off from the others.
pub(super) struct Switches {
    pub(super) options: RedisOptions,
    pub(super) wanted: RedisSentinel,
    pub(super) sentinel: RedisAddress,
    pub(super) shared: Arc<Shared>,
}

impl Switches {
    pub(super) async fn run(self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            match self.listen().await {
                Ok(()) => pause = SHORTEST_PAUSE,
                Err(error) => tracing::debug!("the sentinel {} tells of no fail-over: {error}", self.sentinel),
            }
            sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Listens until the connection ends.
    async fn listen(&self) -> Result<()> {
        let patience = self.options.connect_timeout;
        let client = client_of(&self.options, &self.wanted, &self.sentinel)?;
        let connecting = timeout(patience, client.get_async_pubsub()).await;
        let pubsub = connecting.map_err(|_| unavailable("no connection to listen on"))?;
        let (mut sink, mut messages) = pubsub.map_err(|error| translated(&error))?.split();
        let subscribed = timeout(patience, sink.subscribe(CHANNEL)).await;
        subscribed.map_err(|_| unavailable("no answer to SUBSCRIBE"))?.map_err(|error| translated(&error))?;
        // What happened while nobody listened is found by asking.
        let named = timeout(patience, ask(&self.options, &self.wanted, &self.sentinel, patience)).await;
        if let Some(master) = named.map_err(|_| unavailable("no answer to who is master"))?? {
            self.shared.leave_unless_at(&master);
        }
        loop {
            match timeout(between_trials(patience), messages.next()).await {
                Ok(Some(message)) => self.hear(&message),
                Ok(None) => return Ok(()),
                Err(_) => {
                    let answer = timeout(patience, sink.ping::<redis::Value>()).await;
                    if !matches!(answer, Ok(Ok(_))) {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn hear(&self, message: &Msg) {
        let told = str::from_utf8(message.get_payload_bytes()).unwrap_or_default();
        if let Some(master) = new_master(told, &self.wanted.service) {
            tracing::info!("{master} is the master of `{}` now", self.wanted.service);
            self.shared.leave_unless_at(&master);
        }
    }
}

/// Who became master, out of `service old-host old-port new-host new-port`.
fn new_master(told: &str, service: &str) -> Option<RedisAddress> {
    let mut words = told.strip_prefix(service)?.strip_prefix(' ')?.split(' ').skip(2);
    let (host, port) = (words.next()?, words.next()?.parse().ok()?);
    Some(RedisAddress::Tcp(host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_switch_of_the_service_itself_is_heard() {
        let told = "main 10.0.0.1 6379 ::1 6380";
        assert_eq!(new_master(told, "main"), Some(RedisAddress::Tcp("::1".to_owned(), 6380)));
        for (told, service) in
            [(told, "mai"), (told, "other"), ("main 10.0.0.1 6379", "main"), ("main a 1 b x", "main"), ("", "main")]
        {
            assert_eq!(new_master(told, service), None, "{told}");
        }
    }
}
