//! PostgreSQL's plans, on the driver's own connections.

use std::collections::{BTreeMap, BTreeSet};

use dataqueue::model::Filter;
use dataqueue::storage::StoreOptions;
use dataqueue::storage::plans::{Text, Walk};
use dataqueue::storage::postgres::PostgresStorage;

use super::tree::Plan;
use super::walks::{UNKNOWN_TAG, cases, walks};
use super::{comments, crowd, indexes_in};
use crate::bench::{self, Bench, Postgres};

/// A statement that looks at more rows than this, on the crowd and with the arguments below, is not bounded.
const MOST_ROWS: u64 = 2_500;

/// Statements that remove claims of which they know the tokens.
const BY_TOKEN: [&str; 3] = ["claim_one", "claim_many", "unregister"];

/// What a sweep reads whole: what counts, and the groups.
const SWEPT: [(&str, [&str; 2]); 1] = [("recount", ["job_slots", "job_groups"])];

/// The parameters of the two statements for connections of the caller's: both have the type of a document.
const DOCUMENT: &str =
    r#"'[{"job_type": "type_1", "payload": 1, "priority": 0, "max_attempts": 3, "idempotency_key": "key_4"}]'"#;

/// What a blocked job is to wait for.
const BINDING: &str = r#"'[{"id": 33, "jobs": [37, 38, 77], "tags": null, "reason": "waits", "again": false}]'"#;

/// What each statement is tried with: it touches some of the crowd's jobs.
fn arguments(name: &str) -> &'static str {
    match name {
        "add_one" => "'type_1', '1', 0, 3, NULL, NULL, 'new', NULL, NULL, NULL, 'sign'",
        "add" => {
            "'{type_1,type_2}', array['1', '2']::jsonb[], '{0,1}', '{NULL,2030-01-01}', '{3,3}', '{NULL,5}', \
             array['{a}', NULL], '{NULL,1}', '{NULL,t}', '{NULL,NULL}'"
        }
        "add_keyed" => {
            "'{type_1,type_2}', array['1', '2']::jsonb[], '{0,1}', '{NULL,2030-01-01}', '{3,3}', '{NULL,5}', \
             array['{a}', NULL], '{key_4,new}', '{NULL,1}', '{NULL,t}', '{NULL,NULL}', array['{\"group_id\": \"g\"}', '{\"expires_in\": 5}']::jsonb[]"
        }
        "receive" => {
            r#"'[{"job": {"job_type": "type_1", "payload": 1, "priority": 0, "max_attempts": 3, "idempotency_key": "key_4"},
                "source_id": 1, "created_at": "2020-01-01", "attempts": 1, "error_history": [], "step_data": {}}]'"#
        }
        "hold_kinds" | "kinds" => "'{kind_4,new}'",
        "take_kinds" => "'{kind_4}', '{4}', '{60}'",
        "debounce" => "31, '1', now() + interval '1 minute', '{}', now()",
        "prune_kinds" => "'kind_2', 100",
        "holders" => "'{key_4,key_8}'",
        "external_insert" | "external_lookup" => DOCUMENT,
        "promote" => "'{type_1,type_2}', 1000",
        "claim_one" => {
            "1, 'worker', 70, '{type_1}', 10, true, 30000, '{1,2}', '{type_1,type_1}', '{-2147483648,-1}', '{-infinity,2020-01-01}', \
             '{0,7}', '{-1,9223372036854775807}'"
        }
        "claim_many" | "claim_limited" => {
            "1, 'worker', 70, '{type_1,type_2,type_3}', 10, true, 30000, '{1,2}', '{type_1,type_2,type_3}', \
             '{-2147483648,-2147483648,-2}', '{-infinity,-infinity,2020-01-01}', '{0,0,7}', \
             '{9223372036854775807,9223372036854775807,9223372036854775807}'"
        }
        "claim_fair" => {
            "1, 'worker', 70, '{type_1,type_2,type_3}', 10, true, 30000, '{1,2}', '{type_1,type_2,type_3}', \
             '{-2147483648,-2147483648,-2147483648}', '{-infinity,-infinity,-infinity}', '{0,0,0}', \
             '{9223372036854775807,9223372036854775807,9223372036854775807}', '{\"gold\": 3}'"
        }
        "take_turns" => "'{type_1,type_2,type_9}'",
        "free" => "'{37,77}'",
        "admit" => "'{37,77}', '{group_1}'",
        "disband" => "'group_1', 100",
        "lines" => "'', 100",
        "set_types" => "'{type_1,type_9}', '{2,NULL}', '{k,NULL}', '{5,NULL}', '{60,NULL}'",
        "set_setting" => "'groups', '{}'",
        "hold_rate" => "'type_1', 5",
        "pause_type" => "'type_1', true",
        "pause_group" => "'group_1', true",
        "claim_reply" => "1, 1",
        "ask_claim" => "1, 0",
        "unregister" => "1, '{1,2}'",
        "complete" => "'{1,2}', '{37,77}', '{1,1}', array['1', NULL]::jsonb[], true",
        "tie" | "prerequisites" | "hold_waiters" | "witness" | "free_waiters" => "'{73,113,473}'",
        "bind" => BINDING,
        "release_dependents" => "'{1,2,37,77,117}', 1000",
        "cancel_dependents" => "'{38,37,77,117}'",
        "lost_dependents" => "0, 100",
        "external_tie" | "external_cancel" | "external_witness" | "external_free_waiters" => "'[38, 73, 77, 473]'",
        "external_bind" => BINDING,
        "fail" => {
            "'{1,2,3}', '{37,77,117}', '{1,1,1}', '{1,1,1}', '{timeout,timeout,timeout}', '{m,m,m}', '{k,k,k}', \
             '{t,t,t}', '{NULL,0,5}', 50"
        }
        "release" | "settled_before" => "'{1,2}', '{37,77}', '{1,1}'",
        "stop" => "'{1,2}', '{37,77}', '{1,1}', '{withdrawn,NULL}'",
        "note" => {
            "'{1,2}', '{37,77}', '{1,1}', '{50,NULL}', array[NULL, '1']::jsonb[], '{NULL,1000}', array[NULL, '{\"a\": 1}']::jsonb[]"
        }
        "wait" => {
            "'{1,2}', '{37,77}', '{1,1}', array[now(), now() + interval '1 day'], array['{}', '{}']::jsonb[], \
             array['{}', '{}']::jsonb[], '{NULL,wp_1}'"
        }
        "resume" => "'{wp_1,wp_2}', '{37,77}', 1000",
        "lost_waits" => "'', 500",
        "create_token" => "'wp_new', NULL, 60, NULL",
        "get_token" => "'wp_1'",
        "complete_token" => "'wp_1', '1'",
        "expire_tokens" => "500",
        "prune_tokens" => "86400, 500",
        "register" => "'worker', 30000, 'host', 7, '1.0', 3, '{type_1}'",
        "overview" => "20, 1000, 10",
        "workers" => "0, 10, 100",
        "drain_worker" => "1",
        "groups" => "'group_2', 10, 20",
        "tokens" => "'{waiting,completed,timed_out}', now(), '', true, 20",
        "dependents" => "37, 100",
        "delete" => "'{1,2,28,38,73,117}'",
        "renew" => "1, 30000",
        "look" => "1, '{type_1,type_2,type_3}'",
        "reclaim" => "100, 3, 50",
        "reclaim_stuck" => "100, 3, 50, 0, 0",
        "cancel" => "'{28,31,33,34,38,39}'",
        "retry" => "'{28,31,34,38,39}', NULL, 0.5, true",
        "request_cancel" => "'{37,77}'",
        "edit" => {
            "'{30,31,34}', '{}', 5, NULL, true, NULL, false, NULL, true, '{a}', false, NULL, false, NULL, false, NULL, '{}', NULL"
        }
        "expire_jobs" => "100, 'late'",
        "drop_kept" | "put_off_terms" => "100",
        "prune_jobs" => "0, 100, '{completed,failed}', 86400",
        "prune_payloads" => "0, 100, 86400",
        "prune_events" | "prune_event_batches" => "86400, 100",
        "get" => "'{1,2,3}'",
        "events" => "5",
        "tail" => "10, 0, '{5,6}', 5, 1, 1, 100, 0, '{added,completed}', 7",
        "add_schedule" => {
            "'new', '* * * * *', 'UTC', 'all', true, 'type_1', '{}', 0, 3, NULL, '{a}', 1, true, NULL, now(), '{}'"
        }
        "replace_schedule" => {
            "7, '2020-01-01', '* * * * *', 'UTC', 'active', 'all', true, \
             'type_1', '{}', 0, 3, NULL, '{a}', 1, true, NULL, now(), '{}'"
        }
        "remove_schedule" | "schedule_by_id" => "7",
        "schedule_by_name" => "'schedule 7'",
        "schedule_page" => "5, 'paused', 100",
        "due_schedules" => "'2000-01-01', 5, 100",
        "fire" => "7, '2020-01-01', '2020-01-02', array[now(), now()], now(), '{}'",
        "record_traffic" => "1, 7, '{a,b}', '{1,2,3,4}', 2",
        "traffic" => "60, 3600, NULL, 1000",
        "prune_traffic" => "60, 172800, 100",
        "watch" => "37, 3600",
        "wake" => "'sign'",
        "claimable_types" | "bury" | "applied" | "durability" | "has_limits" | "recount" | "set_flow" | "paused"
        | "open_lines" | "shut" | "group_limits" | "fleet" | "type_limits" => "",
        unknown => panic!("what is {unknown} to be tried with?"),
    }
}

fn driver(bench: &Bench) -> PostgresStorage {
    match bench.driver().options() {
        StoreOptions::Postgres(options) => PostgresStorage::new(options).unwrap(),
        StoreOptions::Redis(_) | StoreOptions::Sqlite(_) => unreachable!(),
    }
}

/// Behind a transaction pooler the planner's settings are the server's: there is no plan of ours to hold it to.
fn is_pooled(bench: &Bench) -> bool {
    matches!(bench.driver().options(), StoreOptions::Postgres(options) if options.pgbouncer)
}

/// The plan of a statement, run and taken back: what an index was used for inside a recursion is told only after a run.
async fn plan(driver: &PostgresStorage, text: &Text, mode: &str) -> Plan {
    let external = text.sql.contains("{param}");
    let types = if external { "text".to_owned() } else { text.types.join(", ") };
    let (types, arguments) = match arguments(text.name) {
        "" => (String::new(), String::new()),
        arguments => (format!("({types})"), format!("({arguments})")),
    };
    let sql = text.sql.replace("{param}", "$1");
    let prepare = format!("SET LOCAL plan_cache_mode = {mode}; PREPARE tried {types} AS {sql}");
    let explain = format!("EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) EXECUTE tried{arguments}");
    Plan::read(&driver.plan(&prepare, &explain).await.unwrap())
}

/// Tries every statement, planned for its parameters and for any.
async fn try_all(bench: &Bench) {
    if is_pooled(bench) {
        return;
    }
    let driver = driver(bench);
    let mut faults = Vec::new();
    // A file that serves two statements names what either uses.
    let mut used: BTreeMap<Vec<&str>, BTreeSet<String>> = BTreeMap::new();
    // The server plans queries and changes only.
    for text in driver.texts().into_iter().filter(|text| !text.sql.starts_with("LOCK ")) {
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let plan = plan(&driver, &text, mode).await;
            let is_swept = |read: &String| {
                SWEPT
                    .iter()
                    .any(|(name, tables)| *name == text.name && tables.iter().any(|table| read.ends_with(table)))
            };
            let reads = plan.whole_reads().into_iter().filter(|read| !is_swept(read));
            faults.extend(reads.map(|read| format!("{}, {mode}: {read}", text.name)));
            if plan.rows_read() > MOST_ROWS {
                faults.push(format!("{}, {mode}: looked at {} rows", text.name, plan.rows_read()));
            }
            // The one of the sample's workers that has many claims is the one that asks here.
            if BY_TOKEN.contains(&text.name) && plan.rows_read_of("job_claims") > 10 {
                faults.push(format!("{}, {mode}: looked at all claims of a worker", text.name));
            }
            used.entry(text.about.clone()).or_default().extend(plan.indexes());
        }
    }
    for (about, indexes) in used {
        let named: BTreeSet<_> = about.iter().flat_map(|line| indexes_in(line)).collect();
        if named != indexes {
            faults.push(format!("{about:#?} uses {indexes:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_statement_uses_the_indexes_that_its_files_name_and_no_others() {
    bench::run::<Postgres>(async |bench| {
        crowd::on_postgres(bench).await;
        try_all(bench).await;
    });
}

#[test]
fn plans_made_on_empty_tables_are_good_when_the_tables_have_grown() {
    bench::run::<Postgres>(try_all);
}

/// Tries every walk.
async fn try_walks(bench: &Bench) {
    if is_pooled(bench) {
        return;
    }
    let driver = driver(bench);
    let mut faults = Vec::new();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for case in cases() {
        for walk in walks() {
            let Some((about, json)) = driver.walk_plan(&case.filter, &walk).await.unwrap() else { continue };
            let plan = Plan::read(&json);
            used.entry(about).or_default().extend(plan.indexes());
            let counts = matches!(walk, Walk::Count);
            let reads_all = counts || matches!(walk, Walk::Page(_));
            if case.name == UNKNOWN_TAG && reads_all && !plan.indexes().contains("idx_job_queue_tags") {
                faults.push(format!("{}, {walk:?}: not along the index of tags", case.name));
            }
            let allowed = |read: &String| counts && (case.counts_all || !read.ends_with(" job_queue"));
            let reads = plan.whole_reads().into_iter().filter(|read| !allowed(read));
            faults.extend(reads.map(|read| format!("{}, {walk:?}: {read}", case.name)));
        }
    }
    for (about, indexes) in used {
        if indexes != indexes_in(about) {
            faults.push(format!("{about} uses {indexes:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_walk_uses_the_indexes_that_its_file_names_and_stops_when_it_has_enough() {
    bench::run::<Postgres>(async |bench| {
        crowd::on_postgres(bench).await;
        try_walks(bench).await;
    });
}

#[test]
#[ignore = "it fills tables with millions of rows: make plans"]
fn nothing_is_planned_otherwise_among_millions_of_jobs() {
    bench::run::<Postgres>(async |bench| {
        crowd::millions_on_postgres(bench).await;
        try_all(bench).await;
        try_walks(bench).await;
    });
}

#[test]
fn every_query_file_belongs_to_a_statement_that_was_tried() {
    bench::run::<Postgres>(async |bench| {
        let driver = driver(bench);
        let mut tried: BTreeSet<_> = driver.texts().into_iter().flat_map(|text| text.about).collect();
        for walk in walks() {
            tried.extend(driver.walk_plan(&Filter::default(), &walk).await.unwrap().map(|(about, _)| about));
        }
        for (file, comment) in comments("postgres") {
            assert!(tried.contains(comment.as_str()), "{file} is part of no statement that is tried");
        }
    });
}

#[test]
fn every_index_of_the_schema_is_named_by_a_query() {
    bench::run::<Postgres>(async |bench| {
        let rows = bench
            .query("SELECT indexname FROM pg_indexes WHERE schemaname = $1", &[Some(schema(bench))])
            .await
            .unwrap();
        let named: BTreeSet<_> = comments("postgres").iter().flat_map(|(_, comment)| indexes_in(comment)).collect();
        let exist: BTreeSet<_> =
            rows.iter().map(|row| bench::json(row)["indexname"].as_str().unwrap().to_owned()).collect();
        assert_eq!(exist, named, "the indexes there are, and those that some query names");
    });
}

fn schema(bench: &Bench) -> String {
    match bench.driver().options() {
        StoreOptions::Postgres(options) => options.schema,
        StoreOptions::Redis(_) | StoreOptions::Sqlite(_) => unreachable!(),
    }
}
