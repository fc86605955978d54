//! A process with one slot: what it knows, and the requests that it makes.

use crate::store::{Lease, Outcome};

/// A request on its way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    Claim { process: usize, lease: Lease },
    Renew { process: usize, worker: u8 },
    Settle { process: usize, job: usize, lease: Lease, outcome: Outcome },
}

impl Request {
    pub fn process(self) -> usize {
        match self {
            Self::Claim { process, .. } | Self::Renew { process, .. } | Self::Settle { process, .. } => process,
        }
    }

    /// Every lease and registration that it names.
    pub fn names(self) -> (u8, Option<u8>) {
        match self {
            Self::Claim { lease, .. } | Self::Settle { lease, .. } => (lease.worker, Some(lease.token)),
            Self::Renew { worker, .. } => (worker, None),
        }
    }
}

/// The end of a run that is not recorded yet, as far as its process knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ending {
    pub job: usize,
    pub lease: Lease,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its registration.
    pub worker: Option<u8>,
    /// The claim that it waits for.
    pub claiming: Option<Lease>,
    /// What it runs.
    pub running: Option<(usize, Lease)>,
    /// What it wants to be recorded.
    pub ending: Option<Ending>,
}

impl Process {
    pub fn is_idle(&self) -> bool {
        self.claiming.is_none() && self.running.is_none() && self.ending.is_none()
    }

    /// Its leases are void: nothing of what it runs is recorded any more. What has ended already is refused by the store.
    pub fn lose(&mut self, worker: u8) {
        if self.worker == Some(worker) {
            (self.worker, self.claiming, self.running) = (None, None, None);
        }
    }

    /// A claim was answered.
    pub fn claimed(&mut self, lease: Lease, job: Option<usize>) {
        if self.claiming == Some(lease) {
            self.claiming = None;
            self.running = job.map(|job| (job, lease));
        }
    }

    /// A settlement was answered.
    pub fn settled(&mut self, ending: Ending) {
        if self.ending == Some(ending) {
            self.ending = None;
        }
    }
}
