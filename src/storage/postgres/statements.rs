//! The statements, with the schema written into each, and the types of their parameters.

use tokio_postgres::types::Type;

use super::rows::{JOB_COLUMNS, TOKEN_COLUMNS};
use super::schedules::SCHEDULE_COLUMNS;

/// One statement: constant text, so that it is prepared once on each connection.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) types: Vec<Type>,
}

/// What the markers in the `.sql` files stand for.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The schema as a quoted identifier.
    pub(super) schema: String,
    /// The channel of this schema's notifications: a hash, since a channel's name has at most 63 bytes.
    pub(super) channel: String,
}

impl Names {
    pub(super) fn new(schema: &str) -> Self {
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        Self { schema: quoted, channel: format!("dataqueue_{:016x}", fingerprint(schema)) }
    }

    /// The text of a statement: comments taken out, fragments and names put in.
    pub(super) fn render(&self, text: &str, fragments: &[(&str, &str)]) -> String {
        let mut sql = without_comments(text);
        for (marker, fragment) in fragments {
            sql = sql.replace(marker, without_comments(fragment).trim_end());
        }
        sql = each(&sql);
        sql.replace("{notify}", without_comments(NOTIFY).trim_end())
            .replace("{queued}", without_comments(QUEUED).trim_end())
            .replace("{replace}", REPLACE)
            .replace("{replace_ready}", REPLACE_READY)
            .replace("{stamp}", STAMP)
            .replace("{lost}", LOST)
            .replace("{job}", JOB_COLUMNS)
            .replace("{schedule}", SCHEDULE_COLUMNS)
            .replace("{token}", TOKEN_COLUMNS)
            .replace("{channel}", &self.channel)
            .replace("{schema_text}", &self.schema.replace('\'', "''"))
            .replace("{schema}", &self.schema)
    }
}

/// The end of the statements that end jobs.
pub(super) const NOTIFY: &str = include_str!("queries/notify.sql");
/// The end of most statements that add jobs.
pub(super) const QUEUED: &str = include_str!("queries/queued.sql");
/// A row left over from a change that was not seen gives way.
const REPLACE: &str = "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, priority = excluded.priority, \
                       retrying = excluded.retrying, job_type = excluded.job_type";
const REPLACE_READY: &str = "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, rank = excluded.rank, \
                             retrying = excluded.retrying, job_type = excluded.job_type";
/// The store's time in the form of error histories.
const STAMP: &str = r#"to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#;
/// What an error history says of a job whose worker died once too often.
const LOST: &str = "'the worker that ran this job died or was cut off: its lease ran out'";

/// A number that is the same for the same text in every version of this library (FNV-1a).
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Writes out `{each column}`, a condition that is always true: the planner takes it to leave about one row, and so looks up each
/// row by its key. It would otherwise keep a plan that reads a whole table, made when that table was small.
fn each(sql: &str) -> String {
    let mut parts = sql.split("{each ");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (column, rest) = part.split_once('}').unwrap_or((part, ""));
        written.extend([column, " + 0 = ", column, rest]);
    }
    written
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("--")).map(|line| line.to_owned() + "\n").collect()
}

macro_rules! statements {
    ($($name:ident: $file:literal $({ $($marker:literal: $fragment:expr),+ })? ($($type:ident),*);)+) => {
        /// Every statement whose text is constant.
        #[derive(Debug)]
        pub(super) struct Statements { $(pub(super) $name: Statement,)+ }

        impl Statements {
            pub(super) fn new(names: &Names) -> Self {
                Self { $($name: Statement {
                    sql: names.render(include_str!(concat!("queries/", $file, ".sql")), &[$($(($marker, $fragment)),+)?]),
                    types: vec![$(Type::$type),*],
                },)+ }
            }

            /// Each statement with its name and the files and pieces that it is made of.
            pub(super) fn all(&self) -> Vec<(&'static str, &Statement, Vec<&'static str>)> {
                vec![$((
                    stringify!($name),
                    &self.$name,
                    vec![include_str!(concat!("queries/", $file, ".sql")), $($($fragment),+)?],
                )),+]
            }
        }
    };
}

statements! {
    add_one: "add_one" (TEXT, JSONB, INT4, INT4, INT4, TEXT, TEXT, FLOAT8, BOOL, FLOAT8, TEXT);
    add: "add" (TEXT_ARRAY, JSONB_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, INT4_ARRAY, INT4_ARRAY, TEXT_ARRAY, FLOAT8_ARRAY,
        BOOL_ARRAY, FLOAT8_ARRAY);
    add_keyed: "add_keyed" (TEXT_ARRAY, JSONB_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, INT4_ARRAY,
        INT4_ARRAY, TEXT_ARRAY, TEXT_ARRAY, FLOAT8_ARRAY, BOOL_ARRAY, FLOAT8_ARRAY);
    holders: "holders" (TEXT_ARRAY);
    receive: "receive" (JSONB);
    external_insert: "external_insert" ();
    external_lookup: "external_lookup" ();
    promote: "promote" (TEXT_ARRAY, INT8);
    claim_one: "claim" { "{pick}": include_str!("queries/pick_one.sql"), "{next}": include_str!("queries/next_one.sql"),
        "{more}": include_str!("queries/more.sql") } (INT8, TEXT, INT8, TEXT_ARRAY, INT8, BOOL, INT8, INT8_ARRAY,
        TEXT_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, INT8_ARRAY, INT8_ARRAY);
    claim_many: "claim" { "{pick}": include_str!("queries/pick_many.sql"), "{next}": include_str!("queries/next_many.sql"),
        "{more}": include_str!("queries/more.sql") } (INT8, TEXT, INT8, TEXT_ARRAY, INT8, BOOL, INT8, INT8_ARRAY,
        TEXT_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, INT8_ARRAY, INT8_ARRAY);
    claimable_types: "claimable_types" ();
    claim_reply: "claim_reply" (INT8, INT8);
    ask_claim: "ask_claim" (INT8, INT8);
    complete: "complete" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, JSONB_ARRAY);
    fail: "fail" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, INT4_ARRAY, TEXT_ARRAY, TEXT_ARRAY, TEXT_ARRAY, TEXT_ARRAY,
        FLOAT8_ARRAY, INT4);
    release: "release" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY);
    stop: "stop" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY);
    wait: "wait" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, TIMESTAMPTZ_ARRAY, JSONB_ARRAY, JSONB_ARRAY, TEXT_ARRAY);
    resume: "resume" (TEXT_ARRAY, INT8_ARRAY, INT8);
    lost_waits: "lost_waits" (TEXT, INT8);
    create_token: "create_token" (TEXT, INT8, FLOAT8, TEXT);
    get_token: "get_token" (TEXT);
    complete_token: "complete_token" (TEXT, JSONB);
    expire_tokens: "expire_tokens" (INT8);
    prune_tokens: "prune_tokens" (FLOAT8, INT8);
    settled_before: "settled_before" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY);
    note: "note" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, INT4_ARRAY, JSONB_ARRAY, INT8_ARRAY, JSONB_ARRAY);
    register: "register" (TEXT, INT8);
    renew: "renew" (INT8, INT8);
    unregister: "unregister" (INT8, INT8_ARRAY);
    look: "look" (INT8, TEXT_ARRAY);
    bury: "bury" ();
    reclaim: "reclaim" { "{workers}": include_str!("queries/orphans.sql"), "{chosen}": "SELECT job_id, worker_id, token FROM leased LIMIT $1::int8",
        "{looked_at}": "(SELECT count(*) FROM swept)" } (INT8, INT4, INT4);
    reclaim_stuck: "reclaim" { "{workers}": include_str!("queries/silent.sql"), "{chosen}": include_str!("queries/stuck.sql"),
        "{looked_at}": "(SELECT count(*) FROM chosen)" } (INT8, INT4, INT4, INT8, FLOAT8);
    cancel: "cancel" (INT8_ARRAY);
    request_cancel: "request_cancel" (INT8_ARRAY);
    retry: "retry" (INT8_ARRAY);
    edit: "edit" (INT8_ARRAY, JSONB, INT4, INT4, BOOL, TIMESTAMPTZ, BOOL, INT4, BOOL, TEXT_ARRAY, BOOL, FLOAT8, BOOL, BOOL,
        BOOL, FLOAT8, JSONB, BOOL);
    prune_jobs: "prune_jobs" (INT8, INT8, TEXT_ARRAY, FLOAT8);
    prune_payloads: "prune_payloads" (INT8, INT8, FLOAT8);
    prune_events: "prune_events" (FLOAT8, INT8);
    prune_event_batches: "prune_event_batches" (FLOAT8, INT8);
    get: "get" (INT8_ARRAY);
    events: "events" (INT8);
    add_schedule: "add_schedule" (TEXT, TEXT, TEXT, TEXT, BOOL, TEXT, JSONB, INT4, INT4, INT4, TEXT_ARRAY, FLOAT8, BOOL,
        FLOAT8, TIMESTAMPTZ);
    replace_schedule: "replace_schedule" (INT8, TIMESTAMPTZ, TEXT, TEXT, TEXT, TEXT, BOOL, TEXT, JSONB, INT4, INT4, INT4,
        TEXT_ARRAY, FLOAT8, BOOL, FLOAT8, TIMESTAMPTZ);
    remove_schedule: "remove_schedule" (INT8);
    schedule_by_id: "schedule_by_id" (INT8);
    schedule_by_name: "schedule_by_name" (TEXT);
    schedule_page: "schedule_page" (INT8, TEXT, INT8);
    due_schedules: "due_schedules" (TIMESTAMPTZ, INT8, INT8);
    fire: "fire" (INT8, TIMESTAMPTZ, TIMESTAMPTZ, TIMESTAMPTZ_ARRAY, TIMESTAMPTZ, JSONB);
    watch: "watch" (INT8, FLOAT8);
    wake: "wake" (TEXT);
    applied: "applied" ();
    durability: "durability" ();
}
