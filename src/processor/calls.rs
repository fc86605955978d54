//! What a processor asks of its store, as errors are counted by it.

/// A kind of call to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Listening for hints.
    Listen,
    /// Registering the worker, and signing off.
    Register,
    /// Renewing leases.
    Renew,
    /// Looking for what is to be done.
    Look,
    /// Claiming jobs, and asking what was claimed.
    Claim,
    /// Recording ends of runs.
    Settle,
    /// Recording progress, output and steps.
    Note,
    /// Holding back types, and counting what runs.
    Limit,
    /// Taking jobs from dead workers.
    Reclaim,
    /// Looking after waits.
    Tidy,
    /// Storing and firing schedules.
    Schedule,
    /// Looking after jobs that expire.
    Expire,
    /// Chores.
    Upkeep,
    /// Telling what was done.
    Traffic,
}

impl Call {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Listen,
        Self::Register,
        Self::Renew,
        Self::Look,
        Self::Claim,
        Self::Settle,
        Self::Note,
        Self::Limit,
        Self::Reclaim,
        Self::Tidy,
        Self::Schedule,
        Self::Expire,
        Self::Upkeep,
        Self::Traffic,
    ];

    /// Its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Register => "register",
            Self::Renew => "renew",
            Self::Look => "look",
            Self::Claim => "claim",
            Self::Settle => "settle",
            Self::Note => "note",
            Self::Limit => "limit",
            Self::Reclaim => "reclaim",
            Self::Tidy => "tidy",
            Self::Schedule => "schedule",
            Self::Expire => "expire",
            Self::Upkeep => "upkeep",
            Self::Traffic => "traffic",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_number_and_a_name_of_its_own() {
        for (at, call) in Call::ALL.into_iter().enumerate() {
            assert_eq!(call as usize, at);
            assert_eq!(Call::ALL.iter().filter(|other| other.name() == call.name()).count(), 1);
        }
    }
}
