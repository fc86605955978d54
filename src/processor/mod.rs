//! Runs jobs: claims them, hands them to lanes, renews their leases and settles them.
