//! Opening the database and setting a connection up.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;
use rusqlite::{Connection, OpenFlags};

use super::fault::{Fault, Outcome, Place};
use super::forking::Counted;
use crate::error::{Error, Result};

/// The first version without the bug that could lose a commit when the log was reset.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Pages of log after which a commit copies them into the database file: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Statements kept prepared.
const STATEMENTS: usize = 128;

/// A connection, and that it counts as one to a file.
pub(super) struct Open {
    conn: Connection,
    _counted: Option<Counted>,
}

impl Deref for Open {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl DerefMut for Open {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }
}

/// A connection that may write: durable at each commit.
pub(super) fn open_writer(place: &Place, patience: Duration) -> Outcome<Open> {
    check_library()?;
    if let Some(path) = place.path() {
        refuse_network(path)?;
    }
    let conn = open(place, patience)?;
    use_write_ahead_log(&conn, place, patience)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    conn.pragma_update(None, "cache_size", -32 * 1024)?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn open_reader(place: &Place, patience: Duration) -> Outcome<Open> {
    let conn = open(place, patience)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -16 * 1024)?;
    Ok(conn)
}

fn open(place: &Place, patience: Duration) -> Outcome<Open> {
    let counted = place.path().map(|_| Counted::new()).transpose()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = match place.path() {
        Some(path) => Connection::open_with_flags(path, flags)?,
        None => Connection::open_in_memory_with_flags(flags)?,
    };
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.busy_handler(Some(back_off(patience)))?;
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(Open { conn, _counted: counted })
}

/// Waits in short, random steps: the stock handler's steps of up to 100 ms starve one of two busy processes.
#[allow(clippy::disallowed_methods, reason = "SQLite has no condition to wait for: a lock is asked for again")]
fn back_off(patience: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut since = Instant::now();
    move |times| {
        if times == 0 {
            since = Instant::now();
        }
        let longest = u64::try_from(times).unwrap_or(0).saturating_mul(100).clamp(200, 4_000);
        thread::sleep(Duration::from_micros(rand::rng().random_range(100..=longest)));
        since.elapsed() < patience
    }
}

/// SQLite does not wait for a lock when it changes the journal mode, so several first openers would collide.
#[allow(clippy::disallowed_methods, reason = "SQLite has no condition to wait for: a lock is asked for again")]
fn use_write_ahead_log(conn: &Connection, place: &Place, patience: Duration) -> Outcome<()> {
    let since = Instant::now();
    loop {
        let set = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match set.map_err(Fault::from) {
            Ok(mode) if mode == "wal" || place.path().is_none() => return Ok(()),
            Ok(mode) => {
                return Err(Error::Config(format!(
                    "{place} cannot use a write-ahead log (its journal mode is {mode}): put it on a local disk"
                ))
                .into());
            }
            Err(fault) if fault.is_busy() && since.elapsed() < patience => thread::sleep(Duration::from_millis(2)),
            Err(fault) => return Err(fault),
        }
    }
}

fn check_library() -> Result<()> {
    if rusqlite::version_number() >= OLDEST_SQLITE {
        return Ok(());
    }
    Err(Error::Config(format!(
        "this build has SQLite {}, which can lose commits: build with the bundled SQLite, 3.51.3 or later",
        rusqlite::version()
    )))
}

/// File locks and shared memory do not work between machines: two of them would damage the database.
fn refuse_network(path: &Path) -> Result<()> {
    let Ok(mounts) = fs::read_to_string("/proc/mounts") else { return Ok(()) };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(parent) = fs::canonicalize(parent) else { return Ok(()) };
    match file_system(&mounts, &parent) {
        Some(kind) if is_network(kind) => Err(Error::Config(format!(
            "{} lies on a network file system ({kind}), where SQLite's locks do not hold: use a local disk, or PostgreSQL",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// The kind of the file system that holds `path`: that of the deepest mount above it, the last one if there are several.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let point = PathBuf::from(fields.next()?.replace("\\040", " "));
            path.starts_with(&point).then_some((point.components().count(), fields.next()?))
        })
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

fn is_network(kind: &str) -> bool {
    ["nfs", "cifs", "smb", "afs", "ceph", "lustre", "glusterfs", "fuse.sshfs"].iter().any(|name| kind.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "/dev/a / ext4 rw 0 0\nsrv:/x /mnt/my\\040share nfs4 rw 0 0\n//srv/y /mnt/win cifs rw 0 0\n\
                          /dev/b /mnt/win/local xfs rw 0 0\n";

    #[test]
    fn the_deepest_mount_decides() {
        let kind = |path: &str| file_system(MOUNTS, Path::new(path)).unwrap();
        assert_eq!(kind("/home/a"), "ext4");
        assert_eq!(kind("/mnt/windows"), "ext4");
        assert!(is_network(kind("/mnt/my share/db")));
        assert!(is_network(kind("/mnt/win")));
        assert!(!is_network(kind("/mnt/win/local/deep")));
    }
}
