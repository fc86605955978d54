//! Jobs that wait for others go on, or are cancelled, when what they wait for ends.
//!
//! A completion releases those that wait for it in its own transaction. All else is done right after the commit of the end, in
//! bounded steps; what a crash keeps from it is found by a sweep.

use std::collections::BTreeSet;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::faults::Attempt;
use super::rows::{Reader, damaged};
use super::session::{Params, Session, Tries};
use super::tokens::Keys;
use crate::error::Result;
use crate::model::JobId;

/// How many waits one statement ends at most.
pub(super) const STEP: i64 = 1_000;
/// How many jobs that others wait for one sweep looks at.
const LOOKED_AT: i64 = 500;
/// How many jobs that wait for tags are looked at in one transaction.
const WAITERS: usize = 100;
/// How often what has a tag may end between two looks.
const ROUNDS: u32 = 20;

/// What one statement released.
#[derive(Debug, Default)]
pub(super) struct Released {
    waits: i64,
    jobs: i64,
    tagged: Vec<JobId>,
}

impl Released {
    pub(super) fn read(rows: &[Row]) -> Result<Self> {
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a release without an answer"))?, 0);
        let (waits, jobs) = (reader.take()?, reader.take()?);
        Ok(Self { waits, jobs, tagged: reader.take::<Option<_>>()?.unwrap_or_default() })
    }

    /// Whether any job may be claimed now.
    pub(super) fn any(&self) -> bool {
        self.jobs > 0
    }

    /// Whether more jobs than these may be.
    pub(super) fn more_than(&self, claimed: i64) -> bool {
        self.jobs > claimed
    }

    /// Whether there is more to be done.
    pub(super) fn goes_on(&self) -> bool {
        self.waits >= STEP || !self.tagged.is_empty()
    }
}

impl PostgresStorage {
    /// Lets those go on that wait for jobs which ended, handlers and jobs.
    pub(super) async fn go_on_after(&self, ended: Vec<JobId>, released: Released) {
        let keys = Keys::jobs(ended);
        self.resume_after(&keys).await;
        self.follow_after(keys.into_jobs(), released).await;
    }

    /// As [`Self::follow`], after a change that is done: what cannot be done now is found by the sweep.
    pub(super) async fn follow_after(&self, ids: Vec<JobId>, released: Released) {
        if let Err(error) = self.follow(ids, released.tagged).await {
            tracing::warn!("jobs that wait for others go on somewhat later: {error}");
        }
    }

    /// Releases or cancels the jobs that wait for these, as far as they are over, in bounded steps; and looks for the tags that
    /// others wait for.
    pub(super) async fn follow(&self, ids: Vec<JobId>, tagged: Vec<JobId>) -> Result<()> {
        let mut from = ids;
        let mut tagged: BTreeSet<_> = tagged.into_iter().collect();
        while !from.is_empty() {
            loop {
                let released =
                    Released::read(&self.tried(&self.statements.release_dependents, &[&from, &STEP]).await?)?;
                if released.any() {
                    self.bounds.reset();
                    self.announce();
                }
                let is_done = released.waits < STEP;
                tagged.extend(released.tagged);
                if is_done {
                    break;
                }
            }
            from = self.cancel_after(&from).await?;
        }
        let tagged: Vec<_> = tagged.into_iter().collect();
        for some in tagged.chunks(WAITERS) {
            self.look_for_tags(some).await?;
        }
        Ok(())
    }

    /// Cancels some of the jobs that wait for these, directly or not, and answers which.
    async fn cancel_after(&self, ids: &[JobId]) -> Result<Vec<JobId>> {
        let rows = self.tried(&self.statements.cancel_dependents, &[&ids]).await?;
        let (cancelled, told) = read_cancelled(&rows)?;
        self.hub.ended(cancelled.iter().copied());
        if told {
            self.resume_after(&Keys::jobs(cancelled.clone())).await;
        }
        Ok(cancelled)
    }

    /// Releases jobs that wait for tags, or finds for each another job that has them.
    async fn look_for_tags(&self, ids: &[JobId]) -> Result<()> {
        let mut tries = Tries::default();
        let released = loop {
            let session = self.session().await?;
            match self.look_once(&session, ids).await {
                Err(fault) if tries.again(&fault).await => {}
                result => break result?,
            }
        };
        if released {
            self.bounds.reset();
            self.announce();
        }
        Ok(())
    }

    async fn look_once(&self, session: &Session, ids: &[JobId]) -> Attempt<bool> {
        session.begin().await?;
        let looked = async {
            session.query(&self.statements.hold_waiters, &[&ids]).await?;
            self.witness_or_free(session, ids.to_vec()).await
        };
        match looked.await {
            Ok(released) => session.commit().await.map(|()| released),
            Err(fault) => {
                let _ = session.roll_back().await;
                Err(fault)
            }
        }
    }

    /// In a transaction that holds these jobs: whether any was released. One that cannot be decided on is left to the sweep.
    pub(super) async fn witness_or_free(&self, session: &Session, mut ids: Vec<JobId>) -> Attempt<bool> {
        let mut released = false;
        for _ in 0..ROUNDS {
            let params: Params<'_> = &[&ids];
            let both = [(&self.statements.witness, params), (&self.statements.free_waiters, params)];
            let mut freed = Vec::new();
            for result in session.pipeline(&both).await? {
                freed = result?;
            }
            let mut reader = Reader::new(freed.first().ok_or_else(|| damaged("a look for tags without an answer"))?, 0);
            released |= reader.take::<i64>()? > 0;
            ids = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
            if ids.is_empty() {
                break;
            }
        }
        Ok(released)
    }

    /// Finds what a crash kept from going on, or what waits for a job that was deleted: one step of a sweep.
    pub(super) async fn tidy_dependents(&self) -> Result<()> {
        let after = *self.dependents_seen.lock();
        let rows = self.tried(&self.statements.lost_dependents, &[&after, &LOOKED_AT]).await?;
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a sweep without an answer"))?, 0);
        *self.dependents_seen.lock() = reader.take::<Option<JobId>>()?.unwrap_or_default();
        let over = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        let stray = reader.take::<Option<Vec<JobId>>>()?.unwrap_or_default();
        self.follow(over, stray).await
    }
}

/// The jobs that were cancelled, and whether somebody waits for the end of one.
pub(super) fn read_cancelled(rows: &[Row]) -> Result<(Vec<JobId>, bool)> {
    let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a change without an answer"))?, 0);
    Ok((reader.take::<Option<_>>()?.unwrap_or_default(), reader.take::<i64>()? > 0))
}
