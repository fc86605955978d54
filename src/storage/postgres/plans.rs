//! The plans that the server makes for the statements on our connections: for tests, no part of the API.

use tokio_postgres::Row;

use super::PostgresStorage;
use super::faults::Fault;
use super::filter::{CANDIDATES, COUNT, FIND, SEARCH, Selection, TALLY};
use super::statements::{EXPIRING, LETTERS, NOTIFY, QUEUED, Statement};
use crate::error::Result;
use crate::model::{Filter, Search};
use crate::storage::plans::{Text, Walk, comment};

impl PostgresStorage {
    /// Every statement whose text is constant.
    #[doc(hidden)]
    pub fn texts(&self) -> Vec<Text> {
        let text = |(name, statement, mut pieces): (_, &Statement, Vec<&'static str>)| {
            for (marker, fragment) in
                [("{notify}", NOTIFY), ("{queued}", QUEUED), ("{letters}", LETTERS), ("{expiring}", EXPIRING)]
            {
                if pieces.iter().any(|piece| piece.contains(marker)) {
                    pieces.push(fragment);
                }
            }
            Text {
                name,
                about: pieces.into_iter().filter_map(comment).collect(),
                sql: statement.sql.clone(),
                types: statement.types.iter().map(ToString::to_string).collect(),
            }
        };
        self.statements.all().into_iter().map(text).collect()
    }

    /// The plan, as JSON, that `explain` asks for, on one of our connections and after `prepare`; nothing is kept.
    #[doc(hidden)]
    pub async fn plan(&self, prepare: &str, explain: &str) -> Result<String> {
        let session = self.session().await?;
        // Never committed: the connection is closed with all that was set and prepared on it.
        session.begin().await?;
        session.batch(prepare).await?;
        only_json(&session.query_once(explain, &[], &[]).await?)
    }

    /// The comment of a walk's file, and its plan as JSON; `None` for a change that no such job allows.
    #[doc(hidden)]
    pub async fn walk_plan(&self, filter: &Filter, walk: &Walk) -> Result<Option<(&'static str, String)>> {
        let (file, query) = match walk {
            Walk::Page(page) => {
                (FIND, Some(Selection::new(&self.names, filter).page(page.before, page.limit, page.offset)))
            }
            Walk::Count => (COUNT, Some(Selection::new(&self.names, filter).count(None))),
            Walk::Change(change) => {
                (CANDIDATES, Selection::for_change(&self.names, filter, change).map(|selection| selection.step(0, 100)))
            }
            Walk::Search(search) => {
                let search = Search { filter: filter.clone(), ..(**search).clone() };
                (SEARCH, Some(Selection::search(&self.names, &search)))
            }
            Walk::Tally(status, most) => {
                let filter = Filter { statuses: vec![*status], ..Filter::default() };
                (TALLY, Some(Selection::tally(&self.names, &filter, *most)))
            }
        };
        let Some((sql, types, params)) = query else { return Ok(None) };
        let params: Vec<_> = params.iter().map(|value| &**value as _).collect();
        let explain = format!("EXPLAIN (FORMAT JSON) {sql}");
        let rows = self.session().await?.query_once(&explain, &types, &params).await?;
        Ok(Some((comment(file).unwrap_or_default(), only_json(&rows)?)))
    }
}

fn only_json(rows: &[Row]) -> Result<String> {
    let row = rows.first().ok_or_else(|| super::rows::damaged("no plan"))?;
    Ok(row.try_get::<_, Plain>(0).map_err(Fault::from)?.0)
}

/// The text of a `json`.
struct Plain(String);

impl tokio_postgres::types::FromSql<'_> for Plain {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &[u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(str::from_utf8(raw)?.to_owned()))
    }

    tokio_postgres::types::accepts!(JSON);
}
