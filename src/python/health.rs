//! The health of a processor, for Python and for the parent process. Told off the interpreter: a handler that holds it does
//! not look like a worker that is stuck.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{process, thread};

use super::bell::duplicate;
use super::traffic::metrics_json;
use crate::error::{Error, Result};
use crate::processor::{Health, Processor};
use crate::runtime;

/// How often the parent is told.
const BEAT: Duration = Duration::from_secs(1);
/// How long beyond the time of the handlers draining may take.
const GRACE: Duration = Duration::from_secs(10);
/// How long a process that has drained may take to end.
const LINGER: Duration = Duration::from_secs(10);

/// `(live, ready, running, waiting, last claim, last renewal, store reachable, restarts, reason)`; ages in seconds.
pub(super) type HealthTuple = (bool, bool, usize, usize, Option<f64>, Option<f64>, bool, u64, Option<String>);

pub(super) fn health(health: Health) -> HealthTuple {
    let Health { live, ready, running, waiting, last_claim, last_renewal, store_reachable, restarts, reason, .. } =
        health;
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
    (live, ready, running, waiting, seconds(last_claim), seconds(last_renewal), store_reachable, restarts, reason)
}

/// Reports by the socket, drains at its end, and aborts a process that a handler keeps from ending after that. On threads of
/// its own: what the parent does not read may keep only them.
///
/// # Errors
/// When it is no open socket, or the system gives no threads.
pub(super) fn follow(engine: &Arc<Processor>, descriptor: i64, drain_timeout: Duration) -> Result<()> {
    let told = |error| Error::Internal(format!("no line to the parent process: {error}"));
    let reading = duplicate(descriptor).map_err(told)?;
    reading.r#type().map_err(told)?;
    let writing = TcpStream::from(reading.try_clone().map_err(told)?);
    let reading = TcpStream::from(reading);
    let handle = runtime::handle()?;
    let (ended, over) = mpsc::channel::<()>();
    let reporting = Arc::clone(engine);
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(name.into()).spawn(work).map(drop).map_err(told)
    };
    spawn("dataqueue-report", Box::new(move || report(&reporting, writing, &over)))?;
    let engine = Arc::clone(engine);
    spawn(
        "dataqueue-parent",
        Box::new(move || {
            until_end(reading);
            let (drained, done) = mpsc::channel::<()>();
            handle.spawn(async move {
                engine.drain(drain_timeout).await;
                // The last report goes out at once.
                drop((ended, drained));
            });
            let _ = done.recv_timeout(drain_timeout.saturating_add(GRACE));
            end_by_force();
        }),
    )
}

fn report(engine: &Processor, mut line: TcpStream, over: &mpsc::Receiver<()>) {
    let mut is_over = false;
    while line.write_all(text(engine).as_bytes()).is_ok() && !is_over {
        is_over = over.recv_timeout(BEAT) != Err(RecvTimeoutError::Timeout);
    }
}

/// A parent ends a process that hangs, if it lives; this comes after it.
#[allow(
    clippy::disallowed_methods,
    reason = "only a worker's own process has a parent to follow, and it was to end long ago"
)]
fn end_by_force() {
    let (_held, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(LINGER);
    process::abort();
}

fn until_end(mut line: TcpStream) {
    let mut rest = [0; 64];
    loop {
        match line.read(&mut rest) {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}

fn text(engine: &Processor) -> String {
    let health = engine.health();
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
    let json = serde_json::json!({
        "live": health.live,
        "ready": health.ready,
        "running": health.running,
        "waiting": health.waiting,
        "last_claim_age": seconds(health.last_claim),
        "last_renewal_age": seconds(health.last_renewal),
        "store_reachable": health.store_reachable,
        "restarts": health.restarts,
        "reason": health.reason,
        "ended": health.ended,
        "metrics": metrics_json(engine.metrics()),
    });
    format!("{json}\n")
}
