//! Hints between processes: one connection that listens for what scripts publish.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::Msg;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::RedisStorage;
use super::connection;
use super::faults::{translated, unavailable};
use super::upkeep::micros;
use crate::error::Result;
use crate::model::JobId;
use crate::storage::hub::{Hub, between_trials};
use crate::storage::options::RedisOptions;
use crate::storage::{Wakes, Watch};

/// The pauses between two tries to connect.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A connection that lasted so long may be lost by chance: the next is made soon.
const LASTING: Duration = Duration::from_secs(2);
/// How often it is told that nobody listens, where that stays so.
const TOLD_AGAIN: Duration = Duration::from_secs(60);
/// Interest in a job that is not renewed is forgotten after this long; its watcher looks again by itself.
const INTEREST: Duration = Duration::from_secs(24 * 3600);

impl RedisStorage {
    pub(super) async fn start_listening(&self) -> Result<Wakes> {
        self.link().await?;
        self.ensure_listener().await;
        Ok(self.hub.wakes())
    }

    pub(super) async fn listen_to_events(&self) -> Result<Wakes> {
        self.start_listening().await?;
        Ok(self.hub.changes())
    }

    pub(super) async fn watch_job(&self, id: JobId) -> Result<Watch> {
        let watch = self.hub.watch(id);
        self.call::<i64>(&self.scripts.watch, |call| call.arg(id).arg(micros(INTEREST))).await?;
        self.ensure_listener().await;
        Ok(watch)
    }

    /// Starts the listener once, and waits until it listens, but not for a server that is away: it goes on trying.
    async fn ensure_listener(&self) {
        let mut connected = self.listener.get_or_init(|| self.spawn_listener()).clone();
        let _ = timeout(self.options.connect_timeout, connected.wait_for(|connected| *connected)).await;
    }

    fn spawn_listener(&self) -> watch::Receiver<bool> {
        let (sender, receiver) = watch::channel(false);
        let listener = Listener {
            options: self.options.clone(),
            moves: self.shared.moves(),
            wake: self.keys.wake_channel(),
            ended: self.keys.ended_channel(),
            own: self.origin.clone(),
            hub: Arc::clone(&self.hub),
            connected: sender,
        };
        self.spawn(listener.run());
        receiver
    }
}

struct Listener {
    options: RedisOptions,
    /// Tells when calls go by another connection, which may be to another server.
    moves: watch::Receiver<u64>,
    wake: String,
    ended: String,
    /// What this storage's own hints hold, which it has already taken.
    own: String,
    hub: Arc<Hub>,
    connected: watch::Sender<bool>,
}

/// Why nobody listens any more.
enum Ended {
    Lost,
    Followed,
}

impl Listener {
    async fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        let mut told: Option<Instant> = None;
        loop {
            let began = Instant::now();
            let ended = self.listen().await;
            self.hub.set_hears(false);
            // A connection that is cut as soon as it listens is no better than none.
            if began.elapsed() > LASTING || matches!(ended, Ok(Ended::Followed)) {
                pause = SHORTEST_PAUSE;
            }
            let is_news = told.is_none_or(|told| told.elapsed() > TOLD_AGAIN);
            match ended {
                Ok(Ended::Followed) => tracing::debug!("listening for work where the calls go now"),
                Ok(Ended::Lost) if is_news => {
                    told = Some(Instant::now());
                    tracing::warn!("the connection that listens for work was lost; connecting again");
                }
                Err(error) if is_news => {
                    told = Some(Instant::now());
                    tracing::warn!("no connection to listen for work, which is polled for: {error}");
                }
                _ => {}
            }
            // A server that lets nobody subscribe is lived with: the poll goes on alone.
            self.connected.send_replace(true);
            sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Listens until the connection ends.
    async fn listen(&mut self) -> Result<Ended> {
        let patience = self.options.connect_timeout;
        self.moves.mark_unchanged();
        let client = connection::server(&self.options).await?;
        let connecting = timeout(patience, client.get_async_pubsub()).await;
        let pubsub = connecting.map_err(|_| unavailable("no connection to listen on"))?;
        let (mut sink, mut messages) = pubsub.map_err(|error| translated(&error))?.split();
        let subscribed = timeout(patience, sink.subscribe(&[&self.wake, &self.ended])).await;
        subscribed.map_err(|_| unavailable("no answer to SUBSCRIBE"))?.map_err(|error| translated(&error))?;
        self.connected.send_replace(true);
        self.hub.set_hears(true);
        // What happened while nobody listened is found by looking.
        self.hub.look_again();
        loop {
            let heard = tokio::select! {
                heard = timeout(between_trials(patience), messages.next()) => heard,
                Ok(()) = self.moves.changed() => return Ok(Ended::Followed),
            };
            match heard {
                Ok(Some(message)) => self.hear(&message),
                Ok(None) => return Ok(Ended::Lost),
                Err(_) => {
                    let answer = timeout(patience, sink.ping::<redis::Value>()).await;
                    if !matches!(answer, Ok(Ok(_))) {
                        return Ok(Ended::Lost);
                    }
                }
            }
        }
    }

    fn hear(&self, message: &Msg) {
        let payload = message.get_payload_bytes();
        if message.get_channel_name() == self.ended {
            let ids = str::from_utf8(payload).unwrap_or_default().split(',').filter_map(|id| id.parse().ok());
            self.hub.ended(ids);
        } else if payload == b"cancel" {
            self.hub.ask();
        } else if payload == b"events" {
            self.hub.wrote();
        } else if payload != self.own.as_bytes() {
            self.hub.bump();
        }
    }
}
