//! What jobs may wait for.

use std::collections::HashMap;

use super::limits::check_name;
use crate::error::{Error, Result};
use crate::model::{DependsOn, JobId, NewJob};

/// The most jobs and tags that one job may wait for.
pub const MAX_PREREQUISITES: usize = 10_000;

/// Checks what jobs of one call wait for. Whether other jobs exist is for the store to say.
///
/// # Errors
/// [`Error::Dependency`] that names the job, what it was to wait for, and what can be done.
pub fn check(jobs: &[NewJob]) -> Result<()> {
    if jobs.iter().all(|job| job.depends_on().is_none()) {
        return Ok(());
    }
    let name =
        |place: usize| if jobs.len() > 1 { format!("job {} of {}", place + 1, jobs.len()) } else { "the job".into() };
    for (place, job) in jobs.iter().enumerate() {
        if let Some(depends_on) = job.depends_on() {
            check_one(depends_on, jobs.len()).map_err(|why| Error::Dependency(format!("{}: {why}", name(place))))?;
        }
    }
    match ring(&edges(jobs)) {
        Some(ring) if ring.len() == 1 => Err(Error::Dependency(format!(
            "{} waits for itself, and would never run: take it out of its depends_on",
            name(ring.first().copied().unwrap_or_default())
        ))),
        Some(ring) => {
            let shown: Vec<_> = ring.iter().take(10).map(|place| (place + 1).to_string()).collect();
            let more = if ring.len() > shown.len() {
                format!(" and {} more", ring.len() - shown.len())
            } else {
                String::new()
            };
            Err(Error::Dependency(format!(
                "jobs {}{more} of {} wait for each other in a ring, and none of them would ever run: let one wait for less",
                shown.join(", "),
                jobs.len()
            )))
        }
        None => Ok(()),
    }
}

fn check_one(depends_on: &DependsOn, count: usize) -> std::result::Result<(), String> {
    let number = depends_on.job_ids.len() + depends_on.tags.len();
    if number > MAX_PREREQUISITES {
        return Err(format!(
            "depends_on names {number} jobs and tags: at most {MAX_PREREQUISITES} are allowed; let jobs in between wait for a part \
             of them each, and this one for those"
        ));
    }
    if depends_on.job_ids.contains(&0) {
        return Err(
            "depends_on names job 0: ids are positive, and batch_ref(0) stands for the first job of the same call"
                .into(),
        );
    }
    let outside = |id: &&JobId| DependsOn::place(**id).is_some_and(|place| place >= count);
    if let Some(id) = depends_on.job_ids.iter().find(outside) {
        let place = DependsOn::place(*id).unwrap_or_default();
        return Err(format!(
            "depends_on names batch_ref({place}), and the call adds {count} jobs: the last is batch_ref({})",
            count.saturating_sub(1)
        ));
    }
    depends_on.tags.iter().try_for_each(|tag| check_name("a tag of depends_on", tag)).map_err(|error| error.to_string())
}

/// Which jobs of the call each of them waits for. Those of one idempotency key are one job, the first.
fn edges(jobs: &[NewJob]) -> Vec<Vec<usize>> {
    let mut holders = HashMap::new();
    let first: Vec<usize> = jobs
        .iter()
        .enumerate()
        .map(|(place, job)| job.idempotency_key.as_deref().map_or(place, |key| *holders.entry(key).or_insert(place)))
        .collect();
    let of = |(place, job): (usize, &NewJob)| {
        let ids = job.depends_on().filter(|_| first.get(place) == Some(&place)).map(|on| on.job_ids.as_slice());
        let places = ids.unwrap_or_default().iter().filter_map(|id| first.get(DependsOn::place(*id)?).copied());
        places.collect()
    };
    jobs.iter().enumerate().map(of).collect()
}

/// How far a search for a ring has come with a job.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    OnPath,
    Done,
}

/// The places of jobs each of which waits for the next, and the last for the first.
fn ring(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut marks = vec![Mark::New; edges.len()];
    for start in 0..edges.len() {
        // Each job on the way, and how many of its own were followed.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((place, followed)) = path.last_mut() {
            let here = *place;
            let next = edges.get(here).and_then(|to| to.get(*followed)).copied();
            *followed += 1;
            let mark = |at: usize| marks.get(at).copied().unwrap_or(Mark::Done);
            if mark(here) == Mark::Done {
                path.pop();
                continue;
            }
            match next {
                Some(to) if mark(to) == Mark::OnPath || to == here => {
                    return Some(path.iter().map(|(at, _)| *at).skip_while(|at| *at != to).collect());
                }
                Some(to) if mark(to) == Mark::New => {
                    set(&mut marks, here, Mark::OnPath);
                    path.push((to, 0));
                }
                Some(_) => set(&mut marks, here, Mark::OnPath),
                None => {
                    set(&mut marks, here, Mark::Done);
                    path.pop();
                }
            }
        }
    }
    None
}

fn set(marks: &mut [Mark], at: usize, mark: Mark) {
    if let Some(slot) = marks.get_mut(at) {
        *slot = mark;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Extras;

    fn job(job_ids: &[JobId]) -> NewJob {
        let depends_on = Some(DependsOn { job_ids: job_ids.to_vec(), tags: Vec::new() });
        NewJob { extras: Extras { depends_on, ..Extras::default() }.boxed(), ..NewJob::new("t", "{}") }
    }

    fn refs(places: &[usize]) -> NewJob {
        job(&places.iter().map(|place| DependsOn::batch_ref(*place)).collect::<Vec<_>>())
    }

    fn why(jobs: &[NewJob]) -> String {
        check(jobs).unwrap_err().to_string()
    }

    #[test]
    fn places_are_told_from_ids() {
        for place in [0, 1, 9_999] {
            assert_eq!(DependsOn::place(DependsOn::batch_ref(place)), Some(place));
        }
        assert_eq!(DependsOn::place(0), None);
        assert_eq!(DependsOn::place(7), None);
        assert!(DependsOn::place(JobId::MIN).is_some());
    }

    #[test]
    fn jobs_may_wait_for_earlier_and_later_ones_of_the_call() {
        check(&[refs(&[1, 2]), refs(&[2]), job(&[7]), refs(&[0, 1, 2])]).unwrap();
        let long: Vec<_> =
            (0..20_000_usize).map(|at| refs(&at.checked_sub(1).into_iter().collect::<Vec<_>>())).collect();
        check(&long).unwrap();
        let backwards: Vec<_> =
            (0..20_000_usize).map(|at| if at == 19_999 { job(&[]) } else { refs(&[at + 1]) }).collect();
        check(&backwards).unwrap();
    }

    #[test]
    fn rings_are_refused_by_name() {
        assert!(why(&[refs(&[0])]).contains("the job waits for itself"));
        assert!(why(&[job(&[]), refs(&[1])]).contains("job 2 of 2 waits for itself"));
        assert!(why(&[refs(&[1]), refs(&[2]), refs(&[1])]).contains("jobs 2, 3 of 3 wait for each other in a ring"));
        let key = |mut job: NewJob| {
            job.idempotency_key = Some("k".into());
            job
        };
        assert!(why(&[key(refs(&[1])), refs(&[2]), key(job(&[]))]).contains("jobs 1, 2 of 3"));
        check(&[key(job(&[])), key(refs(&[0]))]).unwrap();
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_by_name() {
        assert!(why(&[job(&[0])]).contains("job 0"));
        assert!(why(&[refs(&[1])]).contains("batch_ref(1), and the call adds 1 jobs"));
        assert!(why(&[job(&vec![1; MAX_PREREQUISITES + 1])]).contains("10001 jobs and tags: at most 10000"));
        let tagged = Extras {
            depends_on: Some(DependsOn { job_ids: Vec::new(), tags: vec![String::new()] }),
            ..Extras::default()
        };
        assert!(
            why(&[NewJob { extras: tagged.boxed(), ..NewJob::new("t", "{}") }])
                .contains("a tag of depends_on is empty")
        );
    }
}
