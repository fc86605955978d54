//! The jobs of a story, and what their handlers do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dataqueue::lock::Mutex;
use dataqueue::model::{Awaited, Job, JobId, NewJob, NewToken, NoteKind, Retry, TokenStatus};
use dataqueue::policy::status::is_final;
use dataqueue::processor::{End, HandlerError, Lanes, Pause, RetryChoice, Start, Until};
use dataqueue::storage::Storage;
use dataqueue::{Error, Result};
use serde_json::json;
use tokio::runtime::Handle;

use crate::bench::json as parsed;

/// What a job of the story does.
pub const ROLES: [&str; 7] = ["plain", "flaky", "hopeless", "steps", "pause", "token", "parent"];
/// How long the job that waits for a time waits.
const PAUSE: Duration = Duration::from_millis(60);
/// The name of the only wait of a job.
const WAIT: &str = "__wait_0";

/// The names of one telling: nothing of it is in another.
#[derive(Clone)]
pub struct Names {
    pub looped: String,
    pub threaded: String,
    number: u32,
}

impl Names {
    pub fn of(number: u32) -> Self {
        Self { looped: format!("looped.{number}"), threaded: format!("threaded.{number}"), number }
    }

    /// The job of a role.
    pub fn job(&self, role: &str) -> NewJob {
        let job_type = if role.len().is_multiple_of(2) { &self.looped } else { &self.threaded };
        NewJob {
            max_attempts: if role == "hopeless" { 2 } else { 5 },
            idempotency_key: Some(format!("{role} of {job_type}")),
            timeout_ms: (role == "steps").then_some(600_000),
            retry: Retry { delay: Some(Duration::ZERO), backoff: Some(false), delay_max: None },
            ..NewJob::new(job_type.clone(), json!({"role": role}).to_string())
        }
    }

    /// The token that the job waits for which waits for one.
    pub fn token(&self) -> String {
        format!("wp_{}_{}", self.looped, self.number)
    }
}

/// Makes a call until it is answered, as whoever waits for its answer does.
pub async fn persist<T>(mut call: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    loop {
        match call().await {
            Err(error) if error.retryable() => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

/// A handler, in one process.
pub struct Handler {
    pub store: Arc<dyn Storage>,
    pub lanes: Arc<Lanes>,
    pub names: Names,
    pub runtime: Handle,
    pub memory: Arc<Memory>,
}

/// What the handlers know of what was recorded, outside the store and across processes.
#[derive(Default)]
pub struct Memory {
    pub steps: Mutex<HashMap<&'static str, String>>,
    pub wrongs: Mutex<Vec<String>>,
}

impl Memory {
    pub fn wrong(&self, what: String) {
        self.wrongs.lock().push(what);
    }
}

impl Handler {
    /// Runs a job; a process that ended meanwhile has no say in how.
    #[allow(clippy::disallowed_methods, reason = "a test has no Python thread")]
    pub fn run(&self, start: &Start) -> End {
        self.runtime.block_on(self.play(start)).unwrap_or(End::Released)
    }

    async fn play(&self, start: &Start) -> Result<End> {
        let job = &start.claimed.job;
        let waited = parsed(&job.step_data).get(WAIT).is_some();
        match parsed(&job.payload)["role"].as_str().unwrap_or_default() {
            "flaky" if job.attempts == 1 => Ok(failed(RetryChoice::Policy)),
            "hopeless" => Ok(failed(RetryChoice::Policy)),
            "steps" => self.take_steps(start, job).await,
            "pause" if !waited => Ok(pause(Some(Until::After(PAUSE)), None)),
            "token" if !waited => self.await_token(job).await,
            "token" => self.has_token().await,
            "parent" if !waited => self.await_child().await,
            "parent" => self.has_child().await,
            role => Ok(End::Completed(Some(json!(role).to_string().into()))),
        }
    }

    async fn take_steps(&self, start: &Start, job: &Job) -> Result<End> {
        self.lanes.note(start.run, NoteKind::Progress(10));
        self.lanes.note(start.run, NoteKind::Output(Bytes::from_static(b"\"so far\"")));
        self.lanes.prolong(start.run, None);
        for (at, name) in ["first", "second"].into_iter().enumerate() {
            let kept = parsed(&job.step_data).get(name).map(ToString::to_string);
            let known = self.memory.steps.lock().get(name).cloned();
            match (kept, known) {
                (Some(kept), Some(known)) if kept != known => {
                    self.memory.wrong(format!("the step {name} was recorded as {known} and came back as {kept}"));
                }
                (None, Some(known)) => {
                    self.memory.wrong(format!("the step {name} was recorded as {known} and is gone"));
                }
                // Recorded, though the process ended before it heard so.
                (Some(kept), None) => drop(self.memory.steps.lock().insert(name, kept)),
                (Some(_), Some(_)) => {}
                (None, None) => {
                    let entry = (10 * job.attempts + at as i32).to_string();
                    self.lanes.step(start.run, job.id, name.to_owned(), entry.clone().into()).await?;
                    self.memory.steps.lock().insert(name, entry);
                }
            }
        }
        Ok(End::Completed(None))
    }

    async fn await_token(&self, job: &Job) -> Result<End> {
        let new = NewToken { id: self.names.token(), job_id: Some(job.id), timeout: None, tags: Vec::new() };
        persist(async || self.store.create_token(&new).await).await?;
        Ok(pause(None, Some(Awaited::Token(new.id))))
    }

    async fn has_token(&self) -> Result<End> {
        let token = persist(async || self.store.get_token(&self.names.token()).await).await?;
        if token.is_none_or(|token| token.status != TokenStatus::Completed) {
            self.memory.wrong("a job went on before its token was completed".to_owned());
        }
        Ok(End::Completed(None))
    }

    async fn add_child(&self) -> Result<JobId> {
        let added = persist(async || self.store.add(vec![self.names.job("child")]).await).await?;
        added.first().map(|added| added.id).ok_or(Error::Closed)
    }

    async fn await_child(&self) -> Result<End> {
        let child = self.add_child().await?;
        persist(async || self.store.expect_end(child).await).await?;
        Ok(pause(None, Some(Awaited::Job(child))))
    }

    async fn has_child(&self) -> Result<End> {
        // Under its key it is the one that was waited for.
        let child = self.add_child().await?;
        let found = persist(async || self.store.get(&[child]).await).await?;
        if !found.iter().all(|job| is_final(job.status, job.next_attempt_at.is_some())) {
            self.memory.wrong(format!("a job went on before the one that it waits for ended: {found:?}"));
        }
        Ok(End::Completed(None))
    }
}

fn failed(retry: RetryChoice) -> End {
    End::Failed(HandlerError { message: "it broke".to_owned(), kind: None, traceback: None, retry })
}

fn pause(until: Option<Until>, on: Option<Awaited>) -> End {
    let kind = if on.is_some() { "other" } else { "duration" }.to_owned();
    End::Waiting(Pause { name: WAIT.to_owned(), label: None, kind, until, on })
}
