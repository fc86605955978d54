//! Calls under way, and the two ways to their results.

use std::any::Any;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use super::errors::OrRaise;
use super::inbox::{Inbox, Mailbox};
use super::reply::Reply;
use crate::error::{Error, Result};
use crate::runtime;

/// How long a signal may wait to be handled while a thread waits for a result.
const SLICE: Duration = Duration::from_millis(50);

/// Where a call's result is put.
struct Slot {
    pid: u32,
    state: Mutex<State>,
    ended: Condvar,
}

enum State {
    Running,
    /// Running, and the result goes to a mailbox.
    Addressed(Arc<Mailbox>, i64),
    Ended(Result<Reply>),
    Taken,
}

impl Slot {
    fn new(state: State) -> Arc<Self> {
        Arc::new(Self { pid: process::id(), state: Mutex::new(state), ended: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, result: Result<Reply>) {
        let mut state = self.lock();
        if let State::Addressed(mailbox, ticket) = mem::replace(&mut *state, State::Taken) {
            drop(state);
            mailbox.push(ticket, result);
        } else {
            *state = State::Ended(result);
            self.ended.notify_all();
        }
    }

    /// Waits for one slice at most.
    fn wait(&self) -> Waited {
        let running = |state: &mut State| matches!(state, State::Running);
        let waited = self.ended.wait_timeout_while(self.lock(), SLICE, running);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        match mem::replace(&mut *state, State::Taken) {
            State::Ended(result) => Waited::Ended(result),
            State::Running => {
                *state = State::Running;
                Waited::Running
            }
            other => {
                *state = other;
                Waited::Elsewhere
            }
        }
    }

    fn address(&self, mailbox: Arc<Mailbox>, ticket: i64) -> bool {
        let mut state = self.lock();
        match mem::replace(&mut *state, State::Taken) {
            State::Running => *state = State::Addressed(mailbox, ticket),
            State::Ended(result) => {
                drop(state);
                mailbox.push(ticket, result);
            }
            other => {
                *state = other;
                return false;
            }
        }
        true
    }
}

enum Waited {
    Running,
    Ended(Result<Reply>),
    Elsewhere,
}

/// A call under way in the engine. It runs to its end whether or not anyone waits.
#[pyclass(frozen, generic, module = "dataqueue._core")]
pub(crate) struct Pending {
    slot: Arc<Slot>,
    /// Dropped with this object, which ends a call that has no end of its own.
    interest: Mutex<Option<oneshot::Sender<()>>>,
}

impl Pending {
    /// Starts a call that runs to its end, whether or not the result is fetched.
    ///
    /// # Errors
    /// `DataQueueError` when the system gives no threads.
    pub(crate) fn spawn(py: Python<'_>, call: impl Future<Output = Result<Reply>> + Send + 'static) -> PyResult<Self> {
        let slot = Slot::new(State::Running);
        let end = Arc::clone(&slot);
        runtime::handle().or_raise(py)?.spawn(async move {
            let result = AssertUnwindSafe(call).catch_unwind().await;
            end.end(result.unwrap_or_else(|panic| Err(Error::Internal(message(panic.as_ref())))));
        });
        Ok(Self { slot, interest: Mutex::default() })
    }

    /// Starts a call that changes nothing and may never end by itself: it ends with the object that stands for it.
    ///
    /// # Errors
    /// As [`Pending::spawn`].
    pub(crate) fn spawn_while_wanted(
        py: Python<'_>,
        call: impl Future<Output = Result<Reply>> + Send + 'static,
    ) -> PyResult<Self> {
        let (interest, unwanted) = oneshot::channel::<()>();
        let pending = Self::spawn(py, async move {
            tokio::select! {
                result = call => result,
                _ = unwanted => Ok(Reply::Nothing),
            }
        })?;
        Ok(Self { interest: Mutex::new(Some(interest)), ..pending })
    }

    /// A call that ended already.
    pub(crate) fn ready(reply: Reply) -> Self {
        Self { slot: Slot::new(State::Ended(Ok(reply))), interest: Mutex::default() }
    }

    fn check_own(&self) -> PyResult<()> {
        if self.slot.pid == process::id() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("this call was made before fork() and ends in the parent: repeat it in the child"))
    }
}

#[pymethods]
impl Pending {
    fn wait<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_own()?;
        loop {
            match py.detach(|| self.slot.wait()) {
                Waited::Ended(result) => return result.or_raise(py)?.into_python(py),
                Waited::Elsewhere => return Err(fetched()),
                Waited::Running => py.check_signals()?,
            }
        }
    }

    /// Ends a call that waits for something to come: it answers None. Any other runs to its end.
    fn give_up(&self) {
        if self.slot.pid == process::id() {
            drop(self.interest.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    fn deliver(&self, inbox: &Bound<'_, Inbox>, ticket: i64) -> PyResult<()> {
        self.check_own()?;
        let mailbox = &inbox.get().0;
        if !mailbox.is_own() {
            return Err(PyRuntimeError::new_err("this inbox was made before fork(): make a new one in the child"));
        }
        if self.slot.address(Arc::clone(mailbox), ticket) { Ok(()) } else { Err(fetched()) }
    }
}

fn fetched() -> PyErr {
    PyRuntimeError::new_err("the result of this call was fetched already, or goes to an inbox")
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    format!("panic: {}", text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message"))
}
