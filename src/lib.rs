//! The engine of `dataqueue`, a job queue for Python: claiming, leasing, scheduling and settling jobs
//! on PostgreSQL and SQLite.
//!
//! Layers, each importing only those after it: `python` (the border, behind the feature of that name),
//! [`processor`], [`storage`], [`policy`], [`model`]; the leaves [`error`], [`clock`], [`runtime`],
//! [`per_process`] and [`telemetry`] are open to all of them.

#![warn(missing_docs)]
#![deny(unsafe_code)]

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
