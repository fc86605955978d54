//! The options that few jobs have.

use std::time::Duration;

use super::{JobId, Unique};

/// The group that a job belongs to, such as one customer of many.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// Its name; 1 to 255 characters.
    pub id: String,
    /// The name of what it is entitled to, by which limits and weights may differ; 1 to 255 characters.
    pub tier: Option<String>,
}

/// What a job waits for before it may run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DependsOn {
    /// Jobs that must have completed; one of [`DependsOn::batch_ref`] stands for a job of the same call.
    pub job_ids: Vec<JobId>,
    /// No other job that has all of these tags may still run or be about to.
    pub tags: Vec<String>,
}

impl DependsOn {
    /// What stands for the job at this place of the same call, from 0.
    #[must_use]
    pub fn batch_ref(place: usize) -> JobId {
        -1 - JobId::try_from(place).unwrap_or(JobId::MAX - 1)
    }

    /// The place that an id of [`DependsOn::batch_ref`] stands for; `None` for any other.
    #[must_use]
    pub fn place(id: JobId) -> Option<usize> {
        if id < 0 { usize::try_from(-1 - id).ok() } else { None }
    }
}

/// What few jobs have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extras {
    /// The group it belongs to.
    pub group: Option<Group>,
    /// The type of the job that is added when this one fails for good.
    pub dead_letter_job_type: Option<String>,
    /// How long after it fell due its first attempt may begin.
    pub expires_in: Option<Duration>,
    /// How long it is kept after its end, where not for as long as others.
    pub keep_result_for: Option<Duration>,
    /// The trace that it belongs to, in the form of the W3C's `traceparent`.
    pub traceparent: Option<String>,
    /// The job that failed for good, whose dead letter this is.
    pub dead_letter_of: Option<JobId>,
    /// When it is not added, since another one counts. It is not kept.
    pub unique: Option<Unique>,
    /// What it waits for before it may run.
    pub depends_on: Option<DependsOn>,
}

impl Extras {
    /// These, unless none is set.
    #[must_use]
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
