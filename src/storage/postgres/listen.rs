//! Hints between processes: one LISTEN connection, and one coalesced NOTIFY.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::AsyncMessage;

use super::PostgresStorage;
use super::faults::{Attempt, Fault};
use super::pool::Connections;
use super::statements::{Names, Statement};
use crate::error::Result;
use crate::model::JobId;
use crate::storage::hub::{Hub, between_trials};
use crate::storage::{Wakes, Watch};

/// While jobs keep being added, other processes are told at most this often.
pub(super) const QUIET: Duration = Duration::from_millis(10);
/// For how many seconds the end of a job is told to those who wait for it, from when they last asked.
const WATCHED: f64 = 3_600.0;
/// The longest pause between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl PostgresStorage {
    pub(super) async fn start_listening(&self) -> Result<Wakes> {
        drop(self.session().await?);
        self.ensure_listener().await;
        Ok(self.hub.wakes())
    }

    pub(super) async fn watch_job(&self, id: JobId) -> Result<Watch> {
        let watch = self.hub.watch(id);
        let session = self.session().await?;
        if !session.is_pooled() {
            session.query(&self.statements.watch, &[&id, &WATCHED]).await?;
            drop(session);
            self.ensure_listener().await;
        }
        Ok(watch)
    }

    /// Starts the listener once, and waits until it listens, but not for a server that is away: it goes on trying.
    async fn ensure_listener(&self) {
        if self.options.pgbouncer {
            return;
        }
        let mut connected = self.listener.get_or_init(|| self.spawn_listener()).clone();
        let _ = timeout(self.connections.connect_timeout, connected.wait_for(|connected| *connected)).await;
    }

    fn spawn_listener(&self) -> watch::Receiver<bool> {
        let (sender, receiver) = watch::channel(false);
        let listener = Listener {
            connections: self.connections.clone(),
            names: self.names.clone(),
            own: self.own_payload.clone(),
            hub: self.hub.clone(),
            connected: sender,
        };
        self.spawn(listener.run());
        receiver
    }

    /// There is something to claim: wakes this process at once and the others soon after.
    pub(super) fn announce(&self) {
        self.hub.bump();
        self.teller.get_or_init(|| {
            self.spawn(tell(
                self.connections.clone(),
                self.statements.wake.clone(),
                self.own_payload.clone(),
                self.hub.clone(),
            ));
        });
        self.hub.tell.notify_one();
    }
}

/// Tells other processes at once when there is work, then at most every [`QUIET`] while there is more.
async fn tell(connections: Connections, wake: Statement, payload: String, hub: Arc<Hub>) {
    loop {
        hub.tell.notified().await;
        // Whoever added a job alone may have told of it just now.
        while let Some(pause) = hub.quiet_for(QUIET) {
            sleep(pause).await;
        }
        // A hint that cannot be told is made good by the fallback poll.
        if let Ok(session) = connections.session().await {
            let _ = session.query(&wake, &[&payload]).await;
        }
    }
}

struct Listener {
    connections: Connections,
    names: Names,
    /// The payload of this storage's own hints, which it has already taken.
    own: String,
    hub: Arc<Hub>,
    connected: watch::Sender<bool>,
}

impl Listener {
    async fn run(self) {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.listen().await {
                Ok(driver) => {
                    pause = Duration::from_millis(50);
                    self.connected.send_replace(true);
                    self.hub.set_hears(true);
                    // What happened while nobody listened is found by looking.
                    self.hub.look_again();
                    driver.ended(self.connections.connect_timeout).await;
                    self.hub.set_hears(false);
                    self.connected.send_replace(false);
                    tracing::warn!("the connection that listens for work was lost; connecting again");
                }
                Err(fault) => {
                    tracing::warn!("no connection to listen for work: {}", crate::error::Error::from(fault));
                }
            }
            sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn listen(&self) -> Attempt<Driver> {
        let patience = self.connections.connect_timeout;
        let connecting = self.connections.config.connect(self.connections.tls.clone());
        let (client, mut connection) = timeout(patience, connecting)
            .await
            .map_err(|_| Fault::Late(patience))?
            .map_err(|error| Fault::Unconnected(self.connections.place.clone(), error))?;
        let (hub, own) = (self.hub.clone(), self.own.clone());
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(notification) = message {
                    take(&hub, &own, notification.payload());
                }
            }
        });
        let driver = Driver { task, client };
        let sql = format!("SET statement_timeout = 0; LISTEN \"{}\"", self.names.channel);
        timeout(patience, driver.client.batch_execute(&sql)).await.map_err(|_| Fault::Late(patience))??;
        Ok(driver)
    }
}

/// A payload is empty or a storage's own sign, for work, `cancel`, or the ids of jobs that ended.
fn take(hub: &Hub, own: &str, payload: &str) {
    if payload.starts_with(|first: char| first.is_ascii_digit()) {
        hub.ended(payload.split(',').filter_map(|id| id.parse().ok()));
    } else if payload == "cancel" {
        hub.ask();
    } else if payload != own {
        hub.bump();
    }
}

/// The connection that listens, ended when dropped.
struct Driver {
    task: JoinHandle<()>,
    client: tokio_postgres::Client,
}

impl Driver {
    /// Waits for the end of the connection. It is tried now and then: a cut that nobody told of must not go unnoticed.
    async fn ended(mut self, patience: Duration) {
        loop {
            tokio::select! {
                _ = &mut self.task => return,
                () = sleep(between_trials(patience)) => {}
            }
            if !matches!(timeout(patience, self.client.batch_execute("")).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
