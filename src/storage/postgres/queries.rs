//! A caller's own statements on our connections.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::join3;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use super::PostgresStorage;
use super::faults::{Attempt, Fault};
use super::session::Session;
use crate::error::Result;

/// A parameter in the server's input syntax, of whatever type the server takes it for.
#[derive(Debug)]
struct Text<'a>(&'a str);

impl ToSql for Text<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Callers get the planner that the server comes with.
const THEIRS: &str = "SET enable_seqscan TO on; SET enable_hashjoin TO on; SET enable_mergejoin TO on; \
                      SET max_parallel_workers_per_gather TO 2; SET plan_cache_mode TO auto";
const OURS: &str = "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin; \
                    RESET max_parallel_workers_per_gather; RESET plan_cache_mode";

impl PostgresStorage {
    pub(super) async fn query_for_caller(&self, sql: &str, params: &[Option<String>]) -> Result<Vec<Bytes>> {
        let sql = sql.trim_end().trim_end_matches(';');
        // The line break ends a comment that the caller's text may end with.
        let wrapped = format!("WITH q AS ({sql}\n) SELECT row_to_json(q)::text FROM q");
        let texts = texts(params);
        let (types, values) = typed(&texts);
        let session = self.unchecked_session().await?;
        let rows = on_their_terms(&session, session.query_once(&wrapped, &types, &values)).await?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let line: String = row.try_get(0).map_err(Fault::from)?;
            lines.push(Bytes::from(line));
        }
        Ok(lines)
    }

    pub(super) async fn execute_for_caller(&self, sql: &str, params: &[Option<String>]) -> Result<u64> {
        let texts = texts(params);
        let (types, values) = typed(&texts);
        let session = self.unchecked_session().await?;
        on_their_terms(&session, session.execute_once(sql, &types, &values)).await
    }
}

fn texts(params: &[Option<String>]) -> Vec<Option<Text<'_>>> {
    params.iter().map(|text| text.as_deref().map(Text)).collect()
}

fn typed<'a>(texts: &'a [Option<Text<'_>>]) -> (Vec<Type>, Vec<&'a (dyn ToSql + Sync)>) {
    (vec![Type::UNKNOWN; texts.len()], texts.iter().map(|text| text as &(dyn ToSql + Sync)).collect())
}

async fn on_their_terms<T>(session: &Session, work: impl Future<Output = Attempt<T>>) -> Result<T> {
    if session.is_pooled() {
        return work.await.map_err(Fault::of_the_caller);
    }
    session.taint();
    let (before, result, after) = join3(session.batch(THEIRS), work, session.batch(OURS)).await;
    // A connection on which the settings are in doubt is closed.
    if before.is_ok() && after.is_ok() {
        session.restore();
    }
    result.map_err(Fault::of_the_caller)
}
