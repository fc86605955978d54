//! A store that tells listeners what was done through it. Everything that a queue and its processors do comes by here, and nothing
//! is told before the store answered that it is done.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::driver::{Capabilities, MigrationState, MigrationStep, Storage, Wakes, Watch};
use super::external::ExternalAdd;
use super::hooks::Hooks;
use super::telling::{ENDS, NOTES};
use super::traffic::TrafficStore;
use crate::clock::{Timestamp, VirtualClock};
use crate::error::{Backend, Result};
use crate::model::bits::{ADDED, CANCELLED, FAILED, RETRIED};
use crate::model::{
    Added, After, Answer, Change, Chunk, Claim, ClaimRequest, DueSchedules, Durability, Event, FileState, Filter,
    Fired, Firing, GroupRecord, Happening, Job, JobId, Limits, NewJob, NewSchedule, NewToken, Note, Outstanding,
    Overview, Page, Profile, Prune, Reclaimed, Renewed, Schedule, ScheduleId, ScheduleQuery, Scope, Search, Searched,
    Settled, Settlement, Spacing, Step, Tail, Termed, Token, TokenQuery, Traffic, TrafficQuery, TrafficRows, Transfer,
    TypeLimit, Wanted, What, Worker, WorkerId, WorkerRecord,
};

/// A store, and those who listen to what is done through it.
pub struct Observed {
    pub(super) store: Arc<dyn Storage>,
    pub(super) hooks: Arc<Hooks>,
}

impl Observed {
    /// A store of which `hooks` are told.
    #[must_use]
    pub fn new(store: Arc<dyn Storage>, hooks: Arc<Hooks>) -> Self {
        Self { store, hooks }
    }
}

#[async_trait]
impl TrafficStore for Observed {
    async fn record_traffic(&self, worker: &Worker, number: i64, traffic: &[Traffic]) -> Result<()> {
        self.store.record_traffic(worker, number, traffic).await
    }

    async fn traffic(&self, query: &TrafficQuery) -> Result<TrafficRows> {
        self.store.traffic(query).await
    }

    async fn prune_traffic(&self, step: Step, limit: u32) -> Result<u64> {
        self.store.prune_traffic(step, limit).await
    }
}

macro_rules! observed {
    ($($method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Storage for Observed {
            fn backend(&self) -> Backend {
                self.store.backend()
            }

            fn capabilities(&self) -> Capabilities {
                self.store.capabilities()
            }

            fn patience(&self) -> Duration {
                self.store.patience()
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

            async fn close(&self) {
                self.store.close().await;
            }

            async fn add(&self, jobs: Vec<NewJob>) -> Result<Vec<Added>> {
                let types = self.hooks.wants(ADDED).then(|| jobs.iter().map(|job| job.job_type.clone()).collect());
                let answer = self.store.add(jobs).await;
                self.tell_added(types, &answer);
                answer
            }

            async fn receive(&self, jobs: Vec<Transfer>) -> Result<Vec<Added>> {
                let types = self.hooks.wants(ADDED).then(|| jobs.iter().map(|one| one.job.job_type.clone()).collect());
                let answer = self.store.receive(jobs).await;
                self.tell_added(types, &answer);
                answer
            }

            async fn fire(&self, firing: &Firing) -> Result<Fired> {
                let fired = self.store.fire(firing).await?;
                if let Fired::Moved { jobs, .. } = &fired
                    && self.hooks.wants(ADDED)
                {
                    let job_type = &firing.schedule.definition.job.job_type;
                    let added = |id: &JobId| Happening { job_id: *id, job_type: Some(job_type.clone()), what: What::Added };
                    self.hooks.tell(jobs.iter().map(added));
                }
                Ok(fired)
            }

            async fn renew(&self, worker: &Worker, lease: Duration) -> Result<Renewed> {
                let answer = self.store.renew(worker, lease).await;
                self.forget_lost(&answer);
                answer
            }

            async fn unregister(&self, worker: &Worker) -> Result<()> {
                self.hooks.forget(worker.id);
                self.store.unregister(worker).await
            }

            async fn claim(&self, request: &ClaimRequest) -> Result<Claim> {
                let answer = self.store.claim(request).await;
                self.forget_lost(&answer);
                answer.inspect(|claim| self.remember(claim))
            }

            async fn reclaim_reply(&self, worker: &Worker, token: i64) -> Result<Claim> {
                self.store.reclaim_reply(worker, token).await.inspect(|claim| self.remember(claim))
            }

            async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Settled>> {
                let settled = self.store.settle(settlements).await?;
                if self.hooks.wants(ENDS) {
                    self.tell_ends(settlements, &settled).await;
                }
                Ok(settled)
            }

            fn may_release(&self, settlements: &[Settlement]) -> bool {
                self.store.may_release(settlements)
            }

            async fn settle_and_claim(
                &self,
                settlements: &[Settlement],
                request: &ClaimRequest,
            ) -> Result<(Vec<Settled>, Option<Claim>)> {
                let (settled, claim) = self.store.settle_and_claim(settlements, request).await?;
                if self.hooks.wants(ENDS) {
                    self.tell_ends(settlements, &settled).await;
                }
                Ok((settled, claim.inspect(|claim| self.remember(claim))))
            }

            async fn note(&self, notes: &[Note]) -> Result<Vec<Settled>> {
                let settled = self.store.note(notes).await?;
                if self.hooks.wants(NOTES) {
                    self.tell_notes(notes, &settled).await;
                }
                Ok(settled)
            }

            async fn reclaim(&self, limit: u32) -> Result<Vec<Reclaimed>> {
                let reclaimed = self.store.reclaim(limit).await?;
                if self.hooks.wants(FAILED | CANCELLED) {
                    self.tell_lost(reclaimed.iter().filter(|one| one.ended).map(|one| one.job_id).collect()).await;
                }
                Ok(reclaimed)
            }

            async fn reclaim_stuck(&self, max_processing: Duration, after: i64, limit: u32) -> Result<Chunk> {
                let chunk = self.store.reclaim_stuck(max_processing, after, limit).await?;
                if self.hooks.wants(FAILED | CANCELLED) {
                    self.tell_lost(chunk.ids.clone()).await;
                }
                Ok(chunk)
            }

            async fn change(&self, id: JobId, change: &Change) -> Result<bool> {
                let changed = self.store.change(id, change).await?;
                if changed && self.wants_change(change) {
                    self.tell_changed(change, &[id]).await;
                }
                Ok(changed)
            }

            async fn change_many(&self, filter: &Filter, change: &Change, after: JobId, limit: u32) -> Result<Chunk> {
                let chunk = self.store.change_many(filter, change, after, limit).await?;
                if self.wants_change(change) {
                    self.tell_changed(change, &chunk.ids).await;
                }
                Ok(chunk)
            }

            async fn retry_spaced(
                &self,
                filter: &Filter,
                spacing: Spacing,
                after: JobId,
                limit: u32,
            ) -> Result<(Chunk, Option<Timestamp>)> {
                let (chunk, later) = self.store.retry_spaced(filter, spacing, after, limit).await?;
                if self.hooks.wants(RETRIED) {
                    self.tell_changed(&Change::Retry, &chunk.ids).await;
                }
                Ok((chunk, later))
            }

            async fn end_terms(&self, reason: &str, limit: u32) -> Result<Termed> {
                let termed = self.store.end_terms(reason, limit).await?;
                if self.hooks.wants(CANCELLED) {
                    self.tell_cancelled(&termed.expired, reason).await;
                }
                Ok(termed)
            }

            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer> {
                self.store.$method($($argument),*).await
            })+
        }
    };
}

observed! {
    register(profile: &Profile, lease: Duration) -> Worker;
    claimable_types() -> Vec<String>;
    prune_kinds(after: &str, limit: u32) -> Option<String>;
    set_limits(limits: &Limits) -> ();
    set_paused(scope: &Scope, paused: bool) -> bool;
    paused() -> Vec<Scope>;
    hold(job_type: &str, span: Duration) -> ();
    tend_limits() -> ();
    look(worker: WorkerId, job_types: &[String]) -> Outstanding;
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
    prune_jobs(prune: &Prune, after: JobId, limit: u32) -> Chunk;
    prune_payloads(older_than: Duration, after: JobId, limit: u32) -> Chunk;
    prune_events(older_than: Duration, after: i64, limit: u32) -> Chunk;
    add_schedule(schedule: &NewSchedule, next_run_at: Timestamp) -> Option<ScheduleId>;
    replace_schedule(schedule: &Schedule) -> bool;
    remove_schedule(id: ScheduleId) -> bool;
    schedules(query: &ScheduleQuery) -> Vec<Schedule>;
    due_schedules(after: Option<(Timestamp, ScheduleId)>, limit: u32) -> DueSchedules;
    create_token(token: &NewToken) -> Token;
    complete_token(id: &str, output: Option<&Bytes>) -> Option<bool>;
    get_token(id: &str) -> Option<Token>;
    tidy_waits(limit: u32) -> u64;
    prune_tokens(older_than: Duration, limit: u32) -> u64;
    expect_end(id: JobId) -> Option<Job>;
    listen() -> Wakes;
    watch(id: JobId) -> Watch;
    migrate(target: Option<i32>) -> Vec<MigrationStep>;
    adopt() -> Vec<MigrationStep>;
    migration_state() -> MigrationState;
    durability() -> Durability;
    examine_file(check: bool) -> FileState;
    next_due() -> Option<Timestamp>;
    query(sql: &str, params: &[Option<String>]) -> Vec<Bytes>;
    execute(sql: &str, params: &[Option<String>]) -> u64;
    command(command: &[Bytes]) -> Answer;
}
