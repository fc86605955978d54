//! A filter as SQL: one walk by id, or several (arms), each along the index of a narrow table or a partial one.
//!
//! Each arm is bounded by itself, so that a page costs what it holds. A common walk over several tables would be a
//! sort of all that they hold.

use tokio_postgres::types::{ToSql, Type};

use super::rows::At;
use super::statements::Names;
use crate::model::{Change, Filter, JobId, RunAtFilter, Search, Status, TagFilter, TagMode};
use crate::policy::search::folded;

/// A parameter whose type is told beside it.
pub(super) type Value = Box<dyn ToSql + Sync + Send>;

pub(super) const FIND: &str = include_str!("queries/find.sql");
pub(super) const COUNT: &str = include_str!("queries/count.sql");
pub(super) const CANDIDATES: &str = include_str!("queries/candidates.sql");
pub(super) const TALLY: &str = include_str!("queries/tally.sql");
pub(super) const SEARCH: &str = include_str!("queries/search.sql");

/// More types than these are not walked along one by one.
const MOST_TYPES: usize = 32;

/// The jobs of all claims, those that are over among them.
const CLAIMED: &str = "(SELECT DISTINCT unnest(job_ids) AS job_id FROM {schema}.job_claims) n";

/// A statement, the types of its parameters, and the parameters.
pub(super) type Query = (String, Vec<Type>, Vec<Value>);

/// The statuses of jobs that may be deleted.
const DELETABLE: [Status; 5] = [Status::Pending, Status::Completed, Status::Failed, Status::Cancelled, Status::Waiting];

/// A walk by id.
struct Arm {
    /// The table that is walked along: `n` where it is a narrow one, else `j`, the jobs.
    table: String,
    condition: String,
}

impl Arm {
    fn is_narrow(&self) -> bool {
        self.table.ends_with(" n")
    }

    fn key(&self) -> &'static str {
        if self.is_narrow() { "n.job_id" } else { "j.id" }
    }

    /// The table, with the job beside it. OFFSET 0 keeps the planner from walking along the jobs instead, of which most may
    /// have ended.
    fn with_job(&self, names: &Names) -> String {
        if self.is_narrow() {
            let Names { schema, .. } = names;
            let job = format!("SELECT * FROM {schema}.job_queue WHERE id = n.job_id OFFSET 0");
            format!("{} CROSS JOIN LATERAL ({job}) AS j", self.table)
        } else {
            self.table.clone()
        }
    }
}

/// Whether the index of tags leads to the jobs.
///
/// The planner takes a tag that it knows nothing of for a common one, and would walk all jobs by id to a page of none.
pub(super) fn is_tagged(filter: &Filter) -> bool {
    let by_tags = |tags: &TagFilter| tags.mode != TagMode::None && !tags.values.is_empty();
    filter.ids.is_none() && filter.tags.as_ref().is_some_and(by_tags)
}

/// Whether few jobs may have the statuses: each of them is reached by a narrow table or a partial index.
pub(super) fn is_narrow(statuses: &[Status]) -> bool {
    !statuses.is_empty() && !statuses.contains(&Status::Completed)
}

/// A selection of jobs under construction.
pub(super) struct Selection<'a> {
    names: &'a Names,
    /// All that match are found before the newest of them are taken.
    whole: bool,
    arms: Vec<Arm>,
    conditions: Vec<String>,
    types: Vec<Type>,
    values: Vec<Value>,
}

impl<'a> Selection<'a> {
    /// Jobs to be read.
    pub(super) fn new(names: &'a Names, filter: &Filter) -> Self {
        let mut selection = Self::start(names);
        if is_tagged(filter) {
            selection.whole = true;
            selection.arm("job_queue j", "true".to_owned());
        } else {
            selection.choose(&filter.statuses, filter);
        }
        selection.status_is(&filter.statuses);
        selection.add(filter);
        selection
    }

    /// Jobs whose state allows the change; `None` when no status asked for does.
    pub(super) fn for_change(names: &'a Names, filter: &Filter, change: &Change) -> Option<Self> {
        let (able, condition): (&[Status], &str) = match change {
            Change::Cancel | Change::CancelRunning => (
                &[Status::Pending, Status::Waiting, Status::Failed],
                "(j.status IN ('pending', 'waiting') OR j.status = 'failed' AND j.next_attempt_at IS NOT NULL)",
            ),
            Change::Retry => (&[Status::Failed, Status::Cancelled], "j.status IN ('failed', 'cancelled')"),
            Change::Edit(_) => (
                &[Status::Pending, Status::Failed],
                "(j.status = 'pending' OR j.status = 'failed' AND j.next_attempt_at IS NOT NULL)",
            ),
            Change::Delete => (&DELETABLE, "j.status <> 'processing'"),
        };
        let asked = |status: &&Status| filter.statuses.is_empty() || filter.statuses.contains(status);
        let statuses: Vec<_> = able.iter().filter(asked).copied().collect();
        if statuses.is_empty() {
            return None;
        }
        let mut selection = Self::start(names);
        if matches!(change, Change::Delete) {
            selection.walk(if filter.statuses.is_empty() { &[] } else { &statuses }, filter);
        } else if selection.by_id(filter) {
            // Given one by one, they need no walk.
        } else if matches!(change, Change::Retry) {
            for &status in &statuses {
                selection.rare(status);
            }
        } else {
            // Upcoming jobs all stand in the narrow tables, failed ones whose retry is due among them.
            selection.upcoming(filter, statuses.contains(&Status::Failed));
            if statuses.contains(&Status::Pending) {
                selection.blocked();
            }
            if statuses.contains(&Status::Waiting) {
                selection.rare(Status::Waiting);
            }
        }
        selection.status_is(&statuses);
        selection.conditions.push(condition.to_owned());
        selection.add(filter);
        Some(selection)
    }

    fn start(names: &'a Names) -> Self {
        Self { names, whole: false, arms: Vec::new(), conditions: Vec::new(), types: Vec::new(), values: Vec::new() }
    }

    /// Jobs to be looked at one after another, so that the arms hold what indexes know of the filter.
    fn to_look_through(names: &'a Names, filter: &Filter) -> Self {
        let mut selection = Self::start(names);
        selection.walk(&filter.statuses, filter);
        selection.status_is(&filter.statuses);
        selection.add(filter);
        selection
    }

    /// As [`Self::choose`], where the walk stops after so many jobs, whether they match or not.
    fn walk(&mut self, statuses: &[Status], filter: &Filter) {
        let whole = statuses.is_empty() || statuses.contains(&Status::Completed);
        let types = filter.job_types.len();
        if filter.ids.is_none() && whole && (1..=MOST_TYPES).contains(&types) {
            for job_type in &filter.job_types {
                let name = self.bind(Type::TEXT, Box::new(job_type.clone()));
                self.arm("job_queue j", format!("j.job_type = {name}"));
            }
        } else {
            self.choose(statuses, filter);
        }
    }

    /// Walks along the ids that are asked for, if they are.
    fn by_id(&mut self, filter: &Filter) -> bool {
        let Some(ids) = &filter.ids else { return false };
        let ids = self.bind(Type::INT8_ARRAY, Box::new(ids.clone()));
        self.arm("job_queue j", format!("j.id = ANY ({ids})"));
        true
    }

    /// Chooses where to walk: statuses that few jobs have are reached by narrow tables and partial indexes.
    fn choose(&mut self, statuses: &[Status], filter: &Filter) {
        if self.by_id(filter) {
            return;
        }
        if is_narrow(statuses) {
            for status in Status::ALL.into_iter().filter(|status| statuses.contains(status)) {
                match status {
                    Status::Pending => {
                        self.upcoming(filter, false);
                        self.blocked();
                    }
                    _ => self.rare(status),
                }
            }
        } else {
            self.arm("job_queue j", "true".to_owned());
        }
    }

    fn arm(&mut self, table: &str, condition: String) {
        self.arms.push(Arm { table: format!("{}.{table}", self.names.schema), condition });
    }

    /// Jobs in the narrow tables: pending ones, and if asked for failed ones whose retry is due.
    fn upcoming(&mut self, filter: &Filter, retrying: bool) {
        let mut condition = if retrying { "true" } else { "NOT n.retrying" }.to_owned();
        if !filter.job_types.is_empty() {
            let types = self.bind(Type::TEXT_ARRAY, Box::new(filter.job_types.clone()));
            condition = format!("{condition} AND n.job_type = ANY ({types})");
        }
        self.arm("job_ready n", condition.clone());
        self.arm("job_line n", condition.clone());
        self.arm("job_scheduled n", condition);
    }

    /// Pending jobs that wait for others, which are in no narrow table.
    fn blocked(&mut self) {
        self.arm("job_queue j", "j.blocked".to_owned());
    }

    /// Jobs of a status that few have; the condition is the partial index's, in its own words.
    fn rare(&mut self, status: Status) {
        match status {
            Status::Processing => self.arms.push(Arm {
                table: self.names.render(CLAIMED, &[]).trim_end().to_owned(),
                condition: "true".to_owned(),
            }),
            Status::Failed => self.arm("job_queue j", "j.last_failed_at IS NOT NULL".to_owned()),
            Status::Cancelled => self.arm("job_queue j", "j.last_cancelled_at IS NOT NULL".to_owned()),
            _ => self.arm("job_queue j", "num_nonnulls(j.wait_until, j.wait_token_id) > 0".to_owned()),
        }
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
        self.add_bounds("run_at", filter.run_at);
        if let Some(tags) = &filter.tags {
            self.add_tags(tags);
        }
    }

    fn add_bounds(&mut self, column: &str, bounds: RunAtFilter) {
        let RunAtFilter { gt, gte, lt, lte, eq } = bounds;
        for (operator, bound) in [(">", gt), (">=", gte), ("<", lt), ("<=", lte), ("=", eq)] {
            if let Some(bound) = bound {
                let bound = self.bind(Type::TIMESTAMPTZ, Box::new(At(bound)));
                self.conditions.push(format!("j.{column} {operator} {bound}"));
            }
        }
    }

    /// What of a search no index knows. Texts are looked for roughly here: who reads the jobs looks again.
    fn add_search(&mut self, search: &Search) {
        if let Some(group) = &search.group {
            let group = self.bind(Type::TEXT, Box::new(group.clone()));
            self.conditions.push(format!("j.group_id = {group}"));
        }
        if let Some(lettered) = search.dead_lettered {
            self.conditions.push(format!("j.dead_lettered_at IS {}NULL", if lettered { "NOT " } else { "" }));
        }
        self.add_bounds("created_at", search.created_at);
        if let Some(text) = &search.text {
            let text = self.bind(Type::TEXT, Box::new(folded(text)));
            self.conditions.push(format!("position({text} IN lower(j.payload::text COLLATE \"C\")) > 0"));
        }
        if let Some(text) = &search.error {
            let text = self.bind(Type::TEXT, Box::new(folded(text)));
            self.conditions.push(format!("position({text} IN lower(j.error_history::text COLLATE \"C\")) > 0"));
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

    /// A page of these jobs, newest first.
    pub(super) fn page(mut self, before: Option<JobId>, limit: u32, offset: u32) -> Query {
        let before = before.map(|id| self.bind(Type::INT8, Box::new(id)));
        let most = u64::from(limit) + u64::from(offset);
        let below = |arm: &Arm| before.as_ref().map(|id| format!("{} < {id}", arm.key()));
        let arms = self.arms(below, &format!(" ORDER BY 1 DESC LIMIT {most}"));
        let (limit, offset) = (limit.to_string(), offset.to_string());
        self.render(FIND, &[("{arms}", &arms), ("{limit}", &limit), ("{offset}", &offset)])
    }

    /// The number of these jobs, or `most` of them.
    pub(super) fn count(self, most: Option<u64>) -> Query {
        let most = most.map_or("ALL".to_owned(), |most| most.to_string());
        let arms = self.arms(|_| None, &format!(" LIMIT {most}"));
        self.render(COUNT, &[("{arms}", &arms), ("{most}", &most)])
    }

    /// How many jobs there are among so many that the arms lead to.
    pub(super) fn tally(names: &'a Names, filter: &Filter, most: u64) -> Query {
        let selection = Self::to_look_through(names, filter);
        let (arms, most) = (selection.newest(None, most), most.to_string());
        let matches = selection.conditions.join(" AND ");
        selection.render(TALLY, &[("{arms}", &arms), ("{where}", &matches), ("{limit}", &most)])
    }

    /// A look through jobs, newest first.
    pub(super) fn search(names: &'a Names, search: &Search) -> Query {
        let mut selection = Self::to_look_through(names, &search.filter);
        selection.conditions.push("true".to_owned());
        selection.add_search(search);
        let before = search.before.map(|id| selection.bind(Type::INT8, Box::new(id)));
        let arms = selection.newest(before.as_deref(), search.looks.into());
        let (matches, limit, looks) =
            (selection.conditions.join(" AND "), search.limit.to_string(), search.looks.to_string());
        let fragments = [("{arms}", arms.as_str()), ("{where}", &matches), ("{limit}", &limit), ("{looks}", &looks)];
        selection.render(SEARCH, &fragments)
    }

    /// So many ids that the arms lead to, the newest of each, whether they match or not.
    fn newest(&self, before: Option<&str>, most: u64) -> String {
        let walk = |arm: &Arm| {
            let (key, table, condition) = (arm.key(), &arm.table, &arm.condition);
            let below = before.map(|id| format!(" AND {key} < {id}")).unwrap_or_default();
            format!("(SELECT {key} AS id FROM {table} WHERE {condition}{below} ORDER BY 1 DESC LIMIT {most})")
        };
        self.arms.iter().map(walk).collect::<Vec<_>>().join(" UNION ")
    }

    /// The next jobs of the arms behind `after`, and which of them match.
    pub(super) fn step(mut self, after: JobId, limit: u32) -> Query {
        let after = self.bind(Type::INT8, Box::new(after));
        let walk = |arm: &Arm| {
            let (key, table, condition) = (arm.key(), &arm.table, &arm.condition);
            format!("(SELECT {key} AS id FROM {table} WHERE {condition} AND {key} > {after} ORDER BY 1 LIMIT {limit})")
        };
        let arms = self.arms.iter().map(walk).collect::<Vec<_>>().join(" UNION ");
        let (matches, limit) = (self.conditions.join(" AND "), limit.to_string());
        let fragments = [("{arms}", arms.as_str()), ("{where}", &matches), ("{limit}", &limit)];
        self.render(CANDIDATES, &fragments)
    }

    /// The ids that the arms lead to, of each as many as its end takes. A job may be found by more than one of them.
    fn arms(&self, below: impl Fn(&Arm) -> Option<String>, end: &str) -> String {
        let walk = |arm: &Arm| {
            let mut conditions = [std::slice::from_ref(&arm.condition), &self.conditions].concat();
            conditions.extend(below(arm));
            let (key, from, conditions) = (arm.key(), arm.with_job(self.names), conditions.join(" AND "));
            let found = format!("SELECT {key} AS id FROM {from} WHERE {conditions}");
            if self.whole {
                // Planned for all of them, whatever its reader takes.
                format!("(WITH found AS MATERIALIZED ({found}) SELECT id FROM found{end})")
            } else {
                format!("({found}{end})")
            }
        };
        self.arms.iter().map(walk).collect::<Vec<_>>().join(" UNION ")
    }

    fn render(self, text: &str, fragments: &[(&str, &str)]) -> Query {
        (self.names.render(text, fragments), self.types, self.values)
    }

    fn bind(&mut self, ty: Type, value: Value) -> String {
        self.types.push(ty);
        self.values.push(value);
        format!("${}", self.values.len())
    }
}
