//! SQLite's plans, as `EXPLAIN QUERY PLAN` tells them.

use std::collections::{BTreeMap, BTreeSet};

use dataqueue::model::{Filter, Status};
use dataqueue::storage::StoreOptions;
use dataqueue::storage::plans::{Text, Walk};
use dataqueue::storage::sqlite::SqliteStorage;
use rusqlite::Connection;

use super::walks::{cases, walks};
use super::{comments, crowd, indexes_in};
use crate::bench::{self, Bench, Sqlite};

/// Tables with a row for each worker or type, or less.
const SMALL: [&str; 4] = ["job_workers", "job_settings", "job_types", "sqlite_schema"];

/// What the primary keys are called, which have no names.
const PRIMARY: &str = "primary key";

/// One line of a plan.
struct Line(String);

impl Line {
    /// The index that it uses.
    fn index(&self) -> Option<&str> {
        let detail = self.0.as_str();
        if detail.contains(" PRIMARY KEY") || detail.contains("sqlite_autoindex_") {
            return Some(PRIMARY);
        }
        detail.split(' ').find(|word| word.starts_with("idx_"))
    }

    /// The table that it reads from one end to the other.
    fn whole_read(&self) -> Option<&str> {
        let table = self.0.strip_prefix("SCAN ")?.split(' ').next()?;
        (table.starts_with("job_") && !SMALL.contains(&table)).then_some(table)
    }
}

/// A connection of the test's own; the library in it is the driver's.
fn connect(bench: &Bench) -> Connection {
    match bench.driver().options() {
        StoreOptions::Sqlite(options) => Connection::open(options.path.unwrap()).unwrap(),
        StoreOptions::Postgres(_) | StoreOptions::Redis(_) => unreachable!(),
    }
}

fn plan(connection: &Connection, sql: &str) -> Vec<Line> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = explain.raw_query();
    lines.mapped(|row| row.get("detail").map(Line)).collect::<Result<_, _>>().unwrap()
}

fn named(comments: &[&str]) -> BTreeSet<String> {
    let mut names: BTreeSet<_> = comments.iter().flat_map(|comment| indexes_in(comment)).collect();
    if comments.iter().any(|comment| comment.contains(PRIMARY)) {
        names.insert(PRIMARY.to_owned());
    }
    names
}

/// A row that is put somewhere has no plan; by which index it finds a conflict is told by its clause alone.
fn is_bare_insert(text: &Text) -> bool {
    text.sql.contains("INSERT ") && text.sql.contains("VALUES (")
}

fn finds_conflicts(text: &Text) -> bool {
    ["ON CONFLICT", "OR IGNORE", "OR REPLACE"].iter().any(|clause| text.sql.contains(clause))
}

/// What may look bad in a plan and is not.
fn is_excused(name: &str, line: &Line) -> bool {
    match name {
        // The first entry is read, and no further one.
        "has_work" => line.0.starts_with("SCAN job_"),
        // The groups that are paused are few, and those that run are counted anew only now and then.
        "paused" | "clear_groups" => line.0.starts_with("SCAN job_groups"),
        // What is sorted are the types that were found, not the jobs.
        "claimable_types" => line.0.contains("TEMP B-TREE"),
        // What is sorted are the jobs of one claim.
        "claim_leases" => line.0.contains("TEMP B-TREE"),
        _ => false,
    }
}

fn check_statements(connection: &Connection) {
    let mut faults = Vec::new();
    for text in SqliteStorage::texts() {
        let (lines, named) = (plan(connection, &text.sql), named(&text.about));
        if is_bare_insert(&text) {
            assert!(lines.is_empty(), "an insert with a plan: {}", text.sql);
            if named.len() != usize::from(finds_conflicts(&text)) {
                faults.push(format!("{} names {named:?}", text.name));
            }
            continue;
        }
        let mut used: BTreeSet<_> = lines.iter().filter_map(Line::index).map(str::to_owned).collect();
        for line in &lines {
            let bad = line.whole_read().is_some() || line.0.contains("TEMP B-TREE");
            if bad && !is_excused(text.name, line) {
                faults.push(format!("{}: {}", text.name, line.0));
            }
            // A table that is kept in its primary key is walked, from either end, without a word of it.
            let walked = ["SCAN job_ready", "SCAN job_scheduled", "SEARCH job_"];
            if line.index().is_none() && walked.iter().any(|walk| line.0.starts_with(walk)) {
                used.insert(PRIMARY.to_owned());
            }
        }
        if used != named {
            let told: Vec<_> = lines.iter().map(|line| line.0.as_str()).collect();
            faults.push(format!("{} names {named:?}: {told:#?}", text.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check_walks(connection: &Connection) {
    let mut faults = Vec::new();
    let mut used: BTreeMap<Vec<&str>, BTreeSet<String>> = BTreeMap::new();
    for case in cases() {
        for walk in walks() {
            let Some(text) = SqliteStorage::walk_text(&case.filter, &walk) else { continue };
            let lines = plan(connection, &text.sql);
            for line in &lines {
                // Where no index knows more, a page is a walk by id that stops when it is full.
                let by_id = line.0 == "SCAN job_queue" && matches!(walk, Walk::Page(_) | Walk::Search(_));
                let counted = matches!(walk, Walk::Count);
                let whole = line.whole_read().is_some() && !by_id && !(counted && case.counts_all);
                let sorted = line.0.contains("TEMP B-TREE") && !counted;
                if whole || sorted {
                    faults.push(format!("{}, {walk:?}: {}", case.name, line.0));
                }
            }
            used.entry(text.about.clone()).or_default().extend(lines.iter().filter_map(Line::index).map(str::to_owned));
        }
    }
    for (about, indexes) in used {
        if indexes != named(&about) {
            faults.push(format!("{about:#?} uses {indexes:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_statement_uses_the_indexes_that_its_files_name_and_no_others() {
    bench::run::<Sqlite>(async |bench| {
        let connection = connect(bench);
        check_statements(&connection);
        crowd::on_sqlite(bench).await;
        connection.execute_batch("ANALYZE").unwrap();
        check_statements(&connection);
    });
}

#[test]
fn every_walk_uses_the_indexes_that_its_file_names_and_stops_when_it_has_enough() {
    bench::run::<Sqlite>(async |bench| {
        let connection = connect(bench);
        check_walks(&connection);
        crowd::on_sqlite(bench).await;
        connection.execute_batch("ANALYZE").unwrap();
        check_walks(&connection);
    });
}

/// Makes the planner think that the tables are so many times as large as they are. Samples of values go: they would tell.
fn grow(connection: &Connection, times: u64) {
    let mut query =
        connection.prepare("SELECT rowid, stat FROM sqlite_stat1 WHERE tbl LIKE 'job\\_%' ESCAPE '\\'").unwrap();
    let told: Vec<(i64, String)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap();
    assert!(!told.is_empty(), "no statistics to grow");
    for (row, stat) in told {
        // The number of rows, then how many of them are alike in the first columns of the index; words may follow.
        let grown = stat.split(' ').map(|word| match word.parse::<u64>() {
            Ok(count) if count > 1 => (count * times).to_string(),
            _ => word.to_owned(),
        });
        let grown = grown.collect::<Vec<_>>().join(" ");
        connection.execute("UPDATE sqlite_stat1 SET stat = ?2 WHERE rowid = ?1", (row, grown)).unwrap();
    }
    connection.execute_batch("DELETE FROM sqlite_stat4").unwrap();
}

#[test]
fn nothing_is_planned_otherwise_where_statistics_tell_of_millions_of_jobs() {
    bench::run::<Sqlite>(async |bench| {
        crowd::on_sqlite(bench).await;
        let connection = connect(bench);
        connection.execute_batch("ANALYZE").unwrap();
        grow(&connection, 50);
        // Statistics are read when a database is opened.
        let connection = connect(bench);
        check_statements(&connection);
        check_walks(&connection);
    });
}

#[test]
fn every_query_file_belongs_to_a_statement_that_was_tried() {
    let filter = Filter { statuses: vec![Status::Pending], ..Filter::default() };
    let mut tried: BTreeSet<_> = SqliteStorage::texts().into_iter().flat_map(|text| text.about).collect();
    tried.extend(walks().iter().filter_map(|walk| SqliteStorage::walk_text(&filter, walk)).flat_map(|text| text.about));
    for (file, comment) in comments("sqlite") {
        assert!(tried.contains(comment.as_str()), "{file} is part of no statement that is tried");
    }
}

#[test]
fn every_index_of_the_schema_is_named_by_a_query() {
    bench::run::<Sqlite>(async |bench| {
        let connection = connect(bench);
        let mut query =
            connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").unwrap();
        let exist: BTreeSet<String> = query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let named: BTreeSet<_> = comments("sqlite").iter().flat_map(|(_, comment)| indexes_in(comment)).collect();
        assert_eq!(exist, named, "the indexes there are, and those that some query names");
    });
}
