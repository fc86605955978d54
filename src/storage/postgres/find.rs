//! Reading jobs and events.

use super::PostgresStorage;
use super::filter::{Order, Query, Selection};
use super::rows::{Reader, damaged, event, job};
use crate::error::Result;
use crate::model::{Event, Filter, Job, JobId, Page};

pub(super) const FIND: &str = include_str!("queries/find.sql");
pub(super) const COUNT: &str = include_str!("queries/count.sql");

impl PostgresStorage {
    pub(super) async fn get_jobs(&self, ids: &[JobId]) -> Result<Vec<Job>> {
        let rows = self.session().await?.query(&self.statements.get, &[&ids]).await?;
        rows.iter().map(|row| job(row, 0)).collect()
    }

    pub(super) async fn find_jobs(&self, filter: &Filter, page: Page) -> Result<Vec<Job>> {
        let (sql, types, params) = self.find_query(filter, page);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        let mut jobs: Vec<_> = rows.iter().map(|row| job(row, 0)).collect::<Result<_>>()?;
        // A job that is being moved between the narrow tables may be seen in both.
        jobs.dedup_by_key(|job| job.id);
        Ok(jobs)
    }

    pub(super) fn find_query(&self, filter: &Filter, page: Page) -> Query {
        let mut selection = Selection::new(&self.names, filter, Order::NewestFirst);
        if let Some(id) = page.before {
            selection.below(id);
        }
        selection.into_query(&self.names, FIND, i64::from(page.limit), i64::from(page.offset))
    }

    pub(super) fn count_query(&self, filter: &Filter) -> Query {
        Selection::new(&self.names, filter, Order::None).into_query(&self.names, COUNT, 0, 0)
    }

    pub(super) async fn count_jobs(&self, filter: &Filter) -> Result<u64> {
        let (sql, types, params) = self.count_query(filter);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        let row = rows.first().ok_or_else(|| damaged("a count without an answer"))?;
        Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
    }

    pub(super) async fn job_events(&self, job_id: JobId) -> Result<Vec<Event>> {
        let rows = self.session().await?.query(&self.statements.events, &[&job_id]).await?;
        rows.iter().map(event).collect()
    }
}
