//! Which leases the workers of this process hold, to be compared with the store's record of them.
//!
//! A server that crashed, or a replica that was promoted, may have lost the end of a run whose claim it has. Its worker
//! lives on and renews, so that no other would ever take such a job: it has to be given back by the worker itself.

use std::collections::{HashMap, HashSet};

use super::RedisStorage;
use crate::error::Result;
use crate::lock::Mutex;
use crate::model::{Claimed, JobId, Lease, Settlement, Worker, WorkerId};

/// By worker.
#[derive(Default)]
pub(super) struct Holdings(Mutex<HashMap<WorkerId, Held>>);

struct Held {
    leases: HashSet<(JobId, i64)>,
    /// The number of the connection by which the record was last seen to agree.
    agreed: u64,
}

impl Held {
    fn new(number: u64) -> Self {
        Self { leases: HashSet::new(), agreed: number }
    }
}

impl Holdings {
    /// What a worker holds, if that may differ from the record at the other end of a connection.
    fn doubted(&self, worker: WorkerId, number: u64) -> Option<Vec<(JobId, i64)>> {
        let mut all = self.0.lock();
        let held = all.entry(worker).or_insert_with(|| Held::new(number));
        (held.agreed != number).then(|| held.leases.iter().copied().collect())
    }

    fn agree(&self, worker: WorkerId, number: u64) {
        if let Some(held) = self.0.lock().get_mut(&worker) {
            held.agreed = number;
        }
    }

    pub(super) fn take(&self, claimed: &[Claimed], number: u64) {
        let mut all = self.0.lock();
        for Lease { job_id, worker_id, token } in claimed.iter().map(|one| one.lease) {
            all.entry(worker_id).or_insert_with(|| Held::new(number)).leases.insert((job_id, token));
        }
    }

    /// Takes note of ends that were answered by this connection or the one after it.
    pub(super) fn end(&self, settlements: &[Settlement], number: u64) {
        let mut all = self.0.lock();
        for Lease { job_id, worker_id, token } in settlements.iter().map(|settlement| settlement.lease) {
            if let Some(held) = all.get_mut(&worker_id) {
                held.leases.remove(&(job_id, token));
                held.agreed = held.agreed.min(number);
            }
        }
    }

    /// Forgets a worker that is registered no more.
    pub(super) fn forget(&self, worker: WorkerId) {
        self.0.lock().remove(&worker);
    }
}

impl RedisStorage {
    /// Gives back what the record says that a worker runs, and what it does not hold, where they may differ. Between two
    /// claims of a worker: none of its own may be under way.
    pub(super) async fn give_back_strays(&self, worker: &Worker) -> Result<()> {
        let (number, _) = self.link().await?;
        let Some(held) = self.holdings.doubted(worker.id, number) else { return Ok(()) };
        let count: i64 = self
            .call(&self.scripts.stray, |call| {
                held.iter().fold(call.arg(worker.id), |call, (job, token)| call.arg(job).arg(token))
            })
            .await?;
        self.holdings.agree(worker.id, number);
        if count > 0 {
            tracing::warn!("Redis had lost how {count} runs of this worker ended: their jobs are to be run again");
        }
        Ok(())
    }
}
