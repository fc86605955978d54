//! The seam: which function serves which method.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::PostgresStorage;
use crate::clock::Timestamp;
use crate::error::{Backend, Result};
use crate::model::{
    Added, After, Change, Chunk, Claim, ClaimRequest, DueSchedules, Durability, Event, Filter, Fired, Firing,
    GroupRecord, Job, JobId, Limits, NewJob, NewSchedule, NewToken, Note, Outstanding, Overview, Page, Profile, Prune,
    Reclaimed, Renewed, Schedule, ScheduleId, ScheduleQuery, Scope, Search, Searched, Settled, Settlement, Spacing,
    Tail, Termed, Token, TokenQuery, Transfer, TypeLimit, Wanted, Worker, WorkerId, WorkerRecord,
};
use crate::storage::{Capabilities, ExternalAdd, MigrationState, MigrationStep, Storage, Wakes, Watch};

#[async_trait]
impl Storage for PostgresStorage {
    fn backend(&self) -> Backend {
        Backend::Postgres
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { external_transactions: true, explicit_migrations: true }
    }

    async fn add(&self, jobs: Vec<NewJob>) -> Result<Vec<Added>> {
        self.add_combined(jobs).await
    }

    async fn receive(&self, jobs: Vec<Transfer>) -> Result<Vec<Added>> {
        self.receive_jobs(&jobs).await
    }

    async fn prune_kinds(&self, after: &str, limit: u32) -> Result<Option<String>> {
        self.forget_kinds(after, limit).await
    }

    fn external_add(&self, jobs: &[NewJob]) -> Result<ExternalAdd> {
        self.external_statements(jobs)
    }

    fn external_ties(&self, jobs: &[NewJob], added: &[Added]) -> Result<Vec<(String, String)>> {
        self.external_ties_of(jobs, added)
    }

    async fn register(&self, profile: &Profile, lease: Duration) -> Result<Worker> {
        self.register_worker(profile, lease).await
    }

    async fn renew(&self, worker: &Worker, lease: Duration) -> Result<Renewed> {
        self.renew_worker(worker, lease).await
    }

    async fn unregister(&self, worker: &Worker) -> Result<()> {
        self.unregister_worker(worker).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claim> {
        self.claim_jobs(request).await
    }

    async fn claimable_types(&self) -> Result<Vec<String>> {
        self.types_to_claim().await
    }

    async fn reclaim_reply(&self, worker: &Worker, token: i64) -> Result<Claim> {
        self.claimed_before(worker, token).await
    }

    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Settled>> {
        Ok(self.settle_leases(settlements, None).await?.0)
    }

    fn may_release(&self, settlements: &[Settlement]) -> bool {
        self.is_released_along(settlements)
    }

    async fn settle_and_claim(
        &self,
        settlements: &[Settlement],
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Option<Claim>)> {
        self.settle_then_claim(settlements, request).await
    }

    async fn note(&self, notes: &[Note]) -> Result<Vec<Settled>> {
        self.record_notes(notes).await
    }

    async fn look(&self, worker: WorkerId, job_types: &[String]) -> Result<Outstanding> {
        self.outstanding(worker, job_types).await
    }

    async fn reclaim(&self, limit: u32) -> Result<Vec<Reclaimed>> {
        self.reclaim_orphans(limit).await
    }

    async fn reclaim_stuck(&self, max_processing: Duration, after: i64, limit: u32) -> Result<Chunk> {
        self.reclaim_old(max_processing, after, limit).await
    }

    async fn get(&self, ids: &[JobId]) -> Result<Vec<Job>> {
        self.get_jobs(ids).await
    }

    async fn find(&self, filter: &Filter, page: Page) -> Result<Vec<Job>> {
        self.find_jobs(filter, page).await
    }

    async fn count_up_to(&self, filter: &Filter, most: Option<u64>) -> Result<u64> {
        self.count_jobs(filter, most).await
    }

    async fn overview(&self, most: u32, most_of_type: u32) -> Result<Overview> {
        self.look_over(most, most_of_type).await
    }

    async fn search(&self, search: &Search) -> Result<Searched> {
        self.search_jobs(search).await
    }

    async fn workers(&self, after: WorkerId, limit: u32) -> Result<Vec<WorkerRecord>> {
        self.read_workers(after, limit).await
    }

    async fn drain_worker(&self, id: WorkerId) -> Result<bool> {
        self.ask_to_drain(id).await
    }

    async fn groups(&self, after: &str, limit: u32, most: u32) -> Result<Vec<GroupRecord>> {
        self.read_groups(after, limit, most).await
    }

    async fn type_limits(&self) -> Result<Vec<TypeLimit>> {
        self.read_type_limits().await
    }

    async fn tokens(&self, query: &TokenQuery) -> Result<Vec<Token>> {
        self.read_tokens(query).await
    }

    async fn dependents(&self, id: JobId, limit: u32) -> Result<Vec<JobId>> {
        self.read_dependents(id, limit).await
    }

    async fn events(&self, job_id: JobId) -> Result<Vec<Event>> {
        self.job_events(job_id).await
    }

    async fn tail(&self, after: &After, wanted: &Wanted, limit: u32) -> Result<Tail> {
        self.events_behind(after, wanted, limit).await
    }

    async fn changes(&self) -> Result<Wakes> {
        self.start_listening().await
    }

    async fn change(&self, id: JobId, change: &Change) -> Result<bool> {
        Ok(self.change_ids(&[id], change).await?.0 > 0)
    }

    async fn change_many(&self, filter: &Filter, change: &Change, after: JobId, limit: u32) -> Result<Chunk> {
        self.change_matching(filter, change, after, limit).await
    }

    async fn retry_spaced(
        &self,
        filter: &Filter,
        spacing: Spacing,
        after: JobId,
        limit: u32,
    ) -> Result<(Chunk, Option<Timestamp>)> {
        self.retry_matching(filter, spacing, after, limit).await
    }

    async fn prune_jobs(&self, prune: &Prune, after: JobId, limit: u32) -> Result<Chunk> {
        self.prune_old_jobs(prune, after, limit).await
    }

    async fn end_terms(&self, reason: &str, limit: u32) -> Result<Termed> {
        self.look_after_terms(reason, limit).await
    }

    async fn prune_payloads(&self, older_than: Duration, after: JobId, limit: u32) -> Result<Chunk> {
        self.empty_payloads(older_than, after, limit).await
    }

    async fn prune_events(&self, older_than: Duration, after: i64, limit: u32) -> Result<Chunk> {
        self.delete_events(older_than, after, limit).await
    }

    async fn add_schedule(&self, schedule: &NewSchedule, next_run_at: Timestamp) -> Result<Option<ScheduleId>> {
        self.insert_schedule(schedule, next_run_at).await
    }

    async fn replace_schedule(&self, schedule: &Schedule) -> Result<bool> {
        self.update_schedule(schedule).await
    }

    async fn remove_schedule(&self, id: ScheduleId) -> Result<bool> {
        self.delete_schedule(id).await
    }

    async fn schedules(&self, query: &ScheduleQuery) -> Result<Vec<Schedule>> {
        self.read_schedules(query).await
    }

    async fn due_schedules(&self, after: Option<(Timestamp, ScheduleId)>, limit: u32) -> Result<DueSchedules> {
        self.schedules_due(after, limit).await
    }

    async fn fire(&self, firing: &Firing) -> Result<Fired> {
        self.fire_schedule(firing).await
    }

    async fn create_token(&self, token: &NewToken) -> Result<Token> {
        self.store_token(token).await
    }

    async fn complete_token(&self, id: &str, output: Option<&Bytes>) -> Result<Option<bool>> {
        self.end_token(id, output).await
    }

    async fn get_token(&self, id: &str) -> Result<Option<Token>> {
        self.find_token(id).await
    }

    async fn tidy_waits(&self, limit: u32) -> Result<u64> {
        self.tidy(limit).await
    }

    async fn prune_tokens(&self, older_than: Duration, limit: u32) -> Result<u64> {
        self.delete_tokens(older_than, limit).await
    }

    async fn expect_end(&self, id: JobId) -> Result<Option<Job>> {
        self.expect(id).await
    }

    async fn listen(&self) -> Result<Wakes> {
        self.start_listening().await
    }

    fn hears(&self) -> bool {
        self.hub.hears()
    }

    fn cancels(&self) -> Wakes {
        self.hub.cancels()
    }

    async fn watch(&self, id: JobId) -> Result<Watch> {
        self.watch_job(id).await
    }

    async fn set_limits(&self, limits: &Limits) -> Result<()> {
        self.declare_limits(limits).await
    }

    async fn set_paused(&self, scope: &Scope, paused: bool) -> Result<bool> {
        self.set_pause(scope, paused).await
    }

    async fn paused(&self) -> Result<Vec<Scope>> {
        self.read_pauses().await
    }

    async fn hold(&self, job_type: &str, span: Duration) -> Result<()> {
        self.hold_type(job_type, span).await
    }

    async fn tend_limits(&self) -> Result<()> {
        self.sweep_limits().await
    }

    async fn migrate(&self, target: Option<i32>) -> Result<Vec<MigrationStep>> {
        self.run_migrations(target, false).await
    }

    async fn adopt(&self) -> Result<Vec<MigrationStep>> {
        self.run_migrations(None, true).await
    }

    async fn migration_state(&self) -> Result<MigrationState> {
        self.applied_migrations().await
    }

    async fn query(&self, sql: &str, params: &[Option<String>]) -> Result<Vec<Bytes>> {
        self.query_for_caller(sql, params).await
    }

    async fn execute(&self, sql: &str, params: &[Option<String>]) -> Result<u64> {
        self.execute_for_caller(sql, params).await
    }

    async fn durability(&self) -> Result<Durability> {
        self.ask_durability().await
    }

    fn patience(&self) -> Duration {
        self.connections.patience()
    }

    async fn close(&self) {
        self.shut_down();
    }
}
