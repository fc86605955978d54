//! Which claims have jobs that are not over yet, so that the row of a claim can go with the last of them.
//!
//! A job's own row says whether it is leased; the rows of claims only lead to the jobs of a worker that died. One that stays too
//! long costs a sweep a look, one that goes too early costs a job: so a claim counts as over when the ends of all its jobs are
//! known to be recorded, and not before.

use std::collections::{HashMap, HashSet};

use crate::lock::Mutex;
use crate::model::{JobId, Lease, WorkerId};

/// The most claims that one statement removes.
const MOST: usize = 500;

#[derive(Debug, Default)]
struct Of {
    running: HashMap<i64, HashSet<JobId>>,
    over: Vec<i64>,
}

/// The claims of this storage's workers.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<WorkerId, Of>>);

impl Claims {
    pub(super) fn leased(&self, worker: WorkerId, token: i64, jobs: impl Iterator<Item = JobId>) {
        let jobs: HashSet<_> = jobs.collect();
        if !jobs.is_empty() {
            self.0.lock().entry(worker).or_default().running.insert(token, jobs);
        }
    }

    /// The ends of these leases are recorded, or the leases are lost.
    pub(super) fn ended(&self, leases: impl Iterator<Item = Lease>) {
        let mut claims = self.0.lock();
        for lease in leases {
            let Some(of) = claims.get_mut(&lease.worker_id) else { continue };
            let Some(jobs) = of.running.get_mut(&lease.token) else { continue };
            if jobs.remove(&lease.job_id) && jobs.is_empty() {
                of.running.remove(&lease.token);
                of.over.push(lease.token);
            }
        }
    }

    /// Claims whose jobs are over, to be removed.
    pub(super) fn over(&self, worker: WorkerId) -> Vec<i64> {
        let claims = self.0.lock();
        claims.get(&worker).map(|of| of.over.iter().take(MOST).copied().collect()).unwrap_or_default()
    }

    /// These were removed.
    pub(super) fn removed(&self, worker: WorkerId, tokens: &[i64]) {
        if let Some(of) = self.0.lock().get_mut(&worker) {
            of.over.retain(|token| !tokens.contains(token));
        }
    }

    /// The worker is gone: what it left is for a sweep.
    pub(super) fn forget(&self, worker: WorkerId) {
        self.0.lock().remove(&worker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(job_id: JobId, token: i64) -> Lease {
        Lease { job_id, worker_id: 1, token }
    }

    #[test]
    fn a_claim_is_over_with_the_last_of_its_jobs() {
        let claims = Claims::default();
        claims.leased(1, 7, [10, 11].into_iter());
        claims.ended([lease(10, 7), lease(10, 7), lease(11, 6)].into_iter());
        assert_eq!(claims.over(1), Vec::<i64>::new());
        claims.ended([lease(11, 7)].into_iter());
        assert_eq!(claims.over(1), [7]);
        assert_eq!(claims.over(2), Vec::<i64>::new());
    }

    #[test]
    fn what_is_over_stays_so_until_it_was_removed() {
        let claims = Claims::default();
        for token in 1..=3 {
            claims.leased(1, token, [token].into_iter());
            claims.ended([lease(token, token)].into_iter());
        }
        assert_eq!(claims.over(1), [1, 2, 3]);
        claims.removed(1, &[1, 3]);
        assert_eq!(claims.over(1), [2]);
        claims.forget(1);
        assert_eq!(claims.over(1), Vec::<i64>::new());
    }
}
