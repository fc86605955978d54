//! The engine's threads: one tokio runtime for each process, made when first needed.
//!
//! After a `fork()` the child has none of the parent's threads. Its first call builds a runtime of its own and
//! leaks the inherited one, whose locks and file descriptors may be in any state.

use std::io;
use std::process;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, Result};

struct Owned {
    pid: u32,
    runtime: Runtime,
}

static CURRENT: AtomicPtr<Owned> = AtomicPtr::new(std::ptr::null_mut());

/// The handle of this process's runtime.
///
/// # Errors
/// [`Error::Internal`] when the system gives no threads.
#[allow(unsafe_code)]
pub fn handle() -> Result<Handle> {
    let pid = process::id();
    let mut current = CURRENT.load(Ordering::Acquire);
    loop {
        // SAFETY: a non-null pointer in CURRENT came from Box::into_raw below and is never freed.
        if let Some(owned) = unsafe { current.as_ref() }
            && owned.pid == pid
        {
            return Ok(owned.runtime.handle().clone());
        }
        let runtime = build().map_err(|error| Error::Internal(format!("no threads for the engine: {error}")))?;
        let fresh = Box::into_raw(Box::new(Owned { pid, runtime }));
        match CURRENT.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => current = fresh,
            Err(winner) => {
                // SAFETY: `fresh` was made above and nobody else has seen it.
                unsafe { Box::from_raw(fresh) }.runtime.shutdown_background();
                current = winner;
            }
        }
    }
}

fn build() -> io::Result<Runtime> {
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4));
    Builder::new_multi_thread().worker_threads(workers).thread_name("dataqueue").enable_all().build()
}
