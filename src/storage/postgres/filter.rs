//! A filter as SQL: the table to begin with, which chooses the index, and the conditions.

use tokio_postgres::types::{ToSql, Type};

use super::rows::At;
use super::statements::Names;
use crate::model::{Change, Filter, JobId, RunAtFilter, Status, TagFilter, TagMode};

/// A parameter whose type is told beside it.
pub(super) type Value = Box<dyn ToSql + Sync + Send>;

/// The text of a query, the types of its parameters, and the parameters.
pub(super) type Query = (String, Vec<Type>, Vec<Value>);

/// In which order a selection is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    OldestFirst,
    /// All of it is counted.
    None,
}

/// A selection of jobs under construction.
pub(super) struct Selection {
    order: Order,
    from: String,
    key: &'static str,
    conditions: Vec<String>,
    types: Vec<Type>,
    values: Vec<Value>,
}

impl Selection {
    /// Jobs to be read.
    pub(super) fn new(names: &Names, filter: &Filter, order: Order) -> Self {
        let mut selection = Self::start(order);
        selection.begin_at(names, &filter.statuses, filter);
        selection.add(filter);
        selection
    }

    /// Jobs whose state allows the change, oldest first; `None` when no status asked for does.
    pub(super) fn for_change(names: &Names, filter: &Filter, change: &Change) -> Option<Self> {
        let (able, condition): (&[Status], &str) = match change {
            Change::Cancel => (
                &[Status::Pending, Status::Waiting, Status::Failed],
                "(j.status IN ('pending', 'waiting') OR j.status = 'failed' AND j.next_attempt_at IS NOT NULL)",
            ),
            Change::Retry => (&[Status::Failed, Status::Cancelled], "j.status IN ('failed', 'cancelled')"),
            Change::Edit(_) => (
                &[Status::Pending, Status::Failed],
                "(j.status = 'pending' OR j.status = 'failed' AND j.next_attempt_at IS NOT NULL)",
            ),
        };
        let asked = |status: &&Status| filter.statuses.is_empty() || filter.statuses.contains(status);
        let statuses: Vec<_> = able.iter().filter(asked).copied().collect();
        if statuses.is_empty() {
            return None;
        }
        let mut selection = Self::start(Order::OldestFirst);
        if matches!(change, Change::Retry) {
            selection.begin_at(names, &statuses, filter);
        } else {
            // Upcoming jobs all stand in the narrow tables, failed ones whose retry is due among them.
            let mut arms = Vec::new();
            let narrow: Vec<_> = statuses.iter().copied().filter(|status| *status != Status::Waiting).collect();
            if !narrow.is_empty() {
                arms.extend(selection.upcoming(names, filter, &narrow));
            }
            if statuses.contains(&Status::Waiting) {
                arms.push(selection.indexed(names, Status::Waiting));
            }
            selection.begin_with(names, &arms);
        }
        selection.conditions.push(condition.to_owned());
        selection.add(filter);
        Some(selection)
    }

    fn start(order: Order) -> Self {
        let (from, conditions) = (String::new(), Vec::new());
        Self { order, from, key: "j.id", conditions, types: Vec::new(), values: Vec::new() }
    }

    /// Chooses where to begin: statuses that few jobs have are reached by narrow tables and partial indexes.
    fn begin_at(&mut self, names: &Names, statuses: &[Status], filter: &Filter) {
        match statuses {
            [status @ (Status::Failed | Status::Cancelled | Status::Waiting)] => {
                self.begin_whole(names, statuses);
                self.conditions.push(partial(*status, "j."));
            }
            [] => self.begin_whole(names, statuses),
            _ if statuses.contains(&Status::Completed) => self.begin_whole(names, statuses),
            _ => {
                let mut arms = Vec::new();
                for &status in statuses {
                    match status {
                        Status::Pending => arms.extend(self.upcoming(names, filter, &[status])),
                        Status::Processing => arms.push(self.running(names)),
                        _ => arms.push(self.indexed(names, status)),
                    }
                }
                self.begin_with(names, &arms);
            }
        }
    }

    fn begin_whole(&mut self, names: &Names, statuses: &[Status]) {
        self.from = format!("{}.job_queue j", names.schema);
        if !statuses.is_empty() {
            let all: Vec<_> = statuses.iter().map(|status| format!("'{}'", status.as_str())).collect();
            self.conditions.push(format!("j.status IN ({})", all.join(", ")));
        }
    }

    /// Each arm finds jobs of one status, so that no job is found by two; all in the order of the walk, so that they are
    /// merged as far as they are read.
    fn begin_with(&mut self, names: &Names, arms: &[String]) {
        let all = arms.join(" UNION ALL ");
        self.from =
            format!("({all}) AS n JOIN {}.job_queue j ON j.id = n.job_id AND j.status = n.status", names.schema);
        self.key = "n.job_id";
    }

    /// Jobs in the narrow tables: pending ones, failed ones whose retry is due, or both.
    fn upcoming(&mut self, names: &Names, filter: &Filter, statuses: &[Status]) -> [String; 2] {
        let (condition, status) = match statuses {
            [Status::Pending] => ("NOT retrying", "'pending'"),
            [_] => ("retrying", "'failed'"),
            _ => ("true", "CASE WHEN retrying THEN 'failed' ELSE 'pending' END"),
        };
        let mut condition = condition.to_owned();
        if !filter.job_types.is_empty() {
            let types = self.bind(Type::TEXT_ARRAY, Box::new(filter.job_types.clone()));
            condition = format!("{condition} AND job_type = ANY ({types})");
        }
        ["job_ready", "job_scheduled"].map(|table| self.arm(names, "job_id", table, &condition, status))
    }

    fn running(&self, names: &Names) -> String {
        self.arm(names, "job_id", "job_leases", "true", "'processing'")
    }

    /// Jobs found by the partial index of their status.
    fn indexed(&self, names: &Names, status: Status) -> String {
        self.arm(names, "id", "job_queue", &partial(status, ""), &format!("'{}'", status.as_str()))
    }

    fn arm(&self, names: &Names, id: &str, table: &str, condition: &str, status: &str) -> String {
        let order = match self.order {
            Order::NewestFirst => format!(" ORDER BY {id} DESC"),
            Order::OldestFirst => format!(" ORDER BY {id}"),
            Order::None => String::new(),
        };
        let schema = &names.schema;
        format!("(SELECT {id} AS job_id, {status} AS status FROM {schema}.{table} WHERE {condition}{order})")
    }

    fn add(&mut self, filter: &Filter) {
        match filter.job_types.as_slice() {
            [] => {}
            [only] => {
                let name = self.bind(Type::TEXT, Box::new(only.clone()));
                self.conditions.push(format!("j.job_type = {name}"));
            }
            many => {
                let names = self.bind(Type::TEXT_ARRAY, Box::new(many.to_vec()));
                self.conditions.push(format!("j.job_type = ANY ({names})"));
            }
        }
        if let Some(priority) = filter.priority {
            let priority = self.bind(Type::INT4, Box::new(priority));
            self.conditions.push(format!("j.priority = {priority}"));
        }
        let RunAtFilter { gt, gte, lt, lte, eq } = filter.run_at;
        for (operator, bound) in [(">", gt), (">=", gte), ("<", lt), ("<=", lte), ("=", eq)] {
            if let Some(bound) = bound {
                let bound = self.bind(Type::TIMESTAMPTZ, Box::new(At(bound)));
                self.conditions.push(format!("j.run_at {operator} {bound}"));
            }
        }
        if let Some(tags) = &filter.tags {
            self.add_tags(tags);
        }
    }

    fn add_tags(&mut self, tags: &TagFilter) {
        // No tags are stored as null, which no operator matches.
        let condition = match (tags.mode, tags.values.is_empty()) {
            (TagMode::All | TagMode::None, true) => return,
            (TagMode::Any, true) => "false".to_owned(),
            (TagMode::Exact, true) => "j.tags IS NULL".to_owned(),
            (mode, false) => {
                let tags = self.bind(Type::TEXT_ARRAY, Box::new(tags.values.clone()));
                match mode {
                    TagMode::Exact => format!("(j.tags @> {tags} AND j.tags <@ {tags})"),
                    TagMode::All => format!("j.tags @> {tags}"),
                    TagMode::Any => format!("j.tags && {tags}"),
                    TagMode::None => format!("(j.tags IS NULL OR NOT j.tags && {tags})"),
                }
            }
        };
        self.conditions.push(condition);
    }

    /// Only ids above this one.
    pub(super) fn above(&mut self, id: JobId) {
        let id = self.bind(Type::INT8, Box::new(id));
        self.conditions.push(format!("{} > {id}", self.key));
    }

    /// Only ids below this one.
    pub(super) fn below(&mut self, id: JobId) {
        let id = self.bind(Type::INT8, Box::new(id));
        self.conditions.push(format!("{} < {id}", self.key));
    }

    /// The query that `text` makes of it.
    pub(super) fn into_query(self, names: &Names, text: &str, limit: i64, offset: i64) -> Query {
        let conditions = if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") };
        let (limit, offset) = (limit.to_string(), offset.to_string());
        let fragments = [
            ("{from}", self.from.as_str()),
            ("{where}", &conditions),
            ("{key}", self.key),
            ("{limit}", &limit),
            ("{offset}", &offset),
        ];
        (names.render(text, &fragments), self.types, self.values)
    }

    fn bind(&mut self, ty: Type, value: Value) -> String {
        self.types.push(ty);
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// The condition of the partial index that a status is found by, in the index's own words.
fn partial(status: Status, table: &str) -> String {
    match status {
        Status::Failed => format!("{table}last_failed_at IS NOT NULL"),
        Status::Cancelled => format!("{table}last_cancelled_at IS NOT NULL"),
        _ => format!("({table}wait_until IS NOT NULL OR {table}wait_token_id IS NOT NULL)"),
    }
}
