//! A filter as SQL: the table to begin with, which chooses the index, and the conditions.

use tokio_postgres::types::{ToSql, Type};

use super::rows::At;
use super::statements::Names;
use crate::model::{Change, Filter, JobId, RunAtFilter, Status, TagFilter, TagMode};

/// A parameter whose type is told beside it.
pub(super) type Value = Box<dyn ToSql + Sync + Send>;

/// A selection of jobs under construction.
pub(super) struct Selection {
    from: String,
    key: &'static str,
    conditions: Vec<String>,
    types: Vec<Type>,
    values: Vec<Value>,
}

impl Selection {
    /// Jobs to be read.
    pub(super) fn new(names: &Names, filter: &Filter) -> Self {
        let mut selection = Self::start();
        selection.begin_at(names, &filter.statuses, filter);
        selection.add(filter);
        selection
    }

    /// Jobs whose state allows the change; `None` when no status asked for does.
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
        let mut selection = Self::start();
        if matches!(change, Change::Retry) {
            selection.begin_at(names, &statuses, filter);
        } else {
            // Upcoming jobs all stand in the narrow tables, failed ones whose retry is due among them.
            let mut sources = selection.upcoming(names, filter, statuses.contains(&Status::Failed), true);
            if statuses.contains(&Status::Waiting) {
                sources.push(source(names, Status::Waiting));
            }
            selection.begin_with(names, &sources, "UNION ALL");
            selection.status_is(&statuses);
        }
        selection.conditions.push(condition.to_owned());
        selection.add(filter);
        Some(selection)
    }

    fn start() -> Self {
        Self { from: String::new(), key: "j.id", conditions: Vec::new(), types: Vec::new(), values: Vec::new() }
    }

    /// Chooses where to begin: statuses that few jobs have are reached by narrow tables and partial indexes.
    fn begin_at(&mut self, names: &Names, statuses: &[Status], filter: &Filter) {
        match statuses {
            [] => self.begin_whole(names),
            [Status::Pending] => {
                let sources = self.upcoming(names, filter, false, true);
                self.begin_with(names, &sources, "UNION ALL");
            }
            [Status::Processing] => self.begin_with(names, &[source(names, Status::Processing)], "UNION ALL"),
            [status @ (Status::Failed | Status::Cancelled | Status::Waiting)] => {
                self.begin_whole(names);
                self.conditions.push(partial(*status, "j."));
            }
            _ if statuses.contains(&Status::Completed) => self.begin_whole(names),
            _ => {
                let mut sources = Vec::new();
                for &status in statuses {
                    if status == Status::Pending {
                        sources.append(&mut self.upcoming(names, filter, false, true));
                    } else {
                        sources.push(source(names, status));
                    }
                }
                // A job may be found by more than one way.
                self.begin_with(names, &sources, "UNION");
            }
        }
        self.status_is(statuses);
    }

    fn begin_whole(&mut self, names: &Names) {
        self.from = format!("{}.job_queue j", names.schema);
    }

    fn begin_with(&mut self, names: &Names, sources: &[String], union: &str) {
        let all = sources.join(&format!(" {union} "));
        self.from = format!("({all}) AS n JOIN {}.job_queue j ON j.id = n.job_id", names.schema);
        self.key = "n.job_id";
    }

    /// Jobs in the narrow tables: failed ones whose retry is due, pending ones, or both.
    fn upcoming(&mut self, names: &Names, filter: &Filter, retrying: bool, pending: bool) -> Vec<String> {
        let mut condition = match (retrying, pending) {
            (true, true) => "true",
            (true, false) => "retrying",
            (false, _) => "NOT retrying",
        }
        .to_owned();
        if !filter.job_types.is_empty() {
            let types = self.bind(Type::TEXT_ARRAY, Box::new(filter.job_types.clone()));
            condition = format!("{condition} AND job_type = ANY ({types})");
        }
        ["job_ready", "job_scheduled"]
            .map(|table| format!("SELECT job_id FROM {}.{table} WHERE {condition}", names.schema))
            .into()
    }

    fn status_is(&mut self, statuses: &[Status]) {
        if !statuses.is_empty() {
            let all: Vec<_> = statuses.iter().map(|status| format!("'{}'", status.as_str())).collect();
            self.conditions.push(format!("j.status IN ({})", all.join(", ")));
        }
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

    /// The text, the types of its parameters, and the parameters.
    pub(super) fn into_query(
        self,
        names: &Names,
        text: &str,
        limit: i64,
        offset: i64,
    ) -> (String, Vec<Type>, Vec<Value>) {
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

/// Where jobs of a status that few have are found.
fn source(names: &Names, status: Status) -> String {
    match status {
        Status::Processing => format!("SELECT job_id FROM {}.job_leases", names.schema),
        _ => format!("SELECT id AS job_id FROM {}.job_queue WHERE {}", names.schema, partial(status, "")),
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
