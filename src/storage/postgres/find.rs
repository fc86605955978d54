//! Reading jobs and events.

use super::PostgresStorage;
use super::filter::Selection;
use super::rows::{Reader, damaged, event, job};
use crate::error::Result;
use crate::model::{Event, Filter, Job, JobId, Page};

impl PostgresStorage {
    pub(super) async fn get_jobs(&self, ids: &[JobId]) -> Result<Vec<Job>> {
        let rows = self.session().await?.query(&self.statements.get, &[&ids]).await?;
        rows.iter().map(|row| job(row, 0)).collect()
    }

    pub(super) async fn find_jobs(&self, filter: &Filter, page: Page) -> Result<Vec<Job>> {
        let selection = Selection::new(&self.names, filter);
        let (sql, types, params) = selection.page(page.before, page.limit, page.offset);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        rows.iter().map(|row| job(row, 0)).collect()
    }

    pub(super) async fn count_jobs(&self, filter: &Filter) -> Result<u64> {
        let (sql, types, params) = Selection::new(&self.names, filter).count();
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
