//! The engine of `dataqueue`, a job queue for Python: claiming, leasing, scheduling and settling jobs
//! on PostgreSQL, Redis and SQLite.
//!
//! Layers, each importing only those after it: `python` (the border, behind the feature of that name),
//! [`processor`], [`storage`], [`policy`], [`model`]; the leaves [`error`], [`clock`], [`runtime`],
//! [`per_process`] and [`telemetry`] are open to all of them.

#![warn(missing_docs)]
// These are here and not in Cargo.toml, which speaks for tests and benches too: nothing a caller, a server or a clock can
// influence may end in a panic.
#![warn(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::indexing_slicing))]

pub mod clock;
pub mod error;
pub mod model;
pub mod per_process;
pub mod policy;
pub mod processor;
pub mod runtime;
pub mod storage;
pub mod telemetry;

#[cfg(feature = "python")]
mod python;

pub use error::{Error, Result};
