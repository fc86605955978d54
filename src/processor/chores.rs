//! What keeps a store in order, each chore made of bounded steps. Done twice it does no harm.

use std::time::Duration;

use crate::error::Result;
use crate::model::{Prune, Status};
use crate::storage::{self, Storage};

const DAY: Duration = Duration::from_secs(86_400);
/// How long finished jobs and events are kept where nobody says otherwise.
const KEPT: Duration = DAY.saturating_mul(30);

/// A chore, with its option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// Takes jobs back from workers that were last renewed this long ago.
    ReclaimStuck(Duration),
    /// Deletes jobs that ended this long ago, with their events.
    PruneJobs(Duration),
    /// Deletes events of this age.
    PruneEvents(Duration),
    /// Writes down which tokens were not completed in time.
    ExpireTokens,
    /// Deletes tokens that were over this long ago.
    PruneTokens(Duration),
}

impl Chore {
    /// The chore of that name.
    #[must_use]
    pub fn parse(name: &str, span: Duration) -> Option<Self> {
        let all = [
            Self::ReclaimStuck(span),
            Self::PruneJobs(span),
            Self::PruneEvents(span),
            Self::ExpireTokens,
            Self::PruneTokens(span),
        ];
        all.into_iter().find(|chore| chore.name() == name)
    }

    /// What it counts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReclaimStuck(_) => "reclaimed_jobs",
            Self::PruneJobs(_) => "cleaned_up_jobs",
            Self::PruneEvents(_) => "cleaned_up_events",
            Self::ExpireTokens => "expired_tokens",
            Self::PruneTokens(_) => "cleaned_up_tokens",
        }
    }

    /// What it is doing, for reports.
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Self::ReclaimStuck(_) => "reclaiming stuck jobs",
            Self::PruneJobs(_) => "cleaning up old jobs",
            Self::PruneEvents(_) => "cleaning up old events",
            Self::ExpireTokens => "expiring tokens",
            Self::PruneTokens(_) => "cleaning up old tokens",
        }
    }

    /// Does it to its end; how many jobs or events it was about.
    ///
    /// # Errors
    /// Those of the steps; what earlier steps did stays.
    pub async fn run(self, storage: &dyn Storage) -> Result<u64> {
        let count = match self {
            Self::ReclaimStuck(silent_for) => storage::reclaim_all_stuck(storage, silent_for).await?,
            Self::PruneJobs(older_than) => {
                let statuses = vec![Status::Completed, Status::Failed, Status::Cancelled];
                storage::prune_all_jobs(storage, &Prune { older_than, statuses }).await?
            }
            Self::PruneEvents(older_than) => storage::prune_all_events(storage, older_than).await?,
            Self::ExpireTokens => storage::expire_all_tokens(storage).await?,
            Self::PruneTokens(older_than) => storage::prune_all_tokens(storage, older_than).await?,
        };
        if count > 0 {
            tracing::info!("{}: {count}", self.doing());
        }
        Ok(count)
    }
}

/// What processors do besides their work, so that nobody else must.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// About how often.
    pub every: Duration,
    /// What.
    pub chores: Vec<Chore>,
}

impl Default for Upkeep {
    fn default() -> Self {
        let chores = vec![Chore::PruneJobs(KEPT), Chore::PruneEvents(KEPT), Chore::PruneTokens(KEPT)];
        Self { every: Duration::from_secs(3_600), chores }
    }
}
