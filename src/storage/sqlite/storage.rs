//! The driver's side of the storage seam: each method is one request to a database thread.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::session::Session;
use super::{
    SqliteStorage, State, claim, dependents, due, durability, enqueue, examine, filter, find, flow, inspect, look,
    manage, migrations, prune, receive, schedules, search, settle, tail, terms, tokens, unique, upkeep,
};
use crate::clock::{Timestamp, VirtualClock};
use crate::error::{Backend, Error, Result};
use crate::model::{
    Added, After, Change, Chunk, Claim, ClaimRequest, DueSchedules, Durability, Event, FileState, Filter, Fired,
    Firing, GroupRecord, Job, JobId, Limits, NewJob, NewSchedule, NewToken, Note, Outstanding, Overview, Page, Profile,
    Prune, Reclaimed, Renewed, Schedule, ScheduleId, ScheduleQuery, Scope, Search, Searched, Settled, Settlement,
    Spacing, Tail, Termed, Token, TokenQuery, Transfer, TypeLimit, Wanted, Worker, WorkerId, WorkerRecord,
};
use crate::storage::driver::{Capabilities, MigrationState, MigrationStep, Storage, Wakes, Watch};
use crate::storage::external::ExternalAdd;
use crate::storage::migrate;

/// What one job of a large batch may add to the deadline, on a slow disk.
const PER_JOB: Duration = Duration::from_millis(1);

#[async_trait]
impl Storage for SqliteStorage {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { external_transactions: false, explicit_migrations: false }
    }

    async fn add(&self, jobs: Vec<NewJob>) -> Result<Vec<Added>> {
        let extra = PER_JOB.saturating_mul(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        self.threads().await?.write(extra, move |session| enqueue::add(session, &jobs)).await
    }

    async fn receive(&self, jobs: Vec<Transfer>) -> Result<Vec<Added>> {
        let extra = PER_JOB.saturating_mul(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
        self.threads().await?.write(extra, move |session| receive::receive(session, &jobs)).await
    }

    async fn prune_kinds(&self, after: &str, limit: u32) -> Result<Option<String>> {
        let after = after.to_owned();
        self.write(move |session| unique::prune(session, &after, limit)).await
    }

    fn external_add(&self, _jobs: &[NewJob]) -> Result<ExternalAdd> {
        Err(Error::Unsupported(
            "SQLite jobs cannot be added on a connection of yours: two SQLite libraries on one file in one process \
             drop each other's locks and can damage it. Add the job without connection=, after your own commit, with \
             an idempotency_key if it may be repeated; or use PostgreSQL"
                .into(),
        ))
    }

    fn external_ties(&self, jobs: &[NewJob], _added: &[Added]) -> Result<Vec<(String, String)>> {
        self.external_add(jobs).map(|_| Vec::new())
    }

    async fn register(&self, profile: &Profile, lease: Duration) -> Result<Worker> {
        let profile = profile.clone();
        self.write_fleeting(move |session| upkeep::register(session, &profile, lease)).await
    }

    async fn renew(&self, worker: &Worker, lease: Duration) -> Result<Renewed> {
        let worker = worker.id;
        self.write_fleeting(move |session| upkeep::renew(session, worker, lease)).await
    }

    async fn unregister(&self, worker: &Worker) -> Result<()> {
        let worker = worker.id;
        self.write_fleeting(move |session| upkeep::unregister(session, worker)).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claim> {
        let request = request.clone();
        self.write_fleeting(move |session| claim::claim(session, &request)).await
    }

    async fn claimable_types(&self) -> Result<Vec<String>> {
        self.read(|session| claim::claimable_types(session)).await
    }

    // On the writer, where it comes after the claim whose reply was lost.
    async fn reclaim_reply(&self, worker: &Worker, token: i64) -> Result<Claim> {
        let worker = worker.clone();
        self.write_fleeting(move |session| claim::reclaim_reply(session, &worker, token)).await
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Settled>> {
        let settlements = settlements.to_vec();
        self.write(move |session| settle::settle(session, &settlements)).await
    }

    async fn note(&self, notes: &[Note]) -> Result<Vec<Settled>> {
        let notes = notes.to_vec();
        self.write(move |session| settle::note(session, &notes)).await
    }

    async fn look(&self, worker: WorkerId, job_types: &[String]) -> Result<Outstanding> {
        let job_types = job_types.to_vec();
        self.read(move |session| look::outstanding(session, worker, &job_types)).await
    }

    async fn reclaim(&self, limit: u32) -> Result<Vec<Reclaimed>> {
        self.write(move |session| upkeep::reclaim(session, limit)).await
    }

    async fn reclaim_stuck(&self, max_processing: Duration, after: i64, limit: u32) -> Result<Chunk> {
        self.write(move |session| upkeep::reclaim_stuck(session, max_processing, after, limit)).await
    }

    async fn get(&self, ids: &[JobId]) -> Result<Vec<Job>> {
        let ids = ids.to_vec();
        self.read(move |session| find::get(session, &ids)).await
    }

    async fn find(&self, filter: &Filter, page: Page) -> Result<Vec<Job>> {
        let filter = filter.clone();
        self.read(move |session| find::find(session, &filter, page)).await
    }

    async fn count_up_to(&self, filter: &Filter, most: Option<u64>) -> Result<u64> {
        let filter = filter.clone();
        let count = self.read(move |session| filter::count(session, &filter, most)).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn overview(&self, most: u32, most_of_type: u32) -> Result<Overview> {
        self.read(move |session| inspect::overview(session, most, most_of_type)).await
    }

    async fn search(&self, search: &Search) -> Result<Searched> {
        let search = search.clone();
        self.read(move |session| search::search(session, &search)).await
    }

    async fn workers(&self, after: WorkerId, limit: u32) -> Result<Vec<WorkerRecord>> {
        self.read(move |session| inspect::workers(session, after, limit)).await
    }

    async fn drain_worker(&self, id: WorkerId) -> Result<bool> {
        self.write_fleeting(move |session| inspect::drain(session, id)).await
    }

    async fn groups(&self, after: &str, limit: u32, most: u32) -> Result<Vec<GroupRecord>> {
        let after = after.to_owned();
        self.read(move |session| inspect::groups(session, &after, limit, most)).await
    }

    async fn type_limits(&self) -> Result<Vec<TypeLimit>> {
        self.read(|session| inspect::type_limits(session)).await
    }

    async fn tokens(&self, query: &TokenQuery) -> Result<Vec<Token>> {
        let query = query.clone();
        self.read(move |session| inspect::token_page(session, &query)).await
    }

    async fn dependents(&self, id: JobId, limit: u32) -> Result<Vec<JobId>> {
        self.read(move |session| inspect::dependents(session, id, limit)).await
    }

    async fn events(&self, job_id: JobId) -> Result<Vec<Event>> {
        self.read(move |session| find::events(session, job_id)).await
    }

    async fn tail(&self, after: &After, wanted: &Wanted, limit: u32) -> Result<Tail> {
        let (after, wanted) = (tail::place(after)?, wanted.clone());
        self.read(move |session| tail::read(session, after, &wanted, limit)).await
    }

    async fn changes(&self) -> Result<Wakes> {
        self.threads().await?.listen()?;
        Ok(self.setup.hints.changes())
    }

    async fn change(&self, id: JobId, change: &Change) -> Result<bool> {
        let change = change.clone();
        self.write(move |session| manage::change(session, id, &change)).await
    }

    async fn change_many(&self, filter: &Filter, change: &Change, after: JobId, limit: u32) -> Result<Chunk> {
        let (filter, change) = (filter.clone(), change.clone());
        self.write(move |session| manage::change_many(session, &filter, &change, after, limit)).await
    }

    async fn retry_spaced(
        &self,
        filter: &Filter,
        spacing: Spacing,
        after: JobId,
        limit: u32,
    ) -> Result<(Chunk, Option<Timestamp>)> {
        let filter = filter.clone();
        self.write(move |session| manage::retry_spaced(session, &filter, spacing, after, limit)).await
    }

    async fn prune_jobs(&self, prune: &Prune, after: JobId, limit: u32) -> Result<Chunk> {
        let prune = prune.clone();
        self.write(move |session| prune::prune_jobs(session, &prune, after, limit)).await
    }

    async fn end_terms(&self, reason: &str, limit: u32) -> Result<Termed> {
        let reason = reason.to_owned();
        self.write(move |session| terms::end(session, &reason, limit)).await
    }

    async fn prune_payloads(&self, older_than: Duration, after: JobId, limit: u32) -> Result<Chunk> {
        self.write(move |session| prune::prune_payloads(session, older_than, after, limit)).await
    }

    async fn prune_events(&self, older_than: Duration, after: i64, limit: u32) -> Result<Chunk> {
        self.write(move |session| prune::prune_events(session, older_than, after, limit)).await
    }

    async fn add_schedule(&self, schedule: &NewSchedule, next_run_at: Timestamp) -> Result<Option<ScheduleId>> {
        let schedule = schedule.clone();
        self.write(move |session| schedules::add(session, &schedule, next_run_at)).await
    }

    async fn replace_schedule(&self, schedule: &Schedule) -> Result<bool> {
        let schedule = schedule.clone();
        self.write(move |session| schedules::replace(session, &schedule)).await
    }

    async fn remove_schedule(&self, id: ScheduleId) -> Result<bool> {
        self.write(move |session| schedules::remove(session, id)).await
    }

    async fn schedules(&self, query: &ScheduleQuery) -> Result<Vec<Schedule>> {
        let query = query.clone();
        self.read(move |session| schedules::read(session, &query)).await
    }

    async fn due_schedules(&self, after: Option<(Timestamp, ScheduleId)>, limit: u32) -> Result<DueSchedules> {
        self.read(move |session| schedules::due(session, after, limit)).await
    }

    async fn fire(&self, firing: &Firing) -> Result<Fired> {
        let firing = firing.clone();
        let extra = PER_JOB.saturating_mul(u32::try_from(firing.ticks.len()).unwrap_or(u32::MAX));
        self.threads().await?.write(extra, move |session| schedules::fire(session, &firing)).await
    }

    async fn create_token(&self, token: &NewToken) -> Result<Token> {
        let token = token.clone();
        self.write(move |session| tokens::create(session, &token)).await
    }

    async fn complete_token(&self, id: &str, output: Option<&Bytes>) -> Result<Option<bool>> {
        let (id, output) = (id.to_owned(), output.cloned());
        self.write(move |session| tokens::complete(session, &id, output.as_ref())).await
    }

    async fn get_token(&self, id: &str) -> Result<Option<Token>> {
        let id = id.to_owned();
        self.read(move |session| tokens::get(session, &id)).await
    }

    async fn tidy_waits(&self, limit: u32) -> Result<u64> {
        let after = self.dependents_seen.load(Ordering::Relaxed);
        let (marked, next) =
            self.write(move |session| Ok((tokens::expire(session, limit)?, dependents::tidy(session, after)?))).await?;
        self.dependents_seen.store(next, Ordering::Relaxed);
        Ok(marked)
    }

    async fn prune_tokens(&self, older_than: Duration, limit: u32) -> Result<u64> {
        self.write(move |session| tokens::prune(session, older_than, limit)).await
    }

    async fn expect_end(&self, id: JobId) -> Result<Option<Job>> {
        Ok(self.get(&[id]).await?.pop())
    }

    fn patience(&self) -> Duration {
        self.setup.longest_call()
    }

    fn virtual_clock(&self) -> Option<&VirtualClock> {
        self.virtual_clock.as_ref()
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.read(|session| due::next_due(session)).await
    }

    async fn listen(&self) -> Result<Wakes> {
        self.threads().await?.listen()?;
        Ok(self.setup.hints.wakes())
    }

    fn hears(&self) -> bool {
        true
    }

    fn cancels(&self) -> Wakes {
        self.setup.hints.cancels()
    }

    async fn watch(&self, id: JobId) -> Result<Watch> {
        self.threads().await?.listen()?;
        Ok(self.setup.hints.watch(id))
    }

    async fn set_limits(&self, limits: &Limits) -> Result<()> {
        let limits = limits.clone();
        if !limits.sets_any() && !self.read(|session| flow::is_limited(session)).await? {
            return Ok(());
        }
        self.write(move |session| flow::set_limits(session, &limits)).await
    }

    async fn set_paused(&self, scope: &Scope, paused: bool) -> Result<bool> {
        let scope = scope.clone();
        self.write(move |session| flow::set_paused(session, &scope, paused)).await
    }

    async fn paused(&self) -> Result<Vec<Scope>> {
        self.read(|session| flow::paused(session)).await
    }

    async fn hold(&self, job_type: &str, span: Duration) -> Result<()> {
        let job_type = job_type.to_owned();
        self.write_fleeting(move |session| flow::hold(session, &job_type, span)).await
    }

    async fn tend_limits(&self) -> Result<()> {
        if !self.read(|session| flow::is_limited(session)).await? {
            return Ok(());
        }
        self.write_fleeting(flow::tend).await
    }

    async fn migrate(&self, target: Option<i32>) -> Result<Vec<MigrationStep>> {
        self.write(move |session| migrations::run(session.conn, target, session.now)).await
    }

    async fn migration_state(&self) -> Result<MigrationState> {
        let applied = self.read(|session: &mut Session<'_>| migrations::applied(session.conn)).await?;
        Ok(migrate::state(migrate::SQLITE, applied))
    }

    async fn durability(&self) -> Result<Durability> {
        let in_memory = self.setup.place.path().is_none();
        self.write(move |session| durability::ask(session, in_memory)).await
    }

    async fn examine_file(&self, check: bool) -> Result<FileState> {
        let mut state = self.write(|session| examine::ask(session)).await?;
        if check {
            state.damage = Some(self.read(|session| examine::check(session)).await?);
        }
        Ok(state)
    }

    async fn close(&self) {
        let _opening = self.opening.lock().await;
        let before = std::mem::replace(&mut *self.state.lock(), State::Closed);
        if let State::Open(threads) = before {
            threads.close().await;
            // Whoever waits for a hint looks again, and is told that the queue is closed.
            self.setup.hints.changed_elsewhere(true);
        }
    }
}
