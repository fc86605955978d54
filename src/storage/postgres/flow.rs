//! Limits, rates and pauses: what is declared of them, what ended jobs give back, and the sweep that counts anew.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::faults::Attempt;
use super::rows::{Json, Reader, damaged};
use super::session::{Params, Session, Tries};
use super::upkeep::seconds;
use crate::error::Result;
use crate::model::{JobId, Limits, Scope};
use crate::storage::flow::merged;

/// How many jobs of a line one statement lets go.
const STEP: i64 = 5_000;
/// How many groups one step of the sweep looks at.
const PAGE: i32 = 500;
/// The setting with the limits of groups, and the one that says that everything is paused.
const GROUPS: &str = "groups";
const PAUSED: &str = "paused";

impl PostgresStorage {
    /// Whether claims of this storage have seen that there are limits or pauses.
    pub(super) fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    pub(super) async fn declare_limits(&self, limits: &Limits) -> Result<()> {
        let session = self.session().await?;
        let rows = session.query(&self.statements.has_limits, &[]).await?;
        let has_limits: bool =
            Reader::new(rows.first().ok_or_else(|| damaged("a look without an answer"))?, 0).take()?;
        if !limits.sets_any() && !has_limits {
            return Ok(());
        }
        let mut tries = Tries::default();
        let regrouped = loop {
            match self.declare_once(&session, limits).await {
                Err(fault) => {
                    // If this fails too, the connection is closed, which rolls back as well.
                    let _ = session.roll_back().await;
                    if !tries.again(&fault).await {
                        return Err(fault.into());
                    }
                }
                Ok(regrouped) => break regrouped,
            }
        };
        drop(session);
        if regrouped {
            self.disband(None).await?;
        }
        self.announce();
        Ok(())
    }

    /// Sets the limits and counts what runs; whether those of groups are other ones now.
    async fn declare_once(&self, session: &Session, limits: &Limits) -> Attempt<bool> {
        let mut rows = Vec::with_capacity(limits.types.len());
        for (job_type, of_type) in &limits.types {
            let rate = of_type.rate.as_ref();
            let most = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
            rows.push((
                job_type,
                of_type.max_running.map(most),
                rate.map(|rate| (&rate.key, most(rate.most), seconds(rate.per))),
            ));
        }
        let types: Vec<_> = rows.iter().map(|(job_type, ..)| job_type.as_str()).collect();
        let running: Vec<_> = rows.iter().map(|(_, running, _)| *running).collect();
        let keys: Vec<_> = rows.iter().map(|(.., rate)| rate.map(|rate| rate.0.as_str())).collect();
        let most: Vec<_> = rows.iter().map(|(.., rate)| rate.map(|rate| rate.1)).collect();
        let spans: Vec<_> = rows.iter().map(|(.., rate)| rate.map(|rate| rate.2)).collect();
        session.begin().await?;
        session.query(&self.statements.lock_slots, &[]).await?;
        session.query(&self.statements.set_types, &[&types, &running, &keys, &most, &spans]).await?;
        let mut regrouped = false;
        if limits.groups.is_some() || limits.group_rates.is_some() {
            let rows = session.query(&self.statements.group_limits, &[]).await?;
            let kept = rows.first().map(|row| Reader::new(row, 0).take::<&str>()).transpose()?;
            regrouped = self.set(session, GROUPS, merged(kept, limits).as_deref()).await?;
        }
        if regrouped {
            session.query(&self.statements.shut, &[]).await?;
        }
        session.query(&self.statements.set_flow, &[]).await?;
        session.query(&self.statements.recount, &[]).await?;
        session.commit().await?;
        Ok(regrouped)
    }

    /// Keeps or takes away a setting; whether it was another one.
    async fn set(&self, session: &Session, name: &str, value: Option<&str>) -> Attempt<bool> {
        let value = value.map(|text| Json(text.as_bytes()));
        Ok(!session.query(&self.statements.set_setting, &[&name, &value]).await?.is_empty())
    }

    /// Makes the jobs of a group's line claimable, or of every line.
    async fn disband(&self, group: Option<&str>) -> Result<()> {
        loop {
            let rows = self.tried(&self.statements.disband, &[&group, &STEP]).await?;
            self.bounds.reset();
            if count(&rows)? < STEP {
                return Ok(());
            }
        }
    }

    pub(super) async fn set_pause(&self, scope: &Scope, paused: bool) -> Result<bool> {
        let session = self.session().await?;
        let mut tries = Tries::default();
        let changed = loop {
            match self.pause_once(&session, scope, paused).await {
                Err(fault) => {
                    let _ = session.roll_back().await;
                    if !tries.again(&fault).await {
                        return Err(fault.into());
                    }
                }
                Ok(changed) => break changed,
            }
        };
        drop(session);
        if let (Scope::Group(group), false) = (scope, paused) {
            self.disband(Some(group)).await?;
        }
        if changed {
            self.announce();
        }
        Ok(changed)
    }

    async fn pause_once(&self, session: &Session, scope: &Scope, paused: bool) -> Attempt<bool> {
        session.begin().await?;
        session.query(&self.statements.lock_slots, &[]).await?;
        let changed = match scope {
            Scope::All => self.set(session, PAUSED, paused.then_some("true")).await?,
            Scope::Type(job_type) => {
                !session.query(&self.statements.pause_type, &[job_type, &paused]).await?.is_empty()
            }
            Scope::Group(group) => !session.query(&self.statements.pause_group, &[group, &paused]).await?.is_empty(),
        };
        session.query(&self.statements.set_flow, &[]).await?;
        session.query(&self.statements.recount, &[]).await?;
        session.commit().await?;
        Ok(changed)
    }

    pub(super) async fn read_pauses(&self) -> Result<Vec<Scope>> {
        scopes(&self.session().await?.query(&self.statements.paused, &[]).await?)
    }

    pub(super) async fn hold_type(&self, job_type: &str, span: Duration) -> Result<()> {
        let session = self.session().await?;
        let held = seconds(span);
        let hold: Params<'_> = &[&job_type, &held];
        let mut tries = Tries::default();
        loop {
            match session.transaction(&[(&self.statements.hold_rate, hold), (&self.statements.set_flow, &[])]).await {
                Err(fault) if tries.again(&fault).await => {}
                result => return Ok(result.map(drop)?),
            }
        }
    }

    /// Gives back what these jobs, taken from their worker, counted for. Where a crash comes before it, the sweep does it.
    pub(super) async fn free_reclaimed(&self, ids: &[JobId]) -> Result<()> {
        if ids.is_empty() || !self.is_limited() {
            return Ok(());
        }
        let session = self.session().await?;
        let none: [&str; 0] = [];
        let (free, admit): (Params<'_>, Params<'_>) = (&[&ids], &[&ids, &&none[..]]);
        let mut tries = Tries::default();
        loop {
            match session.transaction(&[(&self.statements.free, free), (&self.statements.admit, admit)]).await {
                Err(fault) if tries.again(&fault).await => {}
                result => return Ok(result.map(drop)?),
            }
        }
    }

    /// Counts anew what runs, and lets lines go on that nothing would have moved.
    pub(super) async fn sweep_limits(&self) -> Result<()> {
        if !self.is_limited() {
            return Ok(());
        }
        let session = self.session().await?;
        let rows = session.transaction(&[(&self.statements.lock_slots, &[]), (&self.statements.recount, &[])]).await?;
        drop(rows);
        let (mut behind, mut moved) = (String::new(), 0);
        loop {
            let rows = session.query(&self.statements.lines, &[&behind, &PAGE]).await?;
            let groups = rows.iter().map(|row| Reader::new(row, 0).take()).collect::<Result<Vec<String>>>()?;
            let Some(last) = groups.last().cloned() else { break };
            let none: [JobId; 0] = [];
            moved += count(&session.query(&self.statements.admit, &[&&none[..], &groups]).await?)?;
            if groups.len() < usize::try_from(PAGE).unwrap_or_default() {
                break;
            }
            behind = last;
        }
        drop(session);
        if moved > 0 {
            self.announce();
        }
        Ok(())
    }
}

/// The number that a statement answers.
pub(super) fn count(rows: &[Row]) -> Result<i64> {
    let row = rows.first().ok_or_else(|| damaged("a count without an answer"))?;
    Reader::new(row, 0).take()
}

/// What is paused, in order.
pub(super) fn scopes(rows: &[Row]) -> Result<Vec<Scope>> {
    let read = |row: &Row| {
        let mut reader = Reader::new(row, 0);
        let (kind, name) = (reader.take::<&str>()?, reader.take::<Option<String>>()?.unwrap_or_default());
        Ok(match kind {
            "type" => Scope::Type(name),
            "group" => Scope::Group(name),
            _ => Scope::All,
        })
    };
    let mut scopes = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    scopes.sort();
    Ok(scopes)
}
