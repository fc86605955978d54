//! A plan of PostgreSQL's as it explains it.

use std::collections::BTreeSet;

use serde_json::Value;

/// Tables that hold as many rows as there are jobs, or groups. Claims are few: a row for each of those that run.
const LARGE: [&str; 10] = [
    "job_queue",
    "job_ready",
    "job_scheduled",
    "job_line",
    "job_events",
    "job_event_batches",
    "job_groups",
    "job_slots",
    "job_dependencies",
    "job_terms",
];

/// Indexes of few jobs or groups: reading one of them whole is reading those.
const PARTIAL: [&str; 6] = [
    "idx_job_queue_failed_retry",
    "idx_job_queue_cancelled",
    "idx_job_queue_waiting",
    "idx_job_queue_blocked",
    "idx_job_groups_paused",
    "idx_job_groups_opens",
];

/// Indexes of tables that are small, whichever way they are read: of living workers and of claims under way.
const SMALL: [&str; 2] = ["job_workers_pkey", "job_claims_pkey"];

pub struct Plan(Value);

impl Plan {
    /// Reads the answer to `EXPLAIN (FORMAT JSON)`.
    pub fn read(json: &str) -> Self {
        let mut answer: Value = serde_json::from_str(json).unwrap();
        Self(answer[0]["Plan"].take())
    }

    /// The indexes that it uses, those that find conflicts among them.
    pub fn indexes(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        each(&self.0, &mut |node| {
            let arbiters = node["Conflict Arbiter Indexes"].as_array().into_iter().flatten();
            let names = arbiters.chain(node.get("Index Name")).filter_map(Value::as_str);
            // Those of the catalogue are not the schema's.
            found.extend(names.filter(|name| !name.starts_with("pg_")).map(str::to_owned));
        });
        found
    }

    /// Where it reads all of a large table, other than in an order in which it stops when it has enough.
    pub fn whole_reads(&self) -> Vec<String> {
        let mut found = Vec::new();
        search(&self.0, false, &mut found);
        found
    }

    /// How many rows of large tables it looked at, if it was run.
    pub fn rows_read(&self) -> u64 {
        self.rows(is_large)
    }

    /// How many rows of this table it looked at, if it was run.
    pub fn rows_read_of(&self, table: &str) -> u64 {
        self.rows(|node| text(node, "Relation Name") == table)
    }

    fn rows(&self, is_counted: impl Fn(&Value) -> bool) -> u64 {
        let mut rows = 0.0;
        each(&self.0, &mut |node| {
            if is_counted(node) && text(node, "Node Type") != "ModifyTable" {
                let counted = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
                let sum: f64 = counted.iter().filter_map(|name| node[*name].as_f64()).sum();
                rows += sum * node["Actual Loops"].as_f64().unwrap();
            }
        });
        rows as u64
    }
}

fn each(node: &Value, visit: &mut impl FnMut(&Value)) {
    visit(node);
    for child in node["Plans"].as_array().into_iter().flatten() {
        each(child, visit);
    }
}

/// `stops` tells that the nodes above ask for one row after another, and only until they have enough.
fn search(node: &Value, stops: bool, found: &mut Vec<String>) {
    let kind = text(node, "Node Type");
    let unconditional = node.get("Index Cond").is_none() && !PARTIAL.contains(&text(node, "Index Name"));
    let whole = match kind {
        "Seq Scan" => is_large(node),
        "Index Scan" | "Index Only Scan" => is_large(node) && unconditional && !stops,
        "Bitmap Index Scan" => unconditional && !SMALL.contains(&text(node, "Index Name")),
        _ => false,
    };
    if whole {
        found.push(format!("{kind} of {} {}", text(node, "Index Name"), text(node, "Relation Name")));
    }
    let lazy = match kind {
        "Limit" => true,
        "Nested Loop" | "Merge Append" | "Append" | "Subquery Scan" | "LockRows" | "Result" => stops,
        _ => false,
    };
    for child in node["Plans"].as_array().into_iter().flatten() {
        // The inner side of a loop starts anew for each row of the outer one.
        let again = kind == "Nested Loop" && text(child, "Parent Relationship") == "Inner";
        search(child, lazy && !again, found);
    }
}

fn is_large(node: &Value) -> bool {
    LARGE.contains(&text(node, "Relation Name"))
}

fn text<'a>(node: &'a Value, name: &str) -> &'a str {
    node[name].as_str().unwrap_or_default()
}
