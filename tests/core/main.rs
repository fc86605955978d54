//! One test binary: the conformance suite, run by each driver, and the rules of the house.
//!
//! `python -m tests.servers -- cargo test` runs it with the servers that it needs.

mod adopting;
mod architecture;
mod bench;
mod clock;
mod conformance;
mod costs;
mod cron;
mod failpoints;
mod late_commits;
mod plans;
mod processor;

conformance::suite!(postgres: crate::bench::Postgres);
conformance::suite!(redis: crate::bench::Redis);
conformance::suite!(sqlite: crate::bench::Sqlite);
conformance::suite!(memory, in memory: crate::bench::Memory);
