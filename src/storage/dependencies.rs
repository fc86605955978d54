//! Jobs that wait for others, as the drivers are told of them, and what is told of waiting.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::{Added, DependsOn, JobId, NewJob, distinct};

/// How many of the jobs that one waits for its reason names.
const NAMED: usize = 20;

/// A job that was stored, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The job.
    pub id: JobId,
    /// The jobs that must have completed, each once, in the order given.
    pub job_ids: Vec<JobId>,
    /// The tags that no other open job may have all of, each once.
    pub tags: Vec<String>,
}

impl Tie {
    /// What is told of the job while it waits.
    pub fn pending_reason(&self) -> String {
        let shown: Vec<_> = self.job_ids.iter().take(NAMED).map(ToString::to_string).collect();
        let more = self.job_ids.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let jobs = match self.job_ids.len() {
            0 => None,
            1 => Some(format!("job {}", shown.join(", "))),
            _ => Some(format!("jobs {}{more}", shown.join(", "))),
        };
        let tags = (!self.tags.is_empty()).then(|| format!("jobs tagged {}", self.tags.join(", ")));
        format!("waits for {}", jobs.into_iter().chain(tags).collect::<Vec<_>>().join(" and for "))
    }

    /// The same as a JSON object.
    pub fn document(&self, tags: Option<String>, again: bool) -> Value {
        json!({"id": self.id, "jobs": self.job_ids, "tags": tags, "reason": self.pending_reason(), "again": again})
    }
}

/// Why a job was cancelled that waited for one that ended so.
pub fn cancel_reason(prerequisite: JobId, has_failed: bool) -> String {
    let ending = if has_failed { "failed" } else { "was cancelled" };
    format!("job {prerequisite}, which it waited for, {ending}")
}

/// Those of the jobs that were added and wait, with ids in the place of what stood for jobs of the call.
///
/// # Errors
/// [`Error::Dependency`] where a job would wait for itself, by the key of another.
pub fn ties(jobs: &[NewJob], added: &[Added]) -> Result<Vec<Tie>> {
    let created = jobs.iter().zip(added).filter(|(_, added)| added.created);
    let ties = created.filter_map(|(job, added)| Some((job.depends_on()?, added.id)));
    ties.map(|(depends_on, id)| tie(depends_on, id, added)).collect()
}

fn tie(depends_on: &DependsOn, id: JobId, added: &[Added]) -> Result<Tie> {
    let resolve = |id: JobId| match DependsOn::place(id) {
        Some(place) => added.get(place).map(|one| one.id),
        None => Some(id),
    };
    let resolved = depends_on.job_ids.iter().map(|id| resolve(*id)).collect::<Option<Vec<_>>>();
    let resolved = resolved.ok_or_else(|| Error::Internal("a job of the call that is none of it".into()))?;
    if resolved.contains(&id) {
        return Err(Error::Dependency(format!("job {id} would wait for itself: take it out of its depends_on")));
    }
    let mut seen = std::collections::HashSet::with_capacity(resolved.len());
    let job_ids = resolved.into_iter().filter(|id| seen.insert(*id)).collect();
    Ok(Tie { id, job_ids, tags: distinct(&depends_on.tags).into_iter().map(str::to_owned).collect() })
}

/// The jobs that any of these wait for, each once, by growing id.
pub fn prerequisites(ties: &[Tie]) -> Vec<JobId> {
    let mut ids: Vec<_> = ties.iter().flat_map(|tie| tie.job_ids.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The error that tells of the first of these that does not exist.
pub fn unknown(missing: &[JobId]) -> Error {
    let first = missing.first().copied().unwrap_or_default();
    let more = missing.len().saturating_sub(1);
    let more = if more > 0 { format!(", nor do {more} others that are named") } else { String::new() };
    Error::Dependency(format!(
        "depends_on names job {first}, which does not exist{more}: it was never added, or was cleaned up; nothing was added"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_waits_for_is_told_in_words() {
        let tie = |job_ids: &[JobId], tags: &[&str]| Tie {
            id: 9,
            job_ids: job_ids.to_vec(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        assert_eq!(tie(&[1], &[]).pending_reason(), "waits for job 1");
        assert_eq!(tie(&[1, 2], &[]).pending_reason(), "waits for jobs 1, 2");
        assert_eq!(tie(&[], &["a", "b"]).pending_reason(), "waits for jobs tagged a, b");
        assert_eq!(tie(&[1], &["a"]).pending_reason(), "waits for job 1 and for jobs tagged a");
        let many: Vec<_> = (1..=25).collect();
        assert!(tie(&many, &[]).pending_reason().ends_with("20 and 5 more"));
    }
}
