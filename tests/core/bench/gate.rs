//! A store behind a gate: every call goes to the real store, and a test can count calls, hold them up as a stopped
//! process does, lose their replies as a cut connection does, or let one of them be the last of its process.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dataqueue::clock::{Timestamp, VirtualClock};
use dataqueue::error::Backend;
use dataqueue::lock::Mutex;
use dataqueue::model::{
    Added, After, Change, Chunk, Claim, ClaimRequest, DueSchedules, Durability, Event, FileState, Filter, Fired,
    Firing, GroupRecord, Job, JobId, Limits, NewJob, NewSchedule, NewToken, Note, Outstanding, Overview, Page, Profile,
    Prune, Reclaimed, Renewed, Schedule, ScheduleId, ScheduleQuery, Scope, Search, Searched, Settled, Settlement,
    Spacing, Step, Tail, Termed, Token, TokenQuery, Traffic, TrafficQuery, TrafficRows, Transfer, TypeLimit, Wanted,
    Worker, WorkerId, WorkerRecord,
};
use dataqueue::storage::{
    Capabilities, ExternalAdd, MigrationState, MigrationStep, Storage, TrafficStore, Wakes, Watch,
};
use dataqueue::{Error, Result};
use tokio::sync::watch;

use super::eventually;

/// Where a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before it reaches the store.
    Call,
    /// After the store has done it.
    Reply,
}

/// What goes wrong at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It never reaches the store.
    Refused,
    /// The store will not have it, however often it is asked.
    Rejected,
    /// The store does it, and the reply is lost.
    Unanswered,
    /// The process ends before it.
    Death,
    /// The process ends after the store has done it.
    DeathAfter,
}

#[derive(Default)]
struct Shut {
    /// Everything is, on both sides.
    all: bool,
    methods: HashSet<(Side, &'static str)>,
}

pub struct Gate {
    store: Arc<dyn Storage>,
    shut: watch::Sender<Shut>,
    books: Mutex<Books>,
    patience: Mutex<Option<Duration>>,
}

#[derive(Default)]
struct Books {
    calls: HashMap<&'static str, u64>,
    held: HashMap<(Side, &'static str), u64>,
    to_lose: HashMap<&'static str, u64>,
    made: HashMap<&'static str, u64>,
    /// The call that goes wrong, by its method and its number among the calls of that method.
    failpoint: Option<(&'static str, u64, Fault)>,
    failed: bool,
    dead: bool,
    buried: bool,
}

impl Gate {
    pub fn before(store: Arc<dyn Storage>) -> Arc<Self> {
        Arc::new(Self {
            store,
            shut: watch::Sender::new(Shut::default()),
            books: Mutex::default(),
            patience: Mutex::default(),
        })
    }

    /// Promises that no call takes longer. It does not see to that.
    pub fn promise(&self, patience: Duration) {
        *self.patience.lock() = Some(patience);
    }

    /// How many calls of a method the store has answered.
    pub fn calls(&self, method: &str) -> u64 {
        self.books.lock().calls.get(method).copied().unwrap_or(0)
    }

    /// How many calls it has answered.
    pub fn all_calls(&self) -> u64 {
        self.books.lock().calls.values().sum()
    }

    /// How many calls of each method were made.
    pub fn made(&self) -> Vec<(&'static str, u64)> {
        let mut made: Vec<_> = self.books.lock().made.iter().map(|(method, calls)| (*method, *calls)).collect();
        made.sort_unstable();
        made
    }

    /// Lets one call go wrong.
    pub fn fail_at(&self, method: &'static str, number: u64, fault: Fault) {
        self.books.lock().failpoint = Some((method, number, fault));
    }

    /// Whether the call that was to go wrong was made.
    pub fn has_failed(&self) -> bool {
        self.books.lock().failed
    }

    /// Whether the process has ended: no call of it reaches the store any more.
    pub fn is_dead(&self) -> bool {
        self.books.lock().dead
    }

    /// Lets `Processor::die` tell the store when a dead process was last heard of, where leases outlast a test.
    pub fn bury(&self) {
        self.books.lock().buried = true;
    }

    /// Holds everything up.
    pub fn stop(&self) {
        self.shut.send_modify(|shut| shut.all = true);
    }

    /// Holds a method up.
    pub fn hold(&self, side: Side, method: &'static str) {
        self.shut.send_modify(|shut| {
            shut.methods.insert((side, method));
        });
    }

    /// Lets everything pass.
    pub fn open(&self) {
        self.shut.send_replace(Shut::default());
    }

    /// Loses the next replies of a method.
    pub fn lose(&self, method: &'static str, replies: u64) {
        self.books.lock().to_lose.insert(method, replies);
    }

    /// Waits until a call of a method is held up.
    pub async fn until_held(&self, side: Side, method: &'static str) {
        eventually("a call is held up", async || self.books.lock().held.contains_key(&(side, method))).await;
    }

    /// Waits until the store has answered so many calls of a method.
    pub async fn until_called(&self, method: &'static str, times: u64) {
        eventually(&format!("{times} calls of {method}"), async || self.calls(method) >= times).await;
    }

    async fn pass<T>(&self, method: &'static str, call: impl Future<Output = Result<T>>) -> Result<T> {
        let fault = self.make(method)?;
        self.wait(Side::Call, method).await;
        let reply = call.await;
        if let Some(fault) = fault {
            return Err(self.suffer(fault));
        }
        *self.books.lock().calls.entry(method).or_default() += 1;
        self.wait(Side::Reply, method).await;
        if let Some(left) = self.books.lock().to_lose.get_mut(method)
            && *left > 0
        {
            *left -= 1;
            return Err(self.unavailable());
        }
        reply
    }

    /// Counts a call; what goes wrong after it, if anything.
    fn make(&self, method: &'static str) -> Result<Option<Fault>> {
        let mut books = self.books.lock();
        if books.dead && !(books.buried && method == "renew") {
            return Err(Error::Closed);
        }
        let made = books.made.entry(method).or_default();
        *made += 1;
        let number = *made;
        let fault = match books.failpoint {
            Some((failing, at, fault)) if (failing, at) == (method, number) => fault,
            _ => return Ok(None),
        };
        books.failed = true;
        books.dead = fault == Fault::Death;
        drop(books);
        match fault {
            Fault::Refused | Fault::Rejected | Fault::Death => Err(self.suffer(fault)),
            Fault::Unanswered | Fault::DeathAfter => Ok(Some(fault)),
        }
    }

    fn suffer(&self, fault: Fault) -> Error {
        match fault {
            Fault::Refused | Fault::Unanswered => self.unavailable(),
            Fault::Rejected => {
                Error::Storage { backend: self.store.backend(), message: "it does not fit in".to_owned() }
            }
            Fault::Death | Fault::DeathAfter => {
                self.books.lock().dead = true;
                Error::Closed
            }
        }
    }

    fn unavailable(&self) -> Error {
        Error::Unavailable { backend: self.store.backend(), message: "the reply was lost".to_owned() }
    }

    async fn wait(&self, side: Side, method: &'static str) {
        let is_shut = |shut: &Shut| shut.all || shut.methods.contains(&(side, method));
        if is_shut(&self.shut.borrow()) {
            *self.books.lock().held.entry((side, method)).or_default() += 1;
        }
        let mut shut = self.shut.subscribe();
        let _opened = shut.wait_for(|shut| !is_shut(shut)).await;
    }
}

#[async_trait]
impl TrafficStore for Gate {
    async fn record_traffic(&self, worker: &Worker, number: i64, traffic: &[Traffic]) -> Result<()> {
        self.pass("record_traffic", self.store.record_traffic(worker, number, traffic)).await
    }

    async fn traffic(&self, query: &TrafficQuery) -> Result<TrafficRows> {
        self.pass("traffic", self.store.traffic(query)).await
    }

    async fn prune_traffic(&self, step: Step, limit: u32) -> Result<u64> {
        self.pass("prune_traffic", self.store.prune_traffic(step, limit)).await
    }
}

macro_rules! passing {
    ($($method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Storage for Gate {
            fn backend(&self) -> Backend {
                self.store.backend()
            }

            fn capabilities(&self) -> Capabilities {
                self.store.capabilities()
            }

            fn patience(&self) -> Duration {
                self.patience.lock().unwrap_or_else(|| self.store.patience())
            }

            fn virtual_clock(&self) -> Option<&VirtualClock> {
                self.store.virtual_clock()
            }

            fn hears(&self) -> bool {
                self.store.hears()
            }

            fn cancels(&self) -> Wakes {
                self.store.cancels()
            }

            fn external_add(&self, jobs: &[NewJob]) -> Result<ExternalAdd> {
                self.store.external_add(jobs)
            }

            fn external_ties(&self, jobs: &[NewJob], added: &[Added]) -> Result<Vec<(String, String)>> {
                self.store.external_ties(jobs, added)
            }

            fn may_release(&self, settlements: &[Settlement]) -> bool {
                self.store.may_release(settlements)
            }

            async fn close(&self) {
                self.store.close().await;
            }

            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer> {
                self.pass(stringify!($method), self.store.$method($($argument),*)).await
            })+
        }
    };
}

passing! {
    add(jobs: Vec<NewJob>) -> Vec<Added>;
    receive(jobs: Vec<Transfer>) -> Vec<Added>;
    register(profile: &Profile, lease: Duration) -> Worker;
    renew(worker: &Worker, lease: Duration) -> Renewed;
    unregister(worker: &Worker) -> ();
    claim(request: &ClaimRequest) -> Claim;
    claimable_types() -> Vec<String>;
    reclaim_reply(worker: &Worker, token: i64) -> Claim;
    settle(settlements: &[Settlement]) -> Vec<Settled>;
    settle_and_claim(settlements: &[Settlement], request: &ClaimRequest) -> (Vec<Settled>, Option<Claim>);
    note(notes: &[Note]) -> Vec<Settled>;
    look(worker: WorkerId, job_types: &[String]) -> Outstanding;
    reclaim(limit: u32) -> Vec<Reclaimed>;
    reclaim_stuck(max_processing: Duration, after: i64, limit: u32) -> Chunk;
    get(ids: &[JobId]) -> Vec<Job>;
    find(filter: &Filter, page: Page) -> Vec<Job>;
    count_up_to(filter: &Filter, most: Option<u64>) -> u64;
    overview(most: u32, most_of_type: u32) -> Overview;
    search(search: &Search) -> Searched;
    workers(after: WorkerId, limit: u32) -> Vec<WorkerRecord>;
    drain_worker(id: WorkerId) -> bool;
    groups(after: &str, limit: u32, most: u32) -> Vec<GroupRecord>;
    type_limits() -> Vec<TypeLimit>;
    tokens(query: &TokenQuery) -> Vec<Token>;
    dependents(id: JobId, limit: u32) -> Vec<JobId>;
    events(job_id: JobId) -> Vec<Event>;
    tail(after: &After, wanted: &Wanted, limit: u32) -> Tail;
    changes() -> Wakes;
    change(id: JobId, change: &Change) -> bool;
    change_many(filter: &Filter, change: &Change, after: JobId, limit: u32) -> Chunk;
    retry_spaced(filter: &Filter, spacing: Spacing, after: JobId, limit: u32) -> (Chunk, Option<Timestamp>);
    end_terms(reason: &str, limit: u32) -> Termed;
    prune_kinds(after: &str, limit: u32) -> Option<String>;
    prune_jobs(prune: &Prune, after: JobId, limit: u32) -> Chunk;
    prune_payloads(older_than: Duration, after: JobId, limit: u32) -> Chunk;
    prune_events(older_than: Duration, after: i64, limit: u32) -> Chunk;
    add_schedule(schedule: &NewSchedule, next_run_at: Timestamp) -> Option<ScheduleId>;
    replace_schedule(schedule: &Schedule) -> bool;
    remove_schedule(id: ScheduleId) -> bool;
    schedules(query: &ScheduleQuery) -> Vec<Schedule>;
    due_schedules(after: Option<(Timestamp, ScheduleId)>, limit: u32) -> DueSchedules;
    fire(firing: &Firing) -> Fired;
    create_token(token: &NewToken) -> Token;
    complete_token(id: &str, output: Option<&Bytes>) -> Option<bool>;
    get_token(id: &str) -> Option<Token>;
    tidy_waits(limit: u32) -> u64;
    prune_tokens(older_than: Duration, limit: u32) -> u64;
    expect_end(id: JobId) -> Option<Job>;
    set_limits(limits: &Limits) -> ();
    set_paused(scope: &Scope, paused: bool) -> bool;
    paused() -> Vec<Scope>;
    hold(job_type: &str, span: Duration) -> ();
    tend_limits() -> ();
    listen() -> Wakes;
    watch(id: JobId) -> Watch;
    migrate(target: Option<i32>) -> Vec<MigrationStep>;
    adopt() -> Vec<MigrationStep>;
    migration_state() -> MigrationState;
    durability() -> Durability;
    examine_file(check: bool) -> FileState;
    next_due() -> Option<Timestamp>;
}
