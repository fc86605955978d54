//! How statements find their rows: along indexes, and no more of them than the answer needs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use dataqueue::model::{Change, Filter, JobEdit, Page, Prune, Status};
use dataqueue::storage::{Storage, StoreOptions};

use crate::bench::{Bench, Hand, Postgres, Sqlite, complete, eventually, fail, job, json, release, settled_all};

/// The tables whose size has no bound.
const TABLES: [&str; 5] = ["job_queue", "job_ready", "job_scheduled", "job_events", "job_event_batches"];

/// How often the server read each table of the schema from end to end, and how many rows it read by any way, since
/// the schema was made. Counted for what one connection did, which must be the only one of `store`.
async fn reads(bench: &Bench, store: &dyn Storage) -> (HashMap<String, i64>, i64) {
    let StoreOptions::Postgres(options) = bench.driver().options() else { panic!("no server") };
    let schema = options.schema;
    let ask = async |sql: String| store.query(&sql, &[]).await.unwrap();
    let stats = format!(
        "select relname, seq_scan, seq_scan + coalesce(idx_scan, 0) as scans, seq_tup_read + coalesce(idx_tup_fetch, 0) \
         as rows from pg_stat_user_tables where schemaname = '{schema}'"
    );
    let read = async || -> Vec<_> { ask(stats.clone()).await.iter().map(|row| json(row)).collect() };
    let marks = |rows: &[serde_json::Value]| {
        let marker = rows.iter().find(|row| row["relname"] == "dataqueue_migrations").unwrap();
        marker["scans"].as_i64().unwrap()
    };
    // A connection tells its counts in order, and late: once those of a mark made afterwards are there, all are.
    let before = marks(&read().await);
    let mut rows = Vec::new();
    eventually("the server has counted", async || {
        ask(format!("select count(*) from {schema}.dataqueue_migrations")).await;
        let _ = store.query("select pg_stat_force_next_flush()", &[]).await;
        rows = read().await;
        marks(&rows) > before + 1
    })
    .await;
    let jobs: Vec<_> = rows.iter().filter(|row| row["relname"] != "dataqueue_migrations").collect();
    let name = |row: &serde_json::Value| row["relname"].as_str().unwrap().to_owned();
    let whole = jobs.iter().map(|row| (name(row), row["seq_scan"].as_i64().unwrap())).collect();
    (whole, jobs.iter().map(|row| row["rows"].as_i64().unwrap()).sum())
}

/// Makes each kind of call once, on a few jobs.
async fn each_call(store: &dyn Storage, hand: &Hand) {
    let filter = Filter { job_types: vec!["a".to_owned()], ..Filter::default() };
    let added = store.add((0..4).map(|_| job("a")).collect()).await.unwrap();
    let claimed = hand.claim(&["a"], 4).await;
    let ends = [complete(&claimed[0]), fail(&claimed[1], None), release(&claimed[2])];
    assert!(settled_all(&store.settle(&ends).await.unwrap()));
    assert!(settled_all(&store.settle(&[fail(&claimed[3], Some(Duration::from_secs(60)))]).await.unwrap()));
    assert!(store.change(added[1].id, &Change::Retry).await.unwrap());
    let edit = Change::Edit(JobEdit { priority: Some(1), ..JobEdit::default() });
    for (change, count) in [(&edit, 3), (&Change::Retry, 1), (&Change::Cancel, 3)] {
        assert_eq!(store.change_many(&filter, change, added[0].id - 1, 100).await.unwrap().changed, count);
    }
    for statuses in [vec![Status::Pending], vec![Status::Failed], vec![Status::Processing], vec![Status::Cancelled]] {
        let filter = Filter { statuses, ..Filter::default() };
        store.find(&filter, Page { limit: 10, offset: 0, before: None }).await.unwrap();
    }
    store.find(&Filter::default(), Page { limit: 10, offset: 0, before: None }).await.unwrap();
    store.get(&[added[0].id, added[1].id]).await.unwrap();
    store.events(added[0].id).await.unwrap();
    store.claimable_types().await.unwrap();
    store.reclaim(10).await.unwrap();
    store.reclaim_stuck(Duration::ZERO, 0, 10).await.unwrap();
    store.prune_jobs(&Prune { older_than: Duration::from_secs(60), statuses: vec![] }, 0, 10).await.unwrap();
    hand.renew(Duration::from_secs(600)).await.unwrap();
}

/// Adds jobs and completes them.
async fn finish(bench: &Bench, count: usize) {
    bench.add_all((0..count).map(|_| job("a")).collect()).await;
    let hand = bench.hand().await;
    let done: Vec<_> = hand.claim(&["a"], count as u32).await.iter().map(complete).collect();
    assert!(settled_all(&bench.settle(&done).await.unwrap()));
    bench.unregister(&hand.worker).await.unwrap();
}

/// How many rows each kind of call reads, all together, with so many finished and so many pending jobs around; the
/// server knows of them, or not yet.
fn cost(around: usize, known: bool) -> i64 {
    let mut cost = 0;
    crate::bench::run::<Postgres>(async |bench: &Bench| {
        bench.forget_history();
        let StoreOptions::Postgres(options) = bench.driver().options() else { panic!("no server") };
        let store = bench.narrow();
        let hand = Hand::with_lease(store.clone(), Duration::from_secs(600)).await;
        // Making the indexes reads the empty tables, of which the connection that made them may tell later.
        let mut made = HashMap::new();
        eventually("the making of the indexes was counted", async || {
            made = reads(bench, &*store).await.0;
            made["job_queue"] > 0
        })
        .await;
        finish(bench, around).await;
        bench.add_all((0..around).map(|_| job("b")).collect()).await;
        if known {
            // What the server does by itself when a table has grown for a minute.
            let tables = TABLES.map(|table| format!("{}.{table}", options.schema));
            store.execute(&format!("analyze {}", tables.join(", ")), &[]).await.unwrap();
        }
        let (_, before) = reads(bench, &*store).await;
        each_call(&*store, &hand).await;
        let (whole, after) = reads(bench, &*store).await;
        cost = after - before;
        for table in TABLES {
            assert_eq!(whole[table], made[table], "{table} was read from end to end");
        }
    });
    cost
}

#[test]
fn postgres_reads_no_table_as_a_whole_and_no_more_rows_when_many_jobs_are_around() {
    for known in [false, true] {
        let (few, many) = (cost(10, known), cost(3_000, known));
        assert!(many < few + 300, "rows read with few jobs around: {few}, with many: {many}; known: {known}");
    }
}

#[test]
fn postgres_compiles_no_statement() {
    crate::bench::run::<Postgres>(async |bench: &Bench| {
        let settings = bench.query("select current_setting('jit') as jit", &[]).await.unwrap();
        assert_eq!(json(&settings[0])["jit"], "off");
    });
}

#[test]
fn sqlite_has_an_index_for_every_statement() {
    crate::bench::run::<Sqlite>(async |bench: &Bench| {
        let StoreOptions::Sqlite(options) = bench.driver().options() else { panic!("no file") };
        let connection = rusqlite::Connection::open(options.path.unwrap()).unwrap();
        let queries = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage/sqlite/queries");
        let mut looked_at = 0;
        for entry in fs::read_dir(queries).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            // Parts of statements, which cannot be planned by themselves.
            let Ok(mut statement) = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")) else { continue };
            looked_at += 1;
            let plan: Vec<String> =
                statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            for step in plan.iter().filter(|step| step.starts_with("SCAN job_")) {
                // Either is small, or only its first row is asked for.
                let allowed = [
                    ("expired_workers", "SCAN job_workers"),
                    ("has_work", "SCAN job_ready"),
                    ("lease_ends", "SCAN job_workers"),
                    ("has_limits", "SCAN job_settings"),
                    ("has_limits", "SCAN job_types"),
                    ("paused", "SCAN job_types"),
                    ("paused", "SCAN job_groups USING INDEX idx_job_groups_paused"),
                    ("asked_jobs", "SCAN job_workers"),
                    ("fleet", "SCAN job_workers"),
                    ("clear_types", "SCAN job_types"),
                    ("clear_groups", "SCAN job_groups"),
                ];
                let allowed = allowed.contains(&(name.as_str(), step)) || step == "SCAN job_scheduled";
                assert!(allowed, "{name}.sql reads a table from end to end: {plan:?}");
            }
        }
        assert!(looked_at > 50, "{looked_at} statements only");
    });
}
