//! Adding jobs of which there is to be one of a kind.

use std::collections::{BTreeSet, HashMap};

use super::PostgresStorage;
use super::enqueue::chunks;
use super::faults::Attempt;
use super::rows::{At, Json, Reader, damaged};
use super::session::{Params, Session};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::{Added, Holder, JobEdit, JobId, NewJob, Status, Unique};
use crate::policy::unique::{counts, rule_of};
use crate::storage::edits;

/// What a call knows of the kinds that its jobs are of.
struct Kinds {
    /// When the transaction began, which is when the jobs that it adds are created.
    begun: Timestamp,
    /// When the kinds were locked: not before any job of theirs was created.
    now: Timestamp,
    holders: HashMap<String, Holder>,
}

/// The answer for a job, while others are not added yet.
enum Place {
    /// It is one of those to be added.
    New(usize),
    /// Another counts.
    Found(JobId),
    /// One of those to be added counts.
    Beside(usize),
}

impl PostgresStorage {
    /// Adds jobs, some of which are one of a kind, inside a transaction: the kinds are locked first, so that no other call adds of
    /// them until it ends.
    pub(super) async fn add_kinds(&self, session: &Session, jobs: &[NewJob]) -> Attempt<Vec<Added>> {
        let mut kinds = self.hold_kinds(session, jobs).await?;
        let mut fresh: HashMap<&str, usize> = HashMap::new();
        let (mut new, mut places): (Vec<NewJob>, Vec<Place>) = (Vec::new(), Vec::with_capacity(jobs.len()));
        for job in jobs {
            let Some(rule) = rule_of(job) else {
                places.push(Place::New(new.len()));
                new.push(job.clone());
                continue;
            };
            if let Some(&at) = fresh.get(rule.key.as_str()) {
                if let (Some(_), Some(other)) = (rule.debounce, new.get_mut(at)) {
                    other.payload = job.payload.clone();
                }
                places.push(Place::Beside(at));
                continue;
            }
            let holder = kinds.holders.get(&rule.key).copied().filter(|holder| counts(rule, holder));
            if let Some(holder) = holder {
                if self.put_off(session, job, rule, holder.id, kinds.now).await? {
                    places.push(Place::Found(holder.id));
                    continue;
                }
                kinds.holders.remove(&rule.key);
            }
            fresh.insert(&rule.key, new.len());
            places.push(Place::New(new.len()));
            let run_at = rule.debounce.map(|span| kinds.begun.plus(span)).or(job.run_at);
            new.push(NewJob { run_at, ..job.clone() });
        }
        let mut added = Vec::with_capacity(new.len());
        for chunk in chunks(&new) {
            added.extend(self.add_chunk(session, chunk).await?);
        }
        self.take_kinds(session, &new, &added).await?;
        let answer = |place: Place| match place {
            Place::New(at) => added.get(at).copied(),
            Place::Found(id) => Some(Added { id, created: false }),
            Place::Beside(at) => added.get(at).map(|other| Added { id: other.id, created: false }),
        };
        let answers: Option<Vec<_>> = places.into_iter().map(answer).collect();
        Ok(answers.ok_or_else(|| damaged("an add without an answer for each job"))?)
    }

    async fn hold_kinds(&self, session: &Session, jobs: &[NewJob]) -> Attempt<Kinds> {
        let keys: BTreeSet<_> = jobs.iter().filter_map(|job| Some(rule_of(job)?.key.as_str())).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        session.query(&self.statements.hold_kinds, &[&keys]).await?;
        let rows = session.query(&self.statements.kinds, &[&keys]).await?;
        let [begun, now] = [Timestamp::from_micros(0); 2];
        let mut kinds = Kinds { begun, now, holders: HashMap::with_capacity(rows.len()) };
        for row in &rows {
            let mut reader = Reader::new(row, 0);
            let (key, id) = (reader.take::<String>()?, reader.take::<JobId>()?);
            let status = reader.take::<Option<String>>()?.as_deref().and_then(Status::parse);
            let (waits, attempts) = (reader.take::<bool>()?, reader.take::<Option<i32>>()?.unwrap_or_default());
            let in_time = reader.take()?;
            (kinds.begun, kinds.now) = (reader.take::<At>()?.0, reader.take::<At>()?.0);
            if let Some(status) = status {
                let retry_due = status == Status::Failed && waits;
                kinds.holders.insert(key, Holder { id, status, retry_due, attempts, in_time });
            }
        }
        Ok(kinds)
    }

    /// Gives a job that counts what a debounced add says; false where it has begun meanwhile.
    async fn put_off(
        &self,
        session: &Session,
        job: &NewJob,
        rule: &Unique,
        holder: JobId,
        now: Timestamp,
    ) -> Attempt<bool> {
        let Some(span) = rule.debounce else { return Ok(true) };
        let run_at = now.plus(span);
        let edit = JobEdit { payload: Some(job.payload.clone()), run_at: Some(Some(run_at)), ..JobEdit::default() };
        let metadata = edits::described(&edit)?;
        let params: Params<'_> = &[&holder, &Json(&job.payload), &At(run_at), &Json(metadata.as_bytes()), &At(now)];
        let rows = session.query(&self.statements.debounce, params).await?;
        let row = rows.first().ok_or_else(|| damaged("a change without an answer"))?;
        Ok(Reader::new(row, 0).take::<i64>()? > 0)
    }

    async fn take_kinds(&self, session: &Session, jobs: &[NewJob], added: &[Added]) -> Attempt<()> {
        let taken: Vec<_> = jobs
            .iter()
            .zip(added)
            .filter(|(_, added)| added.created)
            .filter_map(|(job, added)| Some((rule_of(job)?, added.id)))
            .collect();
        let keys: Vec<_> = taken.iter().map(|(rule, _)| rule.key.as_str()).collect();
        let ids: Vec<_> = taken.iter().map(|(_, id)| *id).collect();
        let spans: Vec<_> = taken.iter().map(|(rule, _)| rule.within.map(|span| span.as_secs_f64())).collect();
        session.query(&self.statements.take_kinds, &[&keys, &ids, &spans]).await?;
        Ok(())
    }

    pub(super) async fn forget_kinds(&self, after: &str, limit: u32) -> Result<Option<String>> {
        let rows = self.tried(&self.statements.prune_kinds, &[&after, &i64::from(limit)]).await?;
        let row = rows.first().ok_or_else(|| damaged("a clean-up without an answer"))?;
        Reader::new(row, 0).take()
    }
}
