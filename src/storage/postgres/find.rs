//! Reading jobs and events.

use super::PostgresStorage;
use super::filter::{Selection, is_narrow, is_tagged};
use super::rows::{Reader, damaged, event, job};
use super::session::Params;
use crate::error::Result;
use crate::model::{Event, Filter, Job, JobId, Page, Search, Searched};
use crate::policy::limits::MOST_LOOKS;
use crate::policy::search::kept;

impl PostgresStorage {
    pub(super) async fn get_jobs(&self, ids: &[JobId]) -> Result<Vec<Job>> {
        let rows = self.session().await?.query(&self.statements.get, &[&ids]).await?;
        rows.iter().map(|row| job(row, 0)).collect()
    }

    pub(super) async fn find_jobs(&self, filter: &Filter, page: Page) -> Result<Vec<Job>> {
        if is_tagged(filter)
            && let Some(jobs) = self.among_the_newest(filter, page).await?
        {
            return Ok(jobs);
        }
        let selection = Selection::new(&self.names, filter);
        let (sql, types, params) = selection.page(page.before, page.limit, page.offset);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        rows.iter().map(|row| job(row, 0)).collect()
    }

    /// The page, if the newest jobs fill it: where many have the tags, finding all of them would be dear.
    async fn among_the_newest(&self, filter: &Filter, page: Page) -> Result<Option<Vec<Job>>> {
        let limit = page.limit.saturating_add(page.offset);
        let search =
            Search { filter: filter.clone(), before: page.before, limit, looks: MOST_LOOKS, ..Search::default() };
        let Searched { mut jobs, next, .. } = self.search_jobs(&search).await?;
        if next.is_some() && jobs.len() < limit as usize {
            return Ok(None);
        }
        Ok(Some(jobs.split_off(jobs.len().min(page.offset as usize))))
    }

    pub(super) async fn count_jobs(&self, filter: &Filter, most: Option<u64>) -> Result<u64> {
        let session = self.session().await?;
        if is_tagged(filter) && is_narrow(&filter.statuses) {
            let (looked_at, matched) = self.tally_of(&session, filter, MOST_LOOKS.into()).await?;
            if looked_at < u64::from(MOST_LOOKS) {
                return Ok(matched.min(most.unwrap_or(u64::MAX)));
            }
        }
        let (sql, types, params) = Selection::new(&self.names, filter).count(most);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = session.query_once(&sql, &types, &params).await?;
        let row = rows.first().ok_or_else(|| damaged("a count without an answer"))?;
        Ok(Reader::new(row, 0).take::<i64>()?.unsigned_abs())
    }

    pub(super) async fn search_jobs(&self, search: &Search) -> Result<Searched> {
        let (sql, types, params) = Selection::search(&self.names, search);
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let rows = self.session().await?.query_once(&sql, &types, &params).await?;
        let mut reader = Reader::new(rows.first().ok_or_else(|| damaged("a search without an answer"))?, 0);
        let (looked_at, last) = (reader.take::<i64>()?.unsigned_abs(), reader.take::<Option<JobId>>()?);
        let (oldest_looked_at, more) = (reader.time()?, reader.take::<bool>()?);
        let has_job = reader.take::<Option<JobId>>()?.is_some();
        let jobs = rows.iter().filter(|_| has_job).map(|row| job(row, 4)).collect::<Result<Vec<_>>>()?;
        Ok(Searched { jobs: kept(jobs, search), next: last.filter(|_| more), looked_at, oldest_looked_at })
    }

    pub(super) async fn read_dependents(&self, id: JobId, limit: u32) -> Result<Vec<JobId>> {
        let params: Params<'_> = &[&id, &i64::from(limit)];
        let rows = self.session().await?.query(&self.statements.dependents, params).await?;
        rows.iter().map(|row| Reader::new(row, 0).take()).collect()
    }

    pub(super) async fn job_events(&self, job_id: JobId) -> Result<Vec<Event>> {
        let rows = self.session().await?.query(&self.statements.events, &[&job_id]).await?;
        rows.iter().map(event).collect()
    }
}
