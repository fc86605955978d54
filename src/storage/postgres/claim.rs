//! Claiming: one round trip, or two when scheduled jobs fell due that nobody had foreseen.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostgresStorage;
use super::bounds::{Bounds, Ranges, Taken};
use super::faults::Attempt;
use super::rows::{At, JOB_COLUMNS, Json, Reader, Whole, job};
use super::session::{Params, Session, Tries};
use super::statements::Statement;
use super::upkeep::millis;
use crate::error::{Error, Result};
use crate::model::{Claim, ClaimRequest, Claimed, Lease, Worker};

/// How many jobs of a type one claim moves from scheduled to ready at least: among more that fall due at once, those that
/// are not moved yet are passed over, whatever their priority.
const PROMOTED: i64 = 10_000;

/// How often one claim goes on that put all in line that it found.
const PARKINGS: u32 = 20;

/// What the claim's statement says beside the jobs, in the first columns of each row.
pub(super) struct Outlook {
    now: At,
    pub(super) alive: bool,
    /// False when nothing was claimed because scheduled jobs have to be moved first.
    pub(super) open: bool,
    next: Option<At>,
    more: bool,
    /// How long the server worked on it.
    worked: Duration,
    /// Whether there are limits or pauses, which only a claim that looks at them may pass.
    pub(super) limited: bool,
    /// Whether jobs were put in line.
    parked: bool,
}

/// A claim as its statement takes it.
pub(super) struct Asked<'a> {
    request: &'a ClaimRequest,
    pub(super) types: &'a [String],
    limit: i64,
    /// Nothing is claimed while something is to be moved: it might come first.
    careful: bool,
    lease: Option<i64>,
    pub(super) over: Vec<i64>,
    ranges: &'a Ranges,
}

impl<'a> Asked<'a> {
    pub(super) fn params(&'a self) -> [&'a (dyn ToSql + Sync); 13] {
        let (worker, ranges) = (&self.request.worker, self.ranges);
        [
            &worker.id,
            &worker.name,
            &self.request.token,
            &self.types,
            &self.limit,
            &self.careful,
            &self.lease,
            &self.over,
            &ranges.types,
            &ranges.ranks,
            &ranges.due,
            &ranges.ids,
            &ranges.stops,
        ]
    }
}

/// How many columns an [`Outlook`] has.
const FIRST: usize = 7;
/// The column of when a job was due, behind those of the job.
const DUE_AT: usize = FIRST + 45;

impl PostgresStorage {
    pub(super) async fn claim_jobs(&self, request: &ClaimRequest) -> Result<Claim> {
        let types = sorted(&request.job_types);
        let session = self.session().await?;
        let mut tries = Tries::default();
        let mut parkings = 0;
        loop {
            match self.claim_once(&session, request, &types).await {
                Err(fault) if tries.again(&fault).await => {}
                // What stood before jobs that may start is out of the way now.
                Ok((claim, true)) if claim.jobs.is_empty() && claim.more && parkings < PARKINGS => parkings += 1,
                result => return Ok(result?.0),
            }
        }
    }

    /// Claims, and answers whether jobs were put in line.
    async fn claim_once(&self, session: &Session, request: &ClaimRequest, types: &[String]) -> Attempt<(Claim, bool)> {
        let foreseen = self.next_due.lock().is_some_and(|due| due <= Instant::now());
        if foreseen {
            self.bounds.reset();
        }
        let mut ranges = self.ranges(request, types);
        let mut rows = self.pick(session, request, types, &ranges, foreseen).await?;
        let mut outlook = outlook(&rows)?;
        if outlook.alive && self.limited.swap(outlook.limited, Ordering::Relaxed) != outlook.limited {
            self.bounds.reset();
            // A claim by turns looked at limits, whether or not it knew of them.
            if request.turns.is_none() {
                ranges = self.ranges(request, types);
                rows = self.pick(session, request, types, &ranges, foreseen).await?;
                outlook = self::outlook(&rows)?;
            }
        }
        if outlook.alive && !outlook.open {
            // What is moved was due before others that were claimed.
            self.bounds.reset();
            ranges = self.ranges(request, types);
            rows = self.pick(session, request, types, &ranges, true).await?;
            outlook = self::outlook(&rows)?;
        }
        let keeps_place = !outlook.limited && request.turns.is_none();
        let claim = self.read_claim(request, &rows, &outlook, &ranges, keeps_place)?;
        Ok((claim, outlook.parked))
    }

    /// What a claim brought. Where it looked in the places that are known, what it took moves them on.
    pub(super) fn read_claim(
        &self,
        request: &ClaimRequest,
        rows: &[Row],
        outlook: &Outlook,
        ranges: &Ranges,
        keeps_place: bool,
    ) -> Attempt<Claim> {
        if !outlook.alive {
            self.claims.forget(request.worker.id);
            return Err(Error::WorkerLost { worker: request.worker.id }.into());
        }
        let mut next_due = outlook.next.map(|next| next.0.since(outlook.now.0));
        self.foresee(next_due);
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            if row.try_get::<_, Option<Whole>>(FIRST)?.is_some() {
                let job = job(row, FIRST)?;
                let due_at = row.try_get::<_, At>(DUE_AT)?.0;
                if row.try_get::<_, Option<bool>>(DUE_AT + 2)?.is_some() {
                    self.tied.claimed(job.id);
                }
                let seat = if request.turns.is_some() { row.try_get(DUE_AT + 3)? } else { 0_i64 };
                let lease = Lease { job_id: job.id, worker_id: request.worker.id, token: request.token };
                found.push((seat, Reverse(job.priority), due_at, Claimed { lease, job, due_at: Some(due_at) }));
            }
        }
        let taken = found.iter().map(|(.., due_at, Claimed { job, .. })| Taken {
            job_type: &job.job_type,
            priority: job.priority,
            due_at: *due_at,
            id: job.id,
        });
        let places = request.places() as usize;
        if keeps_place {
            self.bounds.taken(ranges, taken, places, outlook.worked);
        }
        if let Some(rest) = ranges.rest.filter(|_| found.len() < places) {
            next_due = Some(next_due.map_or(rest, |due| due.min(rest)));
        }
        self.claims.leased(request.worker.id, request.token, found.iter().map(|(.., claimed)| claimed.lease.job_id));
        found.sort_unstable_by_key(|(seat, priority, due_at, claimed)| {
            (*seat, *priority, *due_at, claimed.lease.job_id)
        });
        let jobs = found.into_iter().map(|(.., claimed)| claimed).collect();
        let more = outlook.more || next_due == Some(Duration::ZERO);
        Ok(Claim { jobs, more, next_due, now: outlook.now.0 })
    }

    /// Where to look: where there are limits, jobs may come back to any place, and a claim by turns takes jobs from any.
    fn ranges(&self, request: &ClaimRequest, types: &[String]) -> Ranges {
        let is_whole = self.is_limited() || request.turns.is_some();
        if is_whole { Bounds::whole(types) } else { self.bounds.ranges(types) }
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
        let asked = self.asked(request, types, ranges, !promote);
        let (statement, claim) = (self.claim_statement(types), &asked.params());
        let moved = asked.limit.saturating_mul(2).max(PROMOTED);
        let move_due: (_, Params<'_>) = (&self.statements.promote, &[&types, &moved]);
        let open_lines: (_, Params<'_>) = (&self.statements.open_lines, &[]);
        let opens = promote && self.is_limited();
        let rows = if let Some(turns) = &request.turns {
            let weights = serde_json::json!(turns.weights).to_string();
            let weights = Json(weights.as_bytes());
            let claim = [claim.as_slice(), &[&weights]].concat();
            let take_turns: (_, Params<'_>) = (&self.statements.take_turns, &[&types]);
            let claim = (&self.statements.claim_fair, claim.as_slice());
            if opens {
                // Alone: with its groups locked it would wait for turns whose holder waits for a group.
                session.query(open_lines.0, open_lines.1).await?;
            }
            let mut results = if promote {
                session.transaction(&[move_due, take_turns, claim]).await?
            } else {
                session.transaction(&[take_turns, claim]).await?
            };
            results.pop().unwrap_or_default()
        } else if promote {
            let mut rows = Vec::new();
            let all = [move_due, open_lines, (statement, claim)];
            let without = [move_due, (statement, claim)];
            for result in session.pipeline(if opens { &all } else { &without }).await? {
                rows = result?;
            }
            rows
        } else {
            session.query(statement, claim).await?
        };
        self.claims.removed(request.worker.id, &asked.over);
        Ok(rows)
    }

    pub(super) fn claim_statement(&self, types: &[String]) -> &Statement {
        match types.len() {
            _ if self.is_limited() => &self.statements.claim_limited,
            1 => &self.statements.claim_one,
            _ => &self.statements.claim_many,
        }
    }

    pub(super) fn asked<'a>(
        &self,
        request: &'a ClaimRequest,
        types: &'a [String],
        ranges: &'a Ranges,
        careful: bool,
    ) -> Asked<'a> {
        let (limit, lease) = (i64::from(request.places()), request.lease.map(millis));
        Asked { request, types, limit, careful, lease, over: self.claims.over(request.worker.id), ranges }
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
            let lease = Lease { job_id: job.id, worker_id: worker.id, token };
            jobs.push(Claimed { lease, job, due_at: None });
        }
        self.claims.leased(worker.id, token, jobs.iter().map(|claimed: &Claimed| claimed.lease.job_id));
        // What else there is was not looked at: claiming again tells.
        Ok(Claim { jobs, more: true, next_due: None, now })
    }
}

pub(super) fn sorted(types: &[String]) -> Vec<String> {
    let mut types = types.to_vec();
    types.sort_unstable();
    types.dedup();
    types
}

/// Whether a row of a claim tells of a job.
pub(super) fn is_job(row: &Row) -> bool {
    row.try_get::<_, Option<Whole>>(FIRST).is_ok_and(|id| id.is_some())
}

pub(super) fn outlook(rows: &[Row]) -> Result<Outlook> {
    let row = rows.first().ok_or_else(|| super::rows::damaged("a claim without an answer"))?;
    debug_assert_eq!(DUE_AT, FIRST + JOB_COLUMNS.split(',').count());
    debug_assert!((DUE_AT + 3..=DUE_AT + 4).contains(&row.len()));
    let mut reader = Reader::new(row, 0);
    let (now, alive, open) = (reader.take()?, reader.take()?, reader.take()?);
    let (next, more, worked) = (reader.take()?, reader.take()?, reader.take()?);
    let limits = reader.take::<i32>()?;
    Ok(Outlook {
        now,
        alive,
        open,
        next,
        more,
        worked: Duration::try_from_secs_f64(worked).unwrap_or_default(),
        limited: limits > 0,
        parked: limits > 1,
    })
}
