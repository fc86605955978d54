//! The connection that all calls share: made by the first, and given up once it leads nowhere or to the wrong server.

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::connection::{Link, late};
use crate::error::Result;
use crate::lock::Mutex;
use crate::storage::options::{RedisAddress, RedisOptions};

/// What there is of the connection.
pub(super) struct Shared {
    held: Mutex<Held>,
    opening: tokio::sync::Mutex<()>,
    /// Counts the times at which the way to the server may have become another.
    moves: watch::Sender<u64>,
}

#[derive(Default)]
struct Held {
    link: Option<Link>,
    /// Of the newest connection, so that a call which fails late does not give up the next one. One that came back by
    /// itself counts as new: the server may have been another, or another's heir.
    number: u64,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { held: Mutex::default(), opening: tokio::sync::Mutex::default(), moves: watch::Sender::new(0) }
    }

    /// The connection and its number, made if there is none.
    pub(super) async fn link(&self, options: &RedisOptions) -> Result<(u64, Link)> {
        if let Some(found) = self.found() {
            return Ok(found);
        }
        let deadline = Instant::now() + options.connect_timeout;
        let opening = timeout_at(deadline, self.opening.lock()).await;
        let _one_at_a_time = opening.map_err(|_| late(options))?;
        if let Some(found) = self.found() {
            return Ok(found);
        }
        let link = Link::open(options, deadline).await?;
        let number = {
            let mut held = self.held.lock();
            held.number += 1;
            held.link = Some(link.clone());
            held.number
        };
        self.moved();
        Ok((number, link))
    }

    fn found(&self) -> Option<(u64, Link)> {
        let held = self.held.lock();
        held.link.clone().map(|link| (held.number, link))
    }

    /// The number of the newest connection.
    pub(super) fn number(&self) -> u64 {
        self.held.lock().number
    }

    /// Takes the connection of this number for a new one.
    pub(super) fn doubt(&self, number: u64) {
        let mut held = self.held.lock();
        if held.number == number {
            held.number += 1;
        }
    }

    /// Gives up the connection of this number.
    pub(super) fn leave(&self, number: u64) {
        let mut held = self.held.lock();
        if held.number == number {
            held.link = None;
        }
    }

    /// Gives up a connection to a master other than the one that is there now.
    pub(super) fn leave_unless_at(&self, master: &RedisAddress) {
        let mut held = self.held.lock();
        let elsewhere = matches!(&held.link, Some(Link::Master(at, _)) if at != master);
        if elsewhere {
            held.link = None;
            drop(held);
            self.moved();
        }
    }

    /// Gives up whichever there is.
    pub(super) fn close(&self) {
        self.held.lock().link = None;
    }

    fn moved(&self) {
        self.moves.send_modify(|count| *count += 1);
    }

    /// Tells when calls go, or are to go, by another connection than before.
    pub(super) fn moves(&self) -> watch::Receiver<u64> {
        self.moves.subscribe()
    }
}
