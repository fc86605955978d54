//! Noticing what other processes write, without polling while nothing is written.
//!
//! The system tells when the log or the database file was written to. That comes before the commit can be seen,
//! because the log is synced in between; so the writer is asked to look at once and again after growing pauses.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::hints::Hints;
use super::writer::Message;
use crate::error::{Error, Result};

/// How often to look where the system cannot tell.
const WITHOUT_NOTICE: Duration = Duration::from_millis(100);

/// Writes that follow within this time are one notice; a busy writer makes thousands a second.
const SPACING: Duration = Duration::from_millis(2);

/// The pauses between looks after a notice, in microseconds: short ones for what a quick disk syncs, and all of them together
/// longer than a slow one takes.
const PAUSES: [u64; 14] = [150, 150, 200, 250, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 128_000, 512_000];

/// A running watch; ends when dropped.
pub(super) struct FileWatch {
    stop: Arc<AtomicBool>,
    bell: SyncSender<()>,
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // A full bell wakes the thread just as well.
        let _ = self.bell.try_send(());
    }
}

/// Starts to watch the database at `path` on behalf of the writer behind `outbox`.
pub(super) fn start(path: &Path, outbox: Sender<Message>, hints: Arc<Hints>) -> Result<FileWatch> {
    let (bell, notices) = sync_channel(1);
    let stop = Arc::new(AtomicBool::new(false));
    let thread = WatchThread { notices, outbox, hints, stop: Arc::clone(&stop) };
    let watcher = watch_files(path, bell.clone());
    if let Err(error) = &watcher {
        tracing::debug!(target: "dataqueue", %error, "no notice of file changes: looking every 100 ms instead");
    }
    thread::Builder::new()
        .name("dataqueue-watch".into())
        .spawn(move || thread.serve(watcher.ok()))
        .map_err(|error| Error::Internal(format!("no thread to watch the database: {error}")))?;
    Ok(FileWatch { stop, bell })
}

#[allow(clippy::disallowed_methods, reason = "SQLite has no condition to wait for: a lock is asked for again")]
fn watch_files(path: &Path, bell: SyncSender<()>) -> notify::Result<RecommendedWatcher> {
    let path = path.canonicalize().map_err(notify::Error::io)?;
    let database = path.file_name().unwrap_or_default().to_owned();
    let mut log = database.clone();
    log.push("-wal");
    let names: [OsString; 2] = [database, log];
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let is_ours = event.map_or(true, |event| {
            // Where the system lost notices, ours may be among them.
            event.need_rescan()
                || (!matches!(event.kind, EventKind::Access(_))
                    && event
                        .paths
                        .iter()
                        .any(|path| path.file_name().is_some_and(|name| names.iter().any(|own| own == name))))
        });
        if is_ours {
            let _ = bell.try_send(());
            // Meanwhile the system folds equal notices into one.
            thread::sleep(SPACING);
        }
    })?;
    watcher.watch(path.parent().unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

struct WatchThread {
    notices: Receiver<()>,
    outbox: Sender<Message>,
    hints: Arc<Hints>,
    stop: Arc<AtomicBool>,
}

impl WatchThread {
    fn serve(self, watcher: Option<RecommendedWatcher>) {
        while !self.stop.load(Ordering::Acquire) {
            if watcher.is_none() {
                let _ = self.notices.recv_timeout(WITHOUT_NOTICE);
                self.probe();
            } else if self.notices.recv().is_err() {
                return;
            } else {
                self.look_again_and_again();
            }
        }
    }

    fn look_again_and_again(&self) {
        let mut pauses = PAUSES.iter();
        loop {
            self.probe();
            let Some(pause) = pauses.next() else { return };
            match self.notices.recv_timeout(Duration::from_micros(*pause)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) if !self.stop.load(Ordering::Acquire) => pauses = PAUSES.iter(),
                _ => return,
            }
        }
    }

    fn probe(&self) {
        if self.hints.may_probe() {
            let _ = self.outbox.send(Message::Probe);
        }
    }
}
