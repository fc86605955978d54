//! What is added through connections of the caller's own, as Python sees it.

use crate::error::Result;
use crate::model::{Added, NewJob};
use crate::storage::{self, Storage};

/// A [`storage::ExternalAdd`]: what inserts, what looks up, the parts, and what locks the prerequisites of which jobs.
pub(super) type External = (String, String, Vec<(usize, String)>, Option<(String, Vec<i64>)>);

/// The statements that add jobs.
///
/// # Errors
/// Those of [`Storage::external_add`].
pub(super) fn add(storage: &dyn Storage, jobs: &[NewJob]) -> Result<External> {
    let storage::ExternalAdd { insert, lookup, parts, prerequisites } = storage.external_add(jobs)?;
    Ok((insert, lookup, parts, prerequisites))
}

/// The statements that let those which were added wait for others, each with its parameter.
///
/// # Errors
/// Those of [`Storage::external_ties`].
pub(super) fn ties(storage: &dyn Storage, jobs: &[NewJob], added: Vec<(i64, bool)>) -> Result<Vec<(String, String)>> {
    let added: Vec<_> = added.into_iter().map(|(id, created)| Added { id, created }).collect();
    storage.external_ties(jobs, &added)
}
