//! A value of which each process has its own, also after a `fork()`.

use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Owned<T> {
    pid: u32,
    value: T,
}

/// A value made when a process first asks for it.
///
/// After a `fork()` the child finds none and makes its own. The one it inherited is leaked: its locks, threads and
/// file descriptors belong to the parent and may be in any state. Nothing here ever waits for a lock.
pub struct PerProcess<T> {
    current: AtomicPtr<Owned<T>>,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Without a value.
    #[must_use]
    pub const fn new() -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()) }
    }

    /// This process's value, if it has one.
    pub fn get(&self) -> Option<&T> {
        self.any().filter(|owned| owned.pid == process::id()).map(|owned| &owned.value)
    }

    /// Whether a parent made a value and this process has none yet.
    pub fn is_inherited(&self) -> bool {
        self.any().is_some_and(|owned| owned.pid != process::id())
    }

    /// This process's value, made by `make` if there is none. Of two that are made at once, one is dropped.
    ///
    /// # Errors
    /// That of `make`.
    #[allow(unsafe_code)]
    pub fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let seen = self.current.load(Ordering::Acquire);
        let fresh = Box::into_raw(Box::new(Owned { pid: process::id(), value: make()? }));
        let kept = match self.current.compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(winner) => {
                // SAFETY: `fresh` was made above and nobody else has seen it.
                drop(unsafe { Box::from_raw(fresh) });
                winner
            }
        };
        // SAFETY: what `current` ever pointed to is freed by `take` and `drop` only, which have `self` alone.
        Ok(&unsafe { &*kept }.value)
    }

    /// Takes this process's value out; an inherited one stays leaked.
    #[allow(unsafe_code)]
    pub fn take(&mut self) -> Option<T> {
        let owned = *self.current.get_mut();
        self.get()?;
        *self.current.get_mut() = ptr::null_mut();
        // SAFETY: it came from Box::into_raw, `self` is borrowed alone, and the pointer was cleared.
        Some(unsafe { Box::from_raw(owned) }.value)
    }

    #[allow(unsafe_code)]
    fn any(&self) -> Option<&Owned<T>> {
        // SAFETY: a non-null pointer came from Box::into_raw, and is freed by `take` and `drop` only, which have `self`
        // alone.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }
}

impl<T: Send + Sync> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PerProcess<T> {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        let owned = *self.current.get_mut();
        // SAFETY: a non-null pointer came from Box::into_raw and `self` is borrowed alone.
        if unsafe { owned.as_ref() }.is_some_and(|owned| owned.pid == process::id()) {
            // SAFETY: as above; nobody can load the pointer any more.
            drop(unsafe { Box::from_raw(owned) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_value_is_made_once_and_dropped_with_its_owner() {
        let value = Arc::new(());
        let mut cell = PerProcess::new();
        assert!(cell.get().is_none() && !cell.is_inherited());
        assert!(cell.get_or_try_init(|| Err::<Arc<()>, _>("no")).is_err());
        assert!(cell.get_or_try_init(|| Ok::<_, ()>(Arc::clone(&value))).is_ok());
        assert!(cell.get_or_try_init(|| Err(())).is_ok());
        assert_eq!(Arc::strong_count(&value), 2);
        assert!(cell.take().is_some() && cell.take().is_none());
        cell.get_or_try_init(|| Ok::<_, ()>(Arc::clone(&value))).unwrap();
        drop(cell);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn an_inherited_value_is_neither_used_nor_dropped() {
        let value = Arc::new(());
        let parent = Box::into_raw(Box::new(Owned { pid: process::id() + 1, value: Arc::clone(&value) }));
        let mut cell = PerProcess { current: AtomicPtr::new(parent) };
        assert!(cell.get().is_none() && cell.is_inherited() && cell.take().is_none());
        let own = Arc::new(());
        assert!(cell.get_or_try_init(|| Ok::<_, ()>(Arc::clone(&own))).is_ok_and(|found| Arc::ptr_eq(found, &own)));
        drop(cell);
        assert_eq!((Arc::strong_count(&value), Arc::strong_count(&own)), (2, 1));
    }

    #[test]
    fn threads_that_race_get_the_same_value() {
        let cell = PerProcess::new();
        let found: Vec<usize> = std::thread::scope(|scope| {
            let ask = |at: usize| *cell.get_or_try_init(|| Ok::<_, ()>(at)).unwrap();
            let threads: Vec<_> = (0..8).map(|at| scope.spawn(move || ask(at))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|value| *value == found[0]), "{found:?}");
    }
}
