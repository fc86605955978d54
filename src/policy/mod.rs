//! Pure decisions: no input or output, no clock.

pub mod commands;
pub mod cron;
pub mod dependencies;
pub mod json;
pub mod leases;
pub mod limits;
pub mod rates;
pub mod retry;
pub mod schedules;
pub mod search;
pub mod status;
pub mod traffic;
pub mod turns;
pub mod unique;
