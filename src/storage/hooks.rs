//! What was done through one queue of this process, on its way to those who listen.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::mem;

use tokio::sync::Notify;

use crate::lock::Mutex;
use crate::model::{Happening, Lease, WorkerId};
use crate::per_process::PerProcess;

/// What is kept for listeners that are slow: what comes beyond it takes the place of the oldest.
const MOST: usize = 100_000;
/// The most that is handed over at once.
const AT_ONCE: usize = 1_000;

/// What happened, until it is taken. A forked child has one of its own, and no listeners at first.
#[derive(Default)]
pub struct Hooks(PerProcess<Shared>);

#[derive(Default)]
struct Shared {
    inner: Mutex<Inner>,
    filled: Notify,
}

#[derive(Default)]
struct Inner {
    /// Of each of [`crate::model::bits`], whether somebody listens to it.
    wanted: u32,
    waiting: VecDeque<Happening>,
    dropped: u64,
    /// The types of the jobs that workers of this queue hold, as far as they were claimed while somebody listened.
    types: HashMap<Lease, String>,
    poked: bool,
    closed: bool,
}

/// What was taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// In the order in which the store answered.
    pub happenings: Vec<Happening>,
    /// How many before these were dropped, since nobody took them.
    pub dropped: u64,
}

impl Hooks {
    fn shared(&self) -> &Shared {
        match self.0.get_or_try_init(|| Ok::<_, Infallible>(Shared::default())) {
            Ok(shared) => shared,
        }
    }

    /// Says what is listened to from now on: of [`crate::model::bits`].
    pub fn listen(&self, wanted: u32) {
        let mut inner = self.shared().inner.lock();
        inner.wanted = wanted;
        if wanted == 0 {
            inner.types = HashMap::new();
        }
    }

    /// Whether somebody listens to one of these.
    pub(super) fn wants(&self, kinds: u32) -> bool {
        // One that has never listened has made nothing, and pays for a look at that.
        self.0.get().is_some_and(|shared| shared.inner.lock().wanted & kinds != 0)
    }

    /// Keeps what somebody listens to.
    pub(super) fn tell(&self, happenings: impl IntoIterator<Item = Happening>) {
        let shared = self.shared();
        let mut inner = shared.inner.lock();
        let before = inner.waiting.len();
        for happening in happenings {
            if inner.closed || inner.wanted & happening.what.bit() == 0 {
                continue;
            }
            if inner.waiting.len() >= MOST {
                inner.waiting.pop_front();
                inner.dropped += 1;
            }
            inner.waiting.push_back(happening);
        }
        let wake = before == 0 && !inner.waiting.is_empty();
        drop(inner);
        if wake {
            shared.filled.notify_waiters();
        }
    }

    /// Ends the wait of whoever waits in [`Hooks::ready`], with nothing.
    pub fn poke(&self) {
        let shared = self.shared();
        shared.inner.lock().poked = true;
        shared.filled.notify_waiters();
    }

    /// Nothing is kept any more; what waits is still handed over.
    pub fn close(&self) {
        let shared = self.shared();
        shared.inner.lock().closed = true;
        shared.filled.notify_waiters();
    }

    /// Waits until there is something to take, or somebody pokes; false when these were closed and all was taken. It takes
    /// nothing itself: whoever gave up waiting, even as it ended, has lost nothing.
    pub async fn ready(&self) -> bool {
        let shared = self.shared();
        loop {
            let filled = shared.filled.notified();
            tokio::pin!(filled);
            filled.as_mut().enable();
            {
                let inner = shared.inner.lock();
                if inner.poked || !inner.waiting.is_empty() {
                    return true;
                }
                if inner.closed {
                    return false;
                }
            }
            filled.await;
        }
    }

    /// Takes what there is.
    pub fn take(&self) -> Happened {
        let mut inner = self.shared().inner.lock();
        inner.poked = false;
        let many = inner.waiting.len().min(AT_ONCE);
        let happenings = inner.waiting.drain(..many).collect();
        Happened { happenings, dropped: mem::take(&mut inner.dropped) }
    }

    /// Keeps the types of jobs that were claimed.
    pub(super) fn claimed(&self, leases: impl Iterator<Item = (Lease, String)>) {
        self.shared().inner.lock().types.extend(leases);
    }

    /// The type of a job that is held.
    pub(super) fn type_of(&self, lease: &Lease) -> Option<String> {
        self.shared().inner.lock().types.get(lease).cloned()
    }

    /// The type of a job that was held.
    pub(super) fn let_go(&self, lease: &Lease) -> Option<String> {
        self.shared().inner.lock().types.remove(lease)
    }

    /// The worker holds nothing any more.
    pub(super) fn forget(&self, worker: WorkerId) {
        if let Some(shared) = self.0.get() {
            shared.inner.lock().types.retain(|lease, _| lease.worker_id != worker);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::model::{What, bits};

    /// What is there at once.
    fn now(hooks: &Hooks) -> Option<Happened> {
        hooks.ready().now_or_never().expect("nothing was there").then(|| hooks.take())
    }

    fn happening(job_id: i64) -> Happening {
        Happening { job_id, job_type: None, what: What::Added }
    }

    #[test]
    fn what_nobody_listens_to_is_not_kept() {
        let hooks = Hooks::default();
        hooks.tell([happening(1)]);
        hooks.listen(bits::RETRIED);
        hooks.tell([happening(2)]);
        hooks.poke();
        assert_eq!(now(&hooks), Some(Happened::default()));
    }

    #[test]
    fn what_was_there_at_the_close_is_still_taken() {
        let hooks = Hooks::default();
        hooks.listen(bits::ADDED);
        hooks.tell([happening(1)]);
        hooks.close();
        hooks.tell([happening(2)]);
        assert_eq!(now(&hooks).unwrap().happenings, [happening(1)]);
        assert_eq!(now(&hooks), None);
    }

    #[test]
    fn a_wait_that_was_given_up_has_taken_nothing() {
        let hooks = Hooks::default();
        hooks.listen(bits::ADDED);
        let mut first = Box::pin(hooks.ready());
        assert_eq!(first.as_mut().now_or_never(), None);
        hooks.tell([happening(1)]);
        assert!(hooks.ready().now_or_never().is_some());
        drop(first);
        assert_eq!(now(&hooks).unwrap().happenings, [happening(1)]);
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let hooks = Hooks::default();
        hooks.listen(bits::ADDED);
        hooks.tell((0..MOST as i64 + 3).map(happening));
        let happened = now(&hooks).unwrap();
        assert_eq!((happened.dropped, happened.happenings.len(), happened.happenings[0].job_id), (3, AT_ONCE, 3));
    }
}
