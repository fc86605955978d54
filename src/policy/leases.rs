//! How leases are kept.

use std::time::Duration;

/// A network that answers at all takes no longer.
const LEAST: Duration = Duration::from_secs(1);

/// How long a renewal is waited for, before another one is made by another connection. Renewals are due three times in a
/// lease: one that gets no answer leaves the time for the next.
#[must_use]
pub fn time_to_renew(lease: Duration) -> Duration {
    (lease / 3).max(LEAST)
}
