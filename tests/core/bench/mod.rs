//! What a test stands on: a fresh store of its driver, and the words to work it with.

mod crew;
mod drivers;
mod gate;
mod history;
mod meaning;
mod stages;
mod timetable;
mod vocabulary;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dataqueue::lock::Mutex;
use dataqueue::storage::{Storage, StoreOptions};
use futures_util::FutureExt;

pub use crew::{Hand, PATIENCE, complete, end, eventually, fail, release};
pub use drivers::{Connections, Driver, Foreign, Memory, Postgres, Redis, Sqlite, Still};
pub use gate::{Fault, Gate, Side};
pub use history::check_job;
pub use meaning::meaning;
pub use stages::Stage;
pub use timetable::{MINUTE, full_schedule, schedule};
pub use vocabulary::{every_extra, ids, job, json, leased, settled_all, tagged, worker_named};

/// A test that has not ended after this long hangs.
const DEADLINE: Duration = Duration::from_secs(240);

/// A store that nothing else uses, set up and empty, and the ways to open it once more.
pub struct Bench {
    driver: Box<dyn Driver>,
    store: Arc<dyn Storage>,
    others: Mutex<Vec<Arc<dyn Storage>>>,
    whole_history: AtomicBool,
}

impl Bench {
    /// Another handle on the same store: what another process sees.
    pub fn second(&self) -> Arc<dyn Storage> {
        self.open(self.driver.options())
    }

    /// A handle that has one connection only.
    pub fn narrow(&self) -> Arc<dyn Storage> {
        self.open(match self.driver.options() {
            StoreOptions::Postgres(mut options) => {
                options.pool_min = 0;
                options.pool_max = 1;
                StoreOptions::Postgres(options)
            }
            options @ (StoreOptions::Redis(_) | StoreOptions::Sqlite(_)) => options,
        })
    }

    /// A handle that waits for another process only so long that a test can outwait it.
    pub fn impatient(&self) -> Arc<dyn Storage> {
        self.open(match self.driver.options() {
            StoreOptions::Sqlite(mut options) => {
                options.busy_timeout = drivers::IMPATIENT;
                StoreOptions::Sqlite(options)
            }
            options @ (StoreOptions::Postgres(_) | StoreOptions::Redis(_)) => options,
        })
    }

    /// The handle that the test's own calls use, to be shared with tasks.
    pub fn store(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.store)
    }

    /// The place of the store, for what only a caller with the server's own tools can do.
    pub fn driver(&self) -> &dyn Driver {
        self.driver.as_ref()
    }

    /// Says that the test removes events or the store, so that jobs cannot be checked against their history.
    pub fn forget_history(&self) {
        self.whole_history.store(false, Ordering::Relaxed);
    }

    fn open(&self, options: StoreOptions) -> Arc<dyn Storage> {
        let store = self.driver.open(options);
        self.others.lock().push(Arc::clone(&store));
        store
    }
}

impl Deref for Bench {
    type Target = dyn Storage;

    fn deref(&self) -> &Self::Target {
        self.store.as_ref()
    }
}

/// Runs one test on a fresh store, checks the history of every job it left, and removes the store.
pub fn run<D: Driver>(test: impl AsyncFnOnce(&Bench)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    #[allow(clippy::disallowed_methods, reason = "a test has no Python thread")]
    runtime.block_on(async {
        let driver: Box<dyn Driver> = Box::new(D::fresh());
        driver.prepare().await;
        let store = driver.open(driver.options());
        let bench = Bench { driver, store, others: Mutex::default(), whole_history: AtomicBool::new(true) };
        let tried = AssertUnwindSafe(async {
            bench.driver.set_up(bench.store.as_ref()).await;
            test(&bench).await;
            if bench.whole_history.load(Ordering::Relaxed) {
                history::check(&bench).await;
            }
        });
        let ended = tokio::time::timeout(DEADLINE, tried.catch_unwind()).await;
        let mut stores = std::mem::take(&mut *bench.others.lock());
        stores.push(Arc::clone(&bench.store));
        for store in stores {
            store.close().await;
        }
        bench.driver.remove().await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => resume_unwind(panic),
            Err(elapsed) => panic!("the test did not end within {DEADLINE:?}: {elapsed}"),
        }
    });
}
