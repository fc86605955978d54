//! The conditions of a measurement, told before it.

#![allow(clippy::print_stdout, reason = "a bench speaks to whoever runs it")]

use std::sync::Once;
use std::thread;

use dataqueue::storage::sqlite::SqliteStorage;

use super::{Bed, PAYLOAD};

static MACHINE: Once = Once::new();

fn tell_machine() {
    MACHINE.call_once(|| {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        println!("machine: {cores} cores, {}", std::env::consts::ARCH);
        println!("jobs: payloads of {} bytes, events kept, finished jobs kept", PAYLOAD.len());
    });
}

pub fn tell_postgres(bed: &Bed) {
    tell_machine();
    let sql = "SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'fsync', 'synchronous_commit', \
               'full_page_writes', 'shared_buffers', 'wal_level') ORDER BY name <> 'server_version', name";
    let rows = bed.wait(bed.store.query(sql, &[])).unwrap();
    let settings: Vec<String> = rows
        .iter()
        .map(|row| {
            let row: serde_json::Value = serde_json::from_slice(row).unwrap();
            format!("{} {}", row["name"].as_str().unwrap(), row["setting"].as_str().unwrap())
        })
        .collect();
    println!("postgres: {}", settings.join(", "));
}

pub fn tell_redis(bed: &Bed) {
    tell_machine();
    let durability = bed.wait(bed.store.durability()).unwrap();
    println!("redis: {durability:?}");
}

pub fn tell_sqlite(bed: &Bed, store: &SqliteStorage) {
    tell_machine();
    let settings: Vec<_> =
        bed.wait(store.settings()).unwrap().iter().map(|(name, value)| format!("{name} {value}")).collect();
    println!("{}: version {}, {}", bed.store.backend(), rusqlite::version(), settings.join(", "));
}
