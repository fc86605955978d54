//! The seam between the engine and its stores.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::external::ExternalAdd;
use super::traffic::TrafficStore;
use crate::clock::{Timestamp, VirtualClock};
use crate::error::{Backend, Error, Result};
use crate::model::{
    Added, After, Answer, Change, Chunk, Claim, ClaimRequest, DueSchedules, Durability, Event, FileState, Filter,
    Fired, Firing, GroupRecord, Job, JobId, Limits, NewJob, NewSchedule, NewToken, Note, Outstanding, Overview, Page,
    Profile, Prune, Reclaimed, Renewed, Schedule, ScheduleId, ScheduleQuery, Scope, Search, Searched, Settled,
    Settlement, Spacing, Tail, Termed, Token, TokenQuery, Transfer, TypeLimit, Wanted, Worker, WorkerId, WorkerRecord,
};

/// What a store can do beyond the contract that all of them keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Jobs can be added on the caller's own connection, in the caller's transaction.
    pub external_transactions: bool,
    /// The schema must be set up by an explicit migration.
    pub explicit_migrations: bool,
}

/// Hints that there may be something to claim. A hint may be missing (the fallback poll is the truth) or
/// superfluous. The number grows with each; its value means nothing.
pub type Wakes = watch::Receiver<u64>;

/// Interest in the end of one job, dropped with this value.
pub struct Watch {
    /// Changes when the job may have ended: a hint, look again.
    pub hints: watch::Receiver<u64>,
    /// Ends the interest when dropped.
    pub guard: Box<dyn std::any::Any + Send + Sync>,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    /// Its number, from 1.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// The SQL that was or would be run.
    pub sql: String,
}

/// Where a store's schema stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// The versions applied.
    pub applied: Vec<i32>,
    /// The migrations this library has, `(version, name)`.
    pub known: Vec<(i32, String)>,
}

/// A store of jobs, at the level of queue semantics.
///
/// What holds for every driver, and is proven by the conformance suite:
/// - One call is one transaction, or a bounded step of a longer change. Events are written in the transaction
///   of the change they tell of, one for each job changed and none for a job that was not.
/// - Results are per item and in the order of the arguments.
/// - Every method may be repeated after a lost reply.
/// - The time is the store's clock.
/// - A call takes at most one connection, so a pool of one serves everything, and ends within a deadline.
/// - Arguments were checked by [`crate::policy::limits`].
#[async_trait]
pub trait Storage: TrafficStore + Send + Sync + 'static {
    /// Which store this is.
    fn backend(&self) -> Backend;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Adds jobs, all or none, ids in order and growing, and wakes idle processors. A job whose idempotency key is
    /// taken is not added and answers the holder's id, also within one batch; nor is one whose rule ([`crate::model::Unique`]) finds
    /// another that counts. An add that is debounced gives that one its payload and `run_at`, and writes an event `edited`.
    ///
    /// A job with `depends_on` is pending, with a `pending_reason`, and not claimed until the jobs it waits for completed, and
    /// no other job that is not over has all of the tags. The completion that is the last releases it in its own transaction. A
    /// prerequisite that fails for good or is cancelled, then or before, cancels it with a `cancel_reason` and an event `cancelled` with
    /// `{"reason": ...}`, and those that wait for it in turn. [`Error::Dependency`] where one does not exist; then nothing is
    /// stored.
    async fn add(&self, jobs: Vec<NewJob>) -> Result<Vec<Added>>;

    /// Adds jobs of another store with their past, in bounded steps, and wakes idle processors: as [`Storage::add`],
    /// but with their times, attempts, errors and steps; one with `next_attempt_at` set is failed, and due again then. The
    /// event `added` holds `{"transferred_from": source_id, "attempts": attempts}`. A job whose key is taken is not added
    /// and answers the holder's id, so that a call that was cut off is repeated whole.
    async fn receive(&self, jobs: Vec<Transfer>) -> Result<Vec<Added>>;

    /// Forgets up to `limit` kinds of jobs ([`crate::model::Unique`]) behind `after` whose job was deleted, by their keys: one step.
    /// Answers where to go on; `None` at the end.
    async fn prune_kinds(&self, after: &str, limit: u32) -> Result<Option<String>>;

    /// The statements that add jobs on a connection of the caller's. [`Error::Unsupported`] where there is no such thing.
    fn external_add(&self, jobs: &[NewJob]) -> Result<ExternalAdd>;

    /// The statements, each with its one parameter, that let jobs wait for others which [`Storage::external_add`] added as `added`
    /// tells: to be run there after it. None where no job waits. [`Error::Unsupported`] as there.
    fn external_ties(&self, jobs: &[NewJob], added: &[Added]) -> Result<Vec<(String, String)>>;

    /// Registers a worker whose leases last `lease` from each renewal.
    async fn register(&self, profile: &Profile, lease: Duration) -> Result<Worker>;

    /// Renews all leases of a worker. [`Error::WorkerLost`] when they were reclaimed; then none of them is valid.
    /// A worker that comes late, but before anyone reclaimed, is renewed. Answers the leases of jobs that somebody asked to
    /// cancel ([`Change::CancelRunning`]), and whether somebody asked the worker to drain ([`Storage::drain_worker`]).
    async fn renew(&self, worker: &Worker, lease: Duration) -> Result<Renewed>;

    /// Removes a worker; leases it still has are given up, for the next sweep to reclaim.
    async fn unregister(&self, worker: &Worker) -> Result<()>;

    /// Leases due jobs to a worker: pending ones, and failed ones whose retry is due. Each claim counts an attempt, sets
    /// status, `started_at` (first time), `locked_at` and `locked_by`, and writes a `processing` event.
    /// Never two workers one job. Renews the worker where it leases jobs and the request says so. Of jobs that fall due at once, those beyond the first ten thousand of a type may come later
    /// than their priority asks for. [`Error::WorkerLost`] when the worker is not registered (any more).
    async fn claim(&self, request: &ClaimRequest) -> Result<Claim>;

    /// The types of jobs that may be claimed, now or when they fall due: for a worker that claims every type.
    async fn claimable_types(&self) -> Result<Vec<String>>;

    /// The jobs that an earlier claim with this token leased and that still are: for a claim whose reply was lost. That claim, and
    /// any with a smaller token, leases nothing after this, should it be on its way still.
    async fn reclaim_reply(&self, worker: &Worker, token: i64) -> Result<Claim>;

    /// Ends leases: completions, failures and releases together, in one transaction. A repeat of a settlement that was
    /// applied answers `Applied` and changes nothing.
    ///
    /// Completed: status, `completed_at`, output if given, lock fields cleared. Failed: status failed, `last_failed_at`,
    /// `failure_reason`, one entry `{message, type, traceback, attempt, timestamp}` in `error_history` (bounded),
    /// `next_attempt_at` = now + `retry_in` or null; the event's metadata holds `message`, `reason`, `attempt`, `will_retry`.
    /// `crashes` is counted where the reason is lost. A failure for good of a job with `dead_letter_job_type` adds its dead letter,
    /// and so does one that [`Storage::reclaim`] and its like find: a job of that type, due now, with
    /// `{"originalJob": {"id", "jobType", "attempts", "maxAttempts"}, "originalPayload", "failure": {"message", "reason", "failedAt"}}`
    /// as its payload, `dead_letter_of`, the trace of the failed job, and `{"dead_letter_of": id}` in its event `added`. The failed
    /// job gets `dead_lettered_at` and `dead_letter_job_id`.
    /// Released: pending again (or failed with its retry due, if it was claimed from there: then due now), the attempt is
    /// not counted, event `reclaimed` with `{"released": true}`.
    /// Waiting: `wait_until` and `wait_token_id`, the wait's entry among the steps; where what it waits for is over already,
    /// or does not exist, it goes on at once.
    /// Cancelled: `last_cancelled_at`, `cancel_reason` and an event `cancelled` with `{"running": true}`, and the reason if there
    /// is one. So ends too, instead, what would
    /// run again although somebody asked to cancel it: a failure with a retry, a release, a wait.
    async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Settled>>;

    /// Whether the ends of these runs may release jobs that [`Storage::settle_and_claim`] can claim along with them.
    fn may_release(&self, settlements: &[Settlement]) -> bool {
        let _ = settlements;
        false
    }

    /// As [`Storage::settle`] and then [`Storage::claim`], in one transaction: what the ends release needs no call of its own. `None`
    /// where no claim was made, of which a claim of its own tells why. After an error, the claim may have been made: its token is
    /// asked about.
    async fn settle_and_claim(
        &self,
        settlements: &[Settlement],
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Option<Claim>)> {
        let _ = request;
        Ok((self.settle(settlements).await?, None))
    }

    /// Records reports about running jobs. Progress and output write no event.
    async fn note(&self, notes: &[Note]) -> Result<Vec<Settled>>;

    /// Looks, changing nothing, for what a worker would find to do: jobs of these types, others' leases, waits and schedules.
    /// What it misses, such as what others are about to do, the next look finds.
    async fn look(&self, worker: WorkerId, job_types: &[String]) -> Result<Outstanding>;

    /// Takes jobs from workers whose lease has run out, at most about `limit` in one call: they become pending and due
    /// now, `crashes` is counted, with an event `reclaimed`; or, on the last attempt or the third crash, failed for good
    /// with reason lost, an error-history entry and an event `failed`; or cancelled, if somebody asked for it. The dead
    /// worker's registration goes with it.
    async fn reclaim(&self, limit: u32) -> Result<Vec<Reclaimed>>;

    /// As `reclaim`, for a caller: jobs in processing whose worker's lease has run out and was last renewed longer ago
    /// than the greater of `max_processing` and the job's own timeout. One step; `after` and `next` page through jobs.
    async fn reclaim_stuck(&self, max_processing: Duration, after: i64, limit: u32) -> Result<Chunk>;

    /// The jobs of these ids that exist, in any order.
    async fn get(&self, ids: &[JobId]) -> Result<Vec<Job>>;

    /// A page of the jobs that match, newest first.
    async fn find(&self, filter: &Filter, page: Page) -> Result<Vec<Job>>;

    /// How many jobs match.
    async fn count(&self, filter: &Filter) -> Result<u64> {
        self.count_up_to(filter, None).await
    }

    /// The same, where counting stops at `most`.
    async fn count_up_to(&self, filter: &Filter, most: Option<u64>) -> Result<u64>;

    /// The store at a glance. Counting stops at `most` jobs of a status, or estimates completed ones, and at `most_of_type` of a type.
    async fn overview(&self, most: u32, most_of_type: u32) -> Result<Overview>;

    /// Looks through jobs, newest first, at no more than the search says, and answers those that meet all conditions. There may be fewer
    /// than its limit although there is more to look at.
    async fn search(&self, search: &Search) -> Result<Searched>;

    /// The workers that are registered, by growing id, behind `after`.
    async fn workers(&self, after: WorkerId, limit: u32) -> Result<Vec<WorkerRecord>>;

    /// Asks a worker to drain, which its next renewal tells it; it is hinted at that. False where no such worker lives.
    async fn drain_worker(&self, id: WorkerId) -> Result<bool>;

    /// The groups that limits are kept of, by id, behind `after`; counting of their lines stops at `most`.
    async fn groups(&self, after: &str, limit: u32, most: u32) -> Result<Vec<GroupRecord>>;

    /// The types that have a limit or are paused, by name.
    async fn type_limits(&self) -> Result<Vec<TypeLimit>>;

    /// The tokens asked for, newest first.
    async fn tokens(&self, query: &TokenQuery) -> Result<Vec<Token>>;

    /// Jobs that wait for this one before they run, by growing id.
    async fn dependents(&self, id: JobId, limit: u32) -> Result<Vec<JobId>>;

    /// The events of a job, oldest first.
    async fn events(&self, job_id: JobId) -> Result<Vec<Event>>;

    /// A part of the events of all jobs that were written behind a place, of about `limit` at most. Whoever goes on from the
    /// place behind it gets each event that is ever written once, whichever order transactions commit in; but for those that
    /// were deleted. [`Error::Invalid`] for a place of another store, [`Error::Gap`] where events behind it are gone that a
    /// store keeps for as long as somebody reads only.
    async fn tail(&self, after: &After, wanted: &Wanted, limit: u32) -> Result<Tail>;

    /// Starts listening, if that was not done before, and hands out hints that events were written. They may be missing, of
    /// some kinds always.
    async fn changes(&self) -> Result<Wakes>;

    /// Changes one job; false when it does not exist or its state does not allow it ([`crate::policy::status`]).
    ///
    /// Retry: status pending, `run_at` now, `next_attempt_at` null, `last_retried_at` now, `failure_reason` and
    /// `cancel_reason` null, `completed_at`, `dead_lettered_at` and `dead_letter_job_id` null, `crashes` 0, and `max_attempts` =
    /// attempts + 1 if they were used up; one that was added to wait for others waits again, for those that are not over. Cancel:
    /// `last_cancelled_at` now, `next_attempt_at` null. Edit: event metadata holds the edited fields. Where `run_at` moves, by an
    /// edit or a retry, `expires_at` moves along. Asked to cancel while it runs:
    /// `cancel_requested_at` now, no event, and nothing where it was set; its worker is hinted at it. Delete: in two steps, of which the
    /// first cancels what is upcoming.
    async fn change(&self, id: JobId, change: &Change) -> Result<bool>;

    /// Changes matching jobs with ids above `after`, by growing id: one step of at most `limit` rows looked at.
    async fn change_many(&self, filter: &Filter, change: &Change, after: JobId, limit: u32) -> Result<Chunk>;

    /// As [`Storage::change_many`] with [`Change::Retry`], for jobs that are to fall due one after another. Answers also when the
    /// next one may, where any was changed.
    async fn retry_spaced(
        &self,
        filter: &Filter,
        spacing: Spacing,
        after: JobId,
        limit: u32,
    ) -> Result<(Chunk, Option<Timestamp>)>;

    /// Deletes old jobs, with their events, by growing id: one step.
    async fn prune_jobs(&self, prune: &Prune, after: JobId, limit: u32) -> Result<Chunk>;

    /// Looks after up to `limit` jobs whose terms may be over. One whose first attempt has not begun by its `expires_at` becomes
    /// cancelled, as by [`Change::Cancel`], with `reason` as its `cancel_reason` and in its event; no claim leases it from then on.
    /// One that ended as long ago as `keep_result_for` says is deleted with its events; [`Storage::prune_jobs`] leaves it alone.
    async fn end_terms(&self, reason: &str, limit: u32) -> Result<Termed>;

    /// Makes the payloads of old completed jobs null, by growing id: one step. Nothing else of the jobs changes.
    async fn prune_payloads(&self, older_than: Duration, after: JobId, limit: u32) -> Result<Chunk>;

    /// Deletes events older than `older_than`: one step.
    async fn prune_events(&self, older_than: Duration, after: i64, limit: u32) -> Result<Chunk>;

    /// Adds a schedule that is due next at `next_run_at`, and wakes idle processors; `None` where its name is taken. A call
    /// whose reply was lost may find its own name.
    async fn add_schedule(&self, schedule: &NewSchedule, next_run_at: Timestamp) -> Result<Option<ScheduleId>>;

    /// Gives a schedule the definition, status and next tick of `schedule`, and wakes idle processors; false where it
    /// changed since it was read, which `updated_at` tells, or is gone.
    async fn replace_schedule(&self, schedule: &Schedule) -> Result<bool>;

    /// Removes a schedule; false where there is none of that id. Jobs that it added stay.
    async fn remove_schedule(&self, id: ScheduleId) -> Result<bool>;

    /// The schedules asked for, by growing id.
    async fn schedules(&self, query: &ScheduleQuery) -> Result<Vec<Schedule>>;

    /// The active schedules whose next tick has come, a page of at most `limit` in the order of tick and id, behind `after`.
    async fn due_schedules(&self, after: Option<(Timestamp, ScheduleId)>, limit: u32) -> Result<DueSchedules>;

    /// Fires a schedule, if it is active and its `next_run_at` and `updated_at` are those that were read: adds a job for each
    /// tick, with the tick as `run_at` and `{"schedule": name}` in the event `added`, and goes on to the next tick. Where jobs
    /// may not overlap and the last one is pending, processing or waiting, no job is added. Sets `last_enqueued_at` and
    /// `last_job_id` where any was, and wakes idle processors.
    async fn fire(&self, firing: &Firing) -> Result<Fired>;

    /// Stores a token. A repeat with the same id answers the one that is there.
    async fn create_token(&self, token: &NewToken) -> Result<Token>;

    /// Completes a token and resumes the jobs that wait for it, in one transaction. False when it was over already, and then
    /// nothing changes; `None` when there is none.
    async fn complete_token(&self, id: &str, output: Option<&Bytes>) -> Result<Option<bool>>;

    /// A token. One whose time is up has timed out, whether or not [`Storage::tidy_waits`] has seen it.
    async fn get_token(&self, id: &str) -> Result<Option<Token>>;

    /// Marks up to `limit` tokens whose time is up, and lets jobs go on that wait for what is over, inside their handlers or before
    /// they run, if a crash kept them from it. Answers how many tokens it marked.
    async fn tidy_waits(&self, limit: u32) -> Result<u64>;

    /// Deletes up to `limit` tokens of no job that were over for `older_than`; a job's own tokens go with it.
    async fn prune_tokens(&self, older_than: Duration, limit: u32) -> Result<u64>;

    /// Answers a job whose end another one is about to wait for, having seen to it that its end will be told.
    async fn expect_end(&self, id: JobId) -> Result<Option<Job>>;

    /// Starts listening, if that was not done before, and hands out the hints.
    async fn listen(&self) -> Result<Wakes>;

    /// Whether hints arrive, as far as is known.
    fn hears(&self) -> bool;

    /// Hints that somebody asked to cancel a running job, which the next renewal tells; they come while somebody listens.
    fn cancels(&self) -> Wakes;

    /// Takes interest in the end of a job.
    async fn watch(&self, id: JobId) -> Result<Watch>;

    /// Sets limits and rates, and counts what runs already. From when it returns, no claim goes beyond them.
    ///
    /// A job that is kept back stays pending, and is no longer looked at by claims until one of those that keep it back ended, or
    /// its rate allows for more. What a running job counts for is given back in the transaction that ends its lease.
    async fn set_limits(&self, limits: &Limits) -> Result<()>;

    /// Keeps jobs from being claimed, or lets them be claimed again; false where that was so before. What runs goes on.
    async fn set_paused(&self, scope: &Scope, paused: bool) -> Result<bool>;

    /// What is paused.
    async fn paused(&self) -> Result<Vec<Scope>>;

    /// Keeps jobs of a type, and of the types that share its rate, from being claimed for so long.
    async fn hold(&self, job_type: &str, span: Duration) -> Result<()>;

    /// Counts anew what runs, where there are limits: what a crash, or somebody who deleted running jobs, left wrong.
    async fn tend_limits(&self) -> Result<()>;

    /// Brings the schema up to the newest version, or to `target`; downwards too if it is older. Under a lock.
    async fn migrate(&self, target: Option<i32>) -> Result<Vec<MigrationStep>>;

    /// As [`Self::migrate`], where the schema may be one of the TypeScript library, which goes on using it.
    async fn adopt(&self) -> Result<Vec<MigrationStep>> {
        Err(Error::Unsupported(format!("{} has no database of another library to adopt", self.backend())))
    }

    /// Which migrations are applied.
    async fn migration_state(&self) -> Result<MigrationState>;

    /// The longest that one step of a call waits for the store before it fails.
    fn patience(&self) -> Duration;

    /// The clock that the store goes by, where its owner moves it; `None` where time passes by itself.
    fn virtual_clock(&self) -> Option<&VirtualClock> {
        None
    }

    /// When something next falls due by itself, after now: for the owner of the clock, who moves it from one such time to
    /// the next.
    async fn next_due(&self) -> Result<Option<Timestamp>> {
        Err(Error::Unsupported(format!("{} does not tell what falls due next", self.backend())))
    }

    /// Runs a caller's own query; each row is a JSON object as text. Parameters are text, in the server's input syntax.
    async fn query(&self, _sql: &str, _params: &[Option<String>]) -> Result<Vec<Bytes>> {
        Err(Error::Unsupported(format!("{} has no pool to hand out", self.backend())))
    }

    /// Runs a caller's own statement and answers the number of rows.
    async fn execute(&self, _sql: &str, _params: &[Option<String>]) -> Result<u64> {
        Err(Error::Unsupported(format!("{} has no pool to hand out", self.backend())))
    }

    /// Runs a caller's own command, its name and its arguments, which [`crate::policy::commands`] let pass.
    async fn command(&self, _command: &[Bytes]) -> Result<Answer> {
        Err(Error::Unsupported(format!("{} takes no commands of Redis", self.backend())))
    }

    /// What survives a crash, as the server is set up now.
    async fn durability(&self) -> Result<Durability>;

    /// How the store's file is; with `check` every page is read, which takes a second or so for a gigabyte, and is given up at the
    /// deadline of a call.
    async fn examine_file(&self, _check: bool) -> Result<FileState> {
        Err(Error::Unsupported(format!("{} keeps no file of its own", self.backend())))
    }

    /// Ends background tasks and connections. Calls after it answer [`Error::Closed`].
    async fn close(&self);
}
