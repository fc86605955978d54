//! The statements that find jobs by a filter.
//!
//! A statement is one walk by id, or several merged ones (arms), each along one index: one for each tag (primary key of
//! `job_tags`), open status (`idx_job_queue_open`) or type (`idx_job_queue_type`) that is asked for. What the arm's index
//! does not say is checked on the row.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::fault::Outcome;
use super::session::Session;
use crate::model::{Filter, JobId, Page, RunAtFilter, Search, Status, TagFilter, TagMode, distinct};

/// More arms than this make the statement dearer than a walk over all jobs.
const MOST_ARMS: usize = 32;

pub(super) const FIND: &str = include_str!("queries/find.sql");
pub(super) const COUNT: &str = include_str!("queries/count.sql");
pub(super) const CANDIDATES: &str = include_str!("queries/candidates.sql");
pub(super) const SEARCH: &str = include_str!("queries/search.sql");

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

    /// The text and the parameters.
    pub(super) fn into_parts(self) -> (String, Vec<Value>) {
        (self.text, self.params)
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
    Ids(&'f [JobId]),
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
pub(super) fn count(session: &Session<'_>, filter: &Filter, most: Option<u64>) -> Outcome<i64> {
    let sql = count_query(filter, most);
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

pub(super) fn count_query(filter: &Filter, most: Option<u64>) -> Sql {
    let mut sql = arms_of(filter, None).within(COUNT);
    sql.params.push(most.and_then(|most| i64::try_from(most).ok()).unwrap_or(-1).into());
    sql
}

/// The next jobs from the newest on, when each was added, and whether it matches but for its texts.
pub(super) fn search_query(search: &Search) -> Sql {
    let filter = &search.filter;
    let before = search.before.map(|id| ("<", id));
    let mut sql = walked(filter, before, |sql, arm| {
        sql.push("created_at, (");
        conditions(sql, filter, arm);
        search_conditions(sql, search);
        sql.push(")");
    })
    .within(SEARCH);
    sql.params.push(search.looks.into());
    sql
}

pub(super) fn look_query(filter: &Filter, statuses: &[Status], after: JobId, limit: u32) -> Sql {
    if filter.ids.is_some() || statuses.contains(&Status::Completed) {
        let narrowed = Filter { statuses: statuses.to_vec(), ..filter.clone() };
        let mut sql = walked(&narrowed, Some((">", after)), |sql, arm| {
            sql.push("(");
            conditions(sql, &narrowed, arm);
            sql.push(")");
        })
        .within(CANDIDATES);
        sql.params.push(limit.into());
        return sql;
    }
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
    arms(filter, before.map(|id| ("<", id)), None, |sql, arm| {
        sql.push(" AND ");
        conditions(sql, filter, arm);
    })
}

/// The arms of a walk past every job that they lead to, each with what is to be told beside its id.
fn walked(filter: &Filter, bound: Option<(&str, JobId)>, told: impl Fn(&mut Sql, Arm<'_>)) -> Sql {
    arms(filter, bound, Some(&told), |_, _| {})
}

/// Adds the columns of an arm.
type Told<'f> = dyn Fn(&mut Sql, Arm<'_>) + 'f;

/// `told` adds columns, and `rest` conditions.
fn arms(
    filter: &Filter,
    bound: Option<(&str, JobId)>,
    told: Option<&Told<'_>>,
    rest: impl Fn(&mut Sql, Arm<'_>),
) -> Sql {
    let mut sql = Sql::default();
    let arms = choose(filter);
    // A job can have several of the tags asked for, but only one status and one type.
    let union = if matches!(arms.first(), Some(Arm::Tag(_))) { " UNION " } else { " UNION ALL " };
    for (at, arm) in arms.into_iter().enumerate() {
        let id = if matches!(arm, Arm::Tag(_)) { "t.job_id" } else { "id" };
        sql.push(if at > 0 { union } else { "" }).push("SELECT ").push(id);
        if let Some(told) = told {
            sql.push(", ");
            told(&mut sql, arm);
        }
        sql.push(" FROM ");
        match arm {
            Arm::Ids(ids) => {
                sql.push("job_queue WHERE id IN ").list(ids.iter().copied());
            }
            Arm::Tag(tag) => {
                sql.push("job_tags t CROSS JOIN job_queue ON job_queue.id = t.job_id WHERE t.tag = ");
                sql.bind(tag.to_owned());
            }
            Arm::Status(status) => {
                sql.push("job_queue WHERE ").push(&open_status(status));
            }
            Arm::Type(job_type) => {
                sql.push("job_queue WHERE job_type = ").bind(job_type.to_owned());
            }
            Arm::All => {
                sql.push("job_queue WHERE true");
            }
        }
        if let Some((comparison, bound)) = bound {
            sql.push(&format!(" AND {id} {comparison} ")).bind(bound);
        }
        rest(&mut sql, arm);
    }
    sql
}

/// The walks that see the fewest jobs.
fn choose(filter: &Filter) -> Vec<Arm<'_>> {
    if let Some(ids) = &filter.ids {
        return vec![Arm::Ids(ids)];
    }
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
    bounds(sql, "run_at", filter.run_at);
    if let Some(tags) = &filter.tags {
        tag_condition(sql, tags);
    }
}

fn bounds(sql: &mut Sql, column: &str, bounds: RunAtFilter) {
    let RunAtFilter { gt, gte, lt, lte, eq } = bounds;
    for (comparison, bound) in [(">", gt), (">=", gte), ("<", lt), ("<=", lte), ("=", eq)] {
        if let Some(bound) = bound {
            sql.push(&format!(" AND {column} {comparison} ")).bind(bound.as_micros());
        }
    }
}

/// What of a search is a column of the job's own.
fn search_conditions(sql: &mut Sql, search: &Search) {
    if let Some(group) = &search.group {
        sql.push(" AND coalesce(group_id = ").bind(group.clone()).push(", false)");
    }
    if let Some(lettered) = search.dead_lettered {
        sql.push(if lettered { " AND dead_lettered_at IS NOT NULL" } else { " AND dead_lettered_at IS NULL" });
    }
    bounds(sql, "created_at", search.created_at);
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
