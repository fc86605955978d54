//! The connection that all calls share: made by the first, and given up once it leads nowhere or to the wrong server.

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::connection::{Link, late};
use crate::error::Result;
use crate::lock::Mutex;
use crate::storage::options::RedisOptions;

/// What there is of the connection.
pub(super) struct Shared {
    /// With the number that it was opened under, so that a call which fails late does not give up the next one.
    link: Mutex<Option<(u64, Link)>>,
    opening: tokio::sync::Mutex<()>,
    /// The number of the newest.
    opened: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { link: Mutex::new(None), opening: tokio::sync::Mutex::default(), opened: watch::Sender::new(0) }
    }

    /// The connection and its number, made if there is none.
    pub(super) async fn link(&self, options: &RedisOptions) -> Result<(u64, Link)> {
        if let Some(held) = self.held() {
            return Ok(held);
        }
        let deadline = Instant::now() + options.connect_timeout;
        let opening = timeout_at(deadline, self.opening.lock()).await;
        let _one_at_a_time = opening.map_err(|_| late(options))?;
        if let Some(held) = self.held() {
            return Ok(held);
        }
        let link = Link::open(options, deadline).await?;
        let number = *self.opened.borrow() + 1;
        *self.link.lock() = Some((number, link.clone()));
        self.opened.send_replace(number);
        Ok((number, link))
    }

    fn held(&self) -> Option<(u64, Link)> {
        self.link.lock().clone()
    }

    /// Gives up the connection of this number.
    pub(super) fn leave(&self, number: u64) {
        let mut held = self.link.lock();
        if held.as_ref().is_some_and(|(holds, _)| *holds == number) {
            *held = None;
        }
    }

    /// Gives up whichever there is.
    pub(super) fn close(&self) {
        *self.link.lock() = None;
    }

    /// Tells of each connection that is opened after this.
    pub(super) fn openings(&self) -> watch::Receiver<u64> {
        self.opened.subscribe()
    }
}
