//! The statements that find jobs by a filter.
//!
//! A statement is one walk by id, or several merged ones (arms), each along one index: one for each tag (primary key of
//! `job_tags`), open status (`idx_job_queue_open`) or type (`idx_job_queue_type`) that is asked for. What the arm's index
//! does not say is checked on the row.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::fault::Outcome;
use super::session::Session;
use crate::model::{Filter, JobId, Page, Status, TagFilter, TagMode, distinct};

/// More arms than this make the statement dearer than a walk over all jobs.
const MOST_ARMS: usize = 32;

pub(super) const FIND: &str = include_str!("queries/find.sql");
pub(super) const COUNT: &str = include_str!("queries/count.sql");
pub(super) const CANDIDATES: &str = include_str!("queries/candidates.sql");

/// SQL text and its parameters in order.
#[derive(Debug, Default)]
pub(super) struct Sql {
    pub(super) text: String,
    params: Vec<Value>,
}

impl Sql {
    fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.params.push(value.into());
        self.push("?")
    }

    /// This text where the file says `{arms}`.
    fn within(self, file: &str) -> Self {
        Self { text: file.replace("{arms}", &self.text), params: self.params }
    }

    fn list<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.push("(");
        for (at, value) in values.into_iter().enumerate() {
            self.push(if at > 0 { ", " } else { "" }).bind(value);
        }
        self.push(")")
    }
}

/// What one arm walks along.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Arm<'f> {
    Tag(&'f str),
    Status(Status),
    Type(&'f str),
    All,
}

/// The ids of a page, newest first.
pub(super) fn page(session: &Session<'_>, filter: &Filter, page: Page) -> Outcome<Vec<JobId>> {
    let sql = page_query(filter, page);
    session.ids(&sql.text, params_from_iter(sql.params))
}

/// How many jobs match.
pub(super) fn count(session: &Session<'_>, filter: &Filter) -> Outcome<i64> {
    let sql = count_query(filter);
    Ok(session.conn.prepare_cached(&sql.text)?.query_row(params_from_iter(sql.params), |row| row.get(0))?)
}

/// The next jobs of these open statuses by growing id, and whether each matches.
pub(super) fn look(
    session: &Session<'_>,
    filter: &Filter,
    statuses: &[Status],
    after: JobId,
    limit: u32,
) -> Outcome<Vec<(JobId, bool)>> {
    let sql = look_query(filter, statuses, after, limit);
    let mut statement = session.conn.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(sql.params), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn page_query(filter: &Filter, page: Page) -> Sql {
    let mut sql = arms_of(filter, page.before).within(FIND);
    sql.params.extend([page.limit, page.offset].map(Value::from));
    sql
}

pub(super) fn count_query(filter: &Filter) -> Sql {
    arms_of(filter, None).within(COUNT)
}

pub(super) fn look_query(filter: &Filter, statuses: &[Status], after: JobId, limit: u32) -> Sql {
    let mut sql = Sql::default();
    for (at, status) in statuses.iter().enumerate() {
        sql.push(if at > 0 { " UNION ALL " } else { "" });
        sql.push("SELECT id, (");
        conditions(&mut sql, filter, Arm::Status(*status));
        sql.push(") FROM job_queue WHERE ").push(&open_status(*status)).push(" AND id > ").bind(after);
    }
    let mut sql = sql.within(CANDIDATES);
    sql.params.push(limit.into());
    sql
}

fn arms_of(filter: &Filter, before: Option<JobId>) -> Sql {
    let mut sql = Sql::default();
    let arms = choose(filter);
    // A job can have several of the tags asked for, but only one status and one type.
    let union = if matches!(arms.first(), Some(Arm::Tag(_))) { " UNION " } else { " UNION ALL " };
    for (at, arm) in arms.into_iter().enumerate() {
        sql.push(if at > 0 { union } else { "" });
        match arm {
            Arm::Tag(tag) => {
                sql.push(
                    "SELECT t.job_id FROM job_tags t CROSS JOIN job_queue ON job_queue.id = t.job_id WHERE t.tag = ",
                );
                sql.bind(tag.to_owned());
            }
            Arm::Status(status) => {
                sql.push("SELECT id FROM job_queue WHERE ").push(&open_status(status));
            }
            Arm::Type(job_type) => {
                sql.push("SELECT id FROM job_queue WHERE job_type = ").bind(job_type.to_owned());
            }
            Arm::All => {
                sql.push("SELECT id FROM job_queue WHERE true");
            }
        }
        if let Some(before) = before {
            sql.push(if matches!(arm, Arm::Tag(_)) { " AND t.job_id < " } else { " AND id < " }).bind(before);
        }
        sql.push(" AND ");
        conditions(&mut sql, filter, arm);
    }
    sql
}

/// The walks that see the fewest jobs.
fn choose(filter: &Filter) -> Vec<Arm<'_>> {
    let tags = filter.tags.as_ref().map_or(Vec::new(), |tags| match (tags.mode, tags.values.first()) {
        (TagMode::All | TagMode::Exact, Some(tag)) => vec![Arm::Tag(tag)],
        (TagMode::Any, Some(_)) => tags.values.iter().map(|tag| Arm::Tag(tag)).collect(),
        _ => Vec::new(),
    });
    let is_open = !filter.statuses.contains(&Status::Completed);
    let statuses = filter.statuses.iter().filter(|_| is_open).map(|status| Arm::Status(*status)).collect();
    let types = filter.job_types.iter().map(|job_type| Arm::Type(job_type)).collect();
    [tags, statuses, types]
        .into_iter()
        .map(once_each)
        .find(|arms| (1..=MOST_ARMS).contains(&arms.len()))
        .unwrap_or_else(|| vec![Arm::All])
}

fn once_each(arms: Vec<Arm<'_>>) -> Vec<Arm<'_>> {
    let mut seen = Vec::with_capacity(arms.len());
    for arm in arms {
        if !seen.contains(&arm) {
            seen.push(arm);
        }
    }
    seen
}

/// The second term is that of the partial index, which the planner must find word for word.
fn open_status(status: Status) -> String {
    format!("status = '{}' AND status <> 'completed'", status.as_str())
}

/// What the arm's own walk does not ensure. The plus signs keep the planner from other indexes.
fn conditions(sql: &mut Sql, filter: &Filter, arm: Arm<'_>) {
    sql.push("true");
    if !filter.statuses.is_empty() && !matches!(arm, Arm::Status(_)) {
        sql.push(" AND +status IN ").list(filter.statuses.iter().map(|status| status.as_str().to_owned()));
    }
    if !filter.job_types.is_empty() && !matches!(arm, Arm::Type(_)) {
        sql.push(" AND +job_type IN ").list(filter.job_types.iter().cloned());
    }
    if let Some(priority) = filter.priority {
        sql.push(" AND priority = ").bind(i64::from(priority));
    }
    let run_at = &filter.run_at;
    let bounds = [(">", run_at.gt), (">=", run_at.gte), ("<", run_at.lt), ("<=", run_at.lte), ("=", run_at.eq)];
    for (comparison, bound) in bounds {
        if let Some(bound) = bound {
            sql.push(&format!(" AND run_at {comparison} ")).bind(bound.as_micros());
        }
    }
    if let Some(tags) = &filter.tags {
        tag_condition(sql, tags);
    }
}

fn tag_condition(sql: &mut Sql, filter: &TagFilter) {
    let tags = distinct(&filter.values);
    let has = "EXISTS (SELECT 1 FROM job_tags h WHERE h.job_id = job_queue.id AND h.tag ";
    match filter.mode {
        TagMode::Any if tags.is_empty() => {
            sql.push(" AND false");
        }
        TagMode::None if tags.is_empty() => {}
        TagMode::Any | TagMode::None => {
            sql.push(if filter.mode == TagMode::Any { " AND " } else { " AND NOT " }).push(has).push("IN ");
            sql.list(tags.iter().map(|tag| (*tag).to_owned())).push(")");
        }
        TagMode::All | TagMode::Exact => {
            for tag in &tags {
                sql.push(" AND ").push(has).push("= ").bind((*tag).to_owned()).push(")");
            }
            if filter.mode == TagMode::Exact {
                let many = i64::try_from(tags.len()).unwrap_or(i64::MAX);
                sql.push(" AND json_array_length(tags) = ").bind(many);
            }
        }
    }
}
