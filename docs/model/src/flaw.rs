//! The ways in which the model can be broken.

/// A guard that is left out. Each must be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A settlement is accepted for a running job, whoever holds it.
    UnfencedSettle,
    /// A settlement leaves no trace of the lease that it ended.
    ForgetfulSettle,
    /// A renewal registers a worker anew whose registration is gone.
    RenewalRevives,
    /// A sweep leaves the registration of a worker whose jobs it takes.
    SweepSparesWorker,
    /// A sweep takes jobs from workers whose lease has not run out.
    HastySweep,
    /// A sweep gives the attempt back, and counts no crash.
    UncountedSweep,
    /// A sweep makes a job claimable again whose attempts are used up.
    EndlessSweep,
    /// A claim that comes twice leases twice.
    RepeatedClaim,
    /// A claim is carried out although its worker has asked what became of it, and was told nothing.
    LateClaim,
    /// A claim whose reply was lost is never asked about.
    ForgottenClaim,
    /// A claim takes what runs already.
    GreedyClaim,
    /// A job that was given back has its claim counted.
    CountedRelease,
}
