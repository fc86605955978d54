//! Jobs brought into each state that there is, by the ways that lead there.

use std::time::Duration;

use dataqueue::model::{Change, JobId, NewJob, Status};

use super::{Bench, complete, fail};

/// How far off a time is that must not come while a test runs.
const LATER: Duration = Duration::from_secs(3_600);

/// A state of a job, and whether its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Ready,
    Scheduled,
    Running,
    Completed,
    /// Failed for good.
    Failed,
    /// Failed, to be tried again later.
    RetryLater,
    /// Failed, to be tried again now.
    RetryNow,
    Cancelled,
    Waiting,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::Scheduled,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::RetryLater,
        Self::RetryNow,
        Self::Cancelled,
        Self::Waiting,
    ];

    /// The status of a job at this stage.
    pub fn status(self) -> Status {
        match self {
            Self::Ready | Self::Scheduled => Status::Pending,
            Self::Running => Status::Processing,
            Self::Completed => Status::Completed,
            Self::Failed | Self::RetryLater | Self::RetryNow => Status::Failed,
            Self::Cancelled => Status::Cancelled,
            Self::Waiting => Status::Waiting,
        }
    }

    /// Whether a job at this stage failed and will be tried again.
    pub fn retry_due(self) -> bool {
        matches!(self, Self::RetryLater | Self::RetryNow)
    }
}

impl Bench {
    /// A job with the default options at this stage. Nothing else may be claimable of its type.
    pub async fn staged(&self, stage: Stage, job_type: &str) -> JobId {
        self.bring(stage, NewJob::new(job_type, "{}")).await
    }

    /// Adds a job and brings it to this stage. Nothing else may be claimable of its type.
    pub async fn bring(&self, stage: Stage, mut job: NewJob) -> JobId {
        let job_type = job.job_type.clone();
        if stage == Stage::Scheduled {
            job.run_at = Some(self.now().await.plus(LATER));
        }
        let id = self.add_one(job).await;
        if matches!(stage, Stage::Ready | Stage::Scheduled) {
            return id;
        }
        if stage == Stage::Cancelled {
            assert!(self.changed(id, Change::Cancel).await);
            return id;
        }
        let hand = self.hand().await;
        let claimed = hand.take(&job_type).await;
        assert_eq!(claimed.job.id, id, "another job of type {job_type} was in the way");
        match stage {
            Stage::Completed => drop(hand.settle(complete(&claimed)).await),
            Stage::Failed => drop(hand.settle(fail(&claimed, None)).await),
            Stage::RetryLater => drop(hand.settle(fail(&claimed, Some(LATER))).await),
            Stage::RetryNow => drop(hand.settle(fail(&claimed, Some(Duration::ZERO))).await),
            Stage::Waiting => self.driver().suspend(id).await,
            _ => {}
        }
        let stored = self.job(id).await;
        assert_eq!((stored.status, stored.next_attempt_at.is_some()), (stage.status(), stage.retry_due()));
        id
    }
}
