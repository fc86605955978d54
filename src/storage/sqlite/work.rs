//! A request on its way to a database thread and its answer on the way back.

use std::panic::{self, AssertUnwindSafe};

use tokio::sync::oneshot;

use super::dependents;
use super::fault::{Fault, Outcome, Place};
use super::session::Session;
use super::{flow, waits};
use crate::error::{Error, Result};

/// A request that a database thread runs.
pub(super) trait Work: Send {
    /// Whether the caller still waits.
    fn is_wanted(&self) -> bool;
    /// Whether what it changes must be on the disk before the caller is answered.
    fn is_lasting(&self) -> bool;
    /// Runs it; false when it failed and its changes are to be rolled back.
    fn run(&mut self, session: &mut Session<'_>, place: &Place) -> bool;
    /// Answers the caller: what `run` gave, or that the transaction around it was lost or never begun.
    fn answer(self: Box<Self>, lost: Option<&Error>);
}

struct Call<T, F> {
    work: Option<F>,
    lasting: bool,
    /// None until it ran.
    done: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// Packs a request; its answer comes through the receiver.
pub(super) fn pack<T, F>(work: F, lasting: bool) -> (Box<dyn Work>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Session<'_>) -> Outcome<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Call { work: Some(work), lasting, done: None, reply }), answer)
}

impl<T, F> Work for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut Session<'_>) -> Outcome<T> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn is_lasting(&self) -> bool {
        self.lasting
    }

    fn run(&mut self, session: &mut Session<'_>, place: &Place) -> bool {
        if let Some(work) = self.work.take() {
            let done = panic::catch_unwind(AssertUnwindSafe(|| {
                let answer = work(session)?;
                dependents::follow_ends(session)?;
                waits::resume_after_ends(session)?;
                flow::free_after(session)?;
                Ok(answer)
            }));
            // A fault of this library's must not take the thread along, and with it every call to come.
            let done = done.unwrap_or_else(|_| Err(Error::Internal("a call to the database panicked".into()).into()));
            self.done = Some(done.map_err(|fault: Fault| fault.told_of(place)));
        }
        matches!(self.done, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<&Error>) {
        let answer = match (self.done, lost) {
            (None | Some(Ok(_)), Some(error)) => Err(error.clone()),
            (Some(done), _) => done,
            (None, None) => Err(Error::Closed),
        };
        // A caller that gave up has dropped its end.
        let _ = self.reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::error::Error;
    use crate::model::Profile;
    use crate::storage::driver::Storage;
    use crate::storage::options::SqliteOptions;
    use crate::storage::sqlite::SqliteStorage;

    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "this thread is the test's own")]
    async fn a_call_that_panics_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        for path in [None, Some(folder.path().join("jobs.db"))] {
            let options = SqliteOptions { path, busy_timeout: Duration::ZERO, clock: None };
            let store = SqliteStorage::new(options).unwrap();
            for _ in 0..3 {
                let written = store.write::<()>(|_| panic!("a fault")).await;
                let read = store.read::<()>(|_| panic!("a fault")).await;
                assert!(matches!((written, read), (Err(Error::Internal(_)), Err(Error::Internal(_)))));
            }
            assert!(store.register(&Profile::named("w"), Duration::from_secs(1)).await.is_ok());
            assert_eq!(store.get(&[1]).await.unwrap(), []);
            store.close().await;
        }
    }
}
