//! Claims in the transaction of the ends that release what they claim.

use std::sync::atomic::Ordering;

use tokio_postgres::Row;

use super::PostgresStorage;
use super::bounds::{Bounds, Ranges};
use super::claim::{is_job, outlook, sorted};
use crate::error::Result;
use crate::model::{Claim, ClaimRequest, Outcome, Settled, Settlement};

impl PostgresStorage {
    /// Whether one of these completes a job that others wait for. Where there are limits, a claim may have to put jobs in line
    /// first, and goes alone.
    pub(super) fn is_released_along(&self, settlements: &[Settlement]) -> bool {
        let completed = |one: &&Settlement| matches!(one.outcome, Outcome::Completed { .. });
        !self.is_limited() && self.tied.has_any(settlements.iter().filter(completed).map(|one| one.lease.job_id))
    }

    pub(super) async fn settle_then_claim(
        &self,
        settlements: &[Settlement],
        request: &ClaimRequest,
    ) -> Result<(Vec<Settled>, Option<Claim>)> {
        let types = sorted(&request.job_types);
        // What is released may come before any place that is known.
        let ranges = Bounds::whole(&types);
        let asked = self.asked(request, &types, &ranges, true);
        let (settled, rows) = self.settle_leases(settlements, Some(&asked)).await?;
        let Some(rows) = rows else { return Ok((settled, None)) };
        self.claims.removed(request.worker.id, &asked.over);
        Ok((settled, self.read_along(request, &rows, &ranges)?))
    }

    fn read_along(&self, request: &ClaimRequest, rows: &[Row], ranges: &Ranges) -> Result<Option<Claim>> {
        let outlook = outlook(rows)?;
        if outlook.alive && outlook.limited {
            self.limited.store(true, Ordering::Relaxed);
        }
        if !outlook.alive || !outlook.open {
            return Ok(None);
        }
        Ok(Some(self.read_claim(request, rows, &outlook, ranges, false)?))
    }
}

/// How many jobs a claim brought.
pub(super) fn claimed(rows: Option<&[Row]>) -> i64 {
    rows.unwrap_or_default().iter().map(|row| i64::from(is_job(row))).sum()
}
