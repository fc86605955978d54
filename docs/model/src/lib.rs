//! Claim, renew, reclaim and settle as a state machine that is small enough to be explored whole.
//!
//! `store` is what the store does with a request, atomically; `worker` is what a process knows; `model` lets them act in
//! every order, with requests that are late, twice or lost, replies that are lost, time that passes, and processes that
//! end. `flaw` lists the ways to break it, and `outlook` tells whether every job can still end. `docs/model.md` says what
//! this stands for.

pub mod flaw;
pub mod model;
pub mod outlook;
pub mod store;
pub mod worker;
