//! Claiming: one round trip, or two when scheduled jobs fell due that nobody had foreseen.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::PostgresStorage;
use super::bounds::{Ranges, Taken};
use super::faults::Attempt;
use super::rows::{At, JOB_COLUMNS, Reader, job};
use super::session::{Params, Session, Tries};
use super::upkeep::millis;
use crate::error::{Error, Result};
use crate::model::{Claim, ClaimRequest, Claimed, Lease, Worker};

/// How many jobs of a type one claim moves from scheduled to ready at least: among more that fall due at once, those that
/// are not moved yet are passed over, whatever their priority.
const PROMOTED: i64 = 10_000;

/// What the claim's statement says beside the jobs, in the first columns of each row.
struct Outlook {
    now: At,
    alive: bool,
    /// False when nothing was claimed because scheduled jobs have to be moved first.
    open: bool,
    next: Option<At>,
    more: bool,
    /// How long the server worked on it.
    worked: Duration,
}

/// How many columns an [`Outlook`] has.
const FIRST: usize = 6;
/// The column of when a job was due, behind those of the job.
const DUE_AT: usize = FIRST + 42;

impl PostgresStorage {
    pub(super) async fn claim_jobs(&self, request: &ClaimRequest) -> Result<Claim> {
        let mut types = request.job_types.clone();
        types.sort_unstable();
        types.dedup();
        let session = self.session().await?;
        let mut tries = Tries::default();
        loop {
            match self.claim_once(&session, request, &types).await {
                Err(fault) if tries.again(&fault).await => {}
                result => return Ok(result?),
            }
        }
    }

    async fn claim_once(&self, session: &Session, request: &ClaimRequest, types: &[String]) -> Attempt<Claim> {
        let foreseen = self.next_due.lock().is_some_and(|due| due <= Instant::now());
        if foreseen {
            self.bounds.reset();
        }
        let mut ranges = self.bounds.ranges(types);
        let mut rows = self.pick(session, request, types, &ranges, foreseen).await?;
        let mut outlook = outlook(&rows)?;
        if outlook.alive && !outlook.open {
            // What is moved was due before others that were claimed.
            self.bounds.reset();
            ranges = self.bounds.ranges(types);
            rows = self.pick(session, request, types, &ranges, true).await?;
            outlook = self::outlook(&rows)?;
        }
        if !outlook.alive {
            self.claims.forget(request.worker.id);
            return Err(Error::WorkerLost { worker: request.worker.id }.into());
        }
        let mut next_due = outlook.next.map(|next| next.0.since(outlook.now.0));
        self.foresee(next_due);
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.try_get::<_, Option<i64>>(FIRST)?.is_some() {
                let job = job(row, FIRST)?;
                let due_at = row.try_get::<_, At>(DUE_AT)?.0;
                let lease = Lease { job_id: job.id, worker_id: request.worker.id, token: request.token };
                found.push((Reverse(job.priority), due_at, Claimed { lease, job }));
            }
        }
        let taken = found.iter().map(|(_, due_at, Claimed { job, .. })| Taken {
            job_type: &job.job_type,
            priority: job.priority,
            due_at: *due_at,
            id: job.id,
        });
        self.bounds.taken(&ranges, taken, request.limit as usize, outlook.worked);
        if let Some(rest) = ranges.rest.filter(|_| found.len() < request.limit as usize) {
            next_due = Some(next_due.map_or(rest, |due| due.min(rest)));
        }
        self.claims.leased(request.worker.id, request.token, found.iter().map(|(.., claimed)| claimed.lease.job_id));
        found.sort_unstable_by_key(|(priority, due_at, claimed)| (*priority, *due_at, claimed.lease.job_id));
        let jobs = found.into_iter().map(|(.., claimed)| claimed).collect();
        let more = outlook.more || next_due == Some(Duration::ZERO);
        Ok(Claim { jobs, more, next_due, now: outlook.now.0 })
    }

    /// Claims, having moved what fell due if `promote`. Without it, nothing is claimed while something is to be moved:
    /// it might come first.
    async fn pick(
        &self,
        session: &Session,
        request: &ClaimRequest,
        types: &[String],
        ranges: &Ranges,
        promote: bool,
    ) -> Attempt<Vec<Row>> {
        let limit = i64::from(request.limit);
        let statement = if types.len() == 1 { &self.statements.claim_one } else { &self.statements.claim_many };
        let careful = !promote;
        let lease = request.lease.map(millis);
        let over = self.claims.over(request.worker.id);
        let claim: Params<'_> = &[
            &request.worker.id,
            &request.worker.name,
            &request.token,
            &types,
            &limit,
            &careful,
            &lease,
            &over,
            &ranges.types,
            &ranges.ranks,
            &ranges.due,
            &ranges.ids,
            &ranges.stops,
        ];
        if !promote {
            let rows = session.query(statement, claim).await?;
            self.claims.removed(request.worker.id, &over);
            return Ok(rows);
        }
        let moved = limit.saturating_mul(2).max(PROMOTED);
        let results = session.pipeline(&[(&self.statements.promote, &[&types, &moved]), (statement, claim)]).await?;
        let mut rows = Vec::new();
        for result in results {
            rows = result?;
        }
        self.claims.removed(request.worker.id, &over);
        Ok(rows)
    }

    fn foresee(&self, next_due: Option<Duration>) {
        let mut known = self.next_due.lock();
        let now = Instant::now();
        let next = next_due.and_then(|wait| now.checked_add(wait));
        *known = match *known {
            // Another claim's types may fall due earlier.
            Some(earlier) if earlier > now => Some(next.map_or(earlier, |next| next.min(earlier))),
            _ => next,
        };
    }

    pub(super) async fn types_to_claim(&self) -> Result<Vec<String>> {
        let rows = self.session().await?.query(&self.statements.claimable_types, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<std::result::Result<_, _>>()
            .map_err(super::faults::Fault::from)?)
    }

    pub(super) async fn claimed_before(&self, worker: &Worker, token: i64) -> Result<Claim> {
        let session = self.session().await?;
        let params: Params<'_> = &[&worker.id, &token];
        let statements = [(&self.statements.ask_claim, params), (&self.statements.claim_reply, params)];
        let results = session.transaction(&statements).await?;
        let [state, found] = results.as_slice() else { return Err(Error::Internal("two results expected".into())) };
        let row = state.first().ok_or_else(|| super::rows::damaged("no clock"))?;
        let mut reader = Reader::new(row, 0);
        let now = reader.take::<At>()?.0;
        if !reader.take::<bool>()? {
            return Err(Error::WorkerLost { worker: worker.id });
        }
        let mut jobs = Vec::with_capacity(found.len());
        for row in found {
            let job = job(row, 0)?;
            jobs.push(Claimed { lease: Lease { job_id: job.id, worker_id: worker.id, token }, job });
        }
        self.claims.leased(worker.id, token, jobs.iter().map(|claimed: &Claimed| claimed.lease.job_id));
        // What else there is was not looked at: claiming again tells.
        Ok(Claim { jobs, more: true, next_due: None, now })
    }
}

fn outlook(rows: &[Row]) -> Result<Outlook> {
    let row = rows.first().ok_or_else(|| super::rows::damaged("a claim without an answer"))?;
    debug_assert_eq!((DUE_AT, row.len()), (FIRST + JOB_COLUMNS.split(',').count(), DUE_AT + 2));
    let mut reader = Reader::new(row, 0);
    Ok(Outlook {
        now: reader.take()?,
        alive: reader.take()?,
        open: reader.take()?,
        next: reader.take()?,
        more: reader.take()?,
        worked: Duration::try_from_secs_f64(reader.take()?).unwrap_or_default(),
    })
}
