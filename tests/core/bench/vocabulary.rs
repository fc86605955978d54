//! Short words for jobs and what is known of them.

use std::time::Duration;

use dataqueue::model::{
    Added, Change, Claimed, Event, EventKind, Extras, Filter, Group, Job, JobId, Lease, NewJob, Page, Settled, Status,
    Worker,
};
use dataqueue::storage::change_in_steps;
use serde_json::Value;

use super::Bench;

/// A job with the default options.
pub fn job(job_type: &str) -> NewJob {
    NewJob::new(job_type, "{}")
}

/// What few jobs have, all of it.
pub fn every_extra() -> Extras {
    Extras {
        group: Some(Group { id: "tenant 'ü'".to_owned(), tier: Some("gold".to_owned()) }),
        dead_letter_job_type: Some("dead".to_owned()),
        expires_in: Some(Duration::from_millis(2_500)),
        keep_result_for: Some(Duration::from_secs(86_400)),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        dead_letter_of: None,
        unique: None,
        depends_on: None,
    }
}

/// A job with tags.
pub fn tagged(job_type: &str, tags: &[&str]) -> NewJob {
    NewJob { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..job(job_type) }
}

/// The ids of claimed jobs, in their order.
pub fn ids(claimed: &[Claimed]) -> Vec<JobId> {
    claimed.iter().map(|claimed| claimed.job.id).collect()
}

/// Claimed jobs and their leases, as far as a claim whose reply was lost can tell of them.
pub fn leased(claimed: &[Claimed]) -> Vec<(Lease, &Job)> {
    claimed.iter().map(|claimed| (claimed.lease, &claimed.job)).collect()
}

/// A JSON document.
pub fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)))
}

/// Whether every settlement was applied.
pub fn settled_all(answers: &[Settled]) -> bool {
    answers.iter().all(|answer| *answer == Settled::Applied)
}

/// A worker that no store ever registered.
pub fn worker_named(name: &str) -> Worker {
    Worker { id: i64::MAX - 7, name: name.to_owned() }
}

impl Bench {
    /// Adds one job.
    pub async fn add_one(&self, job: NewJob) -> JobId {
        self.add_all(vec![job]).await[0]
    }

    /// Adds jobs, each of which must be new.
    pub async fn add_all(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        let added: Vec<Added> = self.add(jobs).await.unwrap();
        assert!(added.iter().all(|added| added.created));
        added.iter().map(|added| added.id).collect()
    }

    /// A job that exists.
    pub async fn job(&self, id: JobId) -> Job {
        self.get(&[id]).await.unwrap().pop().unwrap_or_else(|| panic!("job {id} does not exist"))
    }

    /// The status of a job.
    pub async fn status(&self, id: JobId) -> Status {
        self.job(id).await.status
    }

    /// The kinds of the events of a job, oldest first.
    pub async fn kinds(&self, id: JobId) -> Vec<EventKind> {
        self.events(id).await.unwrap().iter().map(|event| event.kind).collect()
    }

    /// The latest event of a job.
    pub async fn last_event(&self, id: JobId) -> Event {
        self.events(id).await.unwrap().pop().unwrap()
    }

    /// The metadata of the latest event of a job.
    pub async fn last_metadata(&self, id: JobId) -> Value {
        json(&self.last_event(id).await.metadata.unwrap())
    }

    /// Changes a job; whether it did.
    pub async fn changed(&self, id: JobId, change: Change) -> bool {
        self.change(id, &change).await.unwrap()
    }

    /// Changes all jobs that match, in steps that look at so many jobs each; how many were changed.
    pub async fn changed_all(&self, filter: &Filter, change: &Change, limit: u32) -> u64 {
        change_in_steps(&**self, filter, change, limit).await.unwrap()
    }

    /// The ids of the jobs that match, newest first.
    pub async fn found(&self, filter: &Filter) -> Vec<JobId> {
        let page = Page { limit: 10_000, offset: 0, before: None };
        let found: Vec<JobId> = self.find(filter, page).await.unwrap().iter().map(|job| job.id).collect();
        assert_eq!(self.count(filter).await.unwrap(), found.len() as u64, "count and find disagree on {filter:?}");
        found
    }

    /// The store's clock.
    pub async fn now(&self) -> dataqueue::clock::Timestamp {
        let hand = self.hand().await;
        let answer = hand.try_claim(&["a type that no job has"], 1).await.unwrap();
        self.unregister(&hand.worker).await.unwrap();
        answer.now
    }
}
