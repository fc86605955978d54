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
        sql = each(&each(&sql, "{each ", " + 0 = "), "{each_text ", " || '' = ");
        sql.replace("{told}", TOLD)
            .replace("{notify}", without_comments(NOTIFY).trim_end())
            .replace("{queued}", without_comments(QUEUED).trim_end())
            .replace("{no_terms}", NO_TERMS)
            .replace("{replace}", REPLACE)
            .replace("{replace_ready}", REPLACE_READY)
            .replace("{expiring}", without_comments(EXPIRING).trim_end())
            .replace("{kept_until}", KEPT_UNTIL)
            .replace("{lettered}", LETTERED)
            .replace("{letters}", without_comments(LETTERS).trim_end())
            .replace("{letter_count}", LETTER_COUNT)
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
/// How many wait for the end of what a statement ended.
const TOLD: &str = "{notify} + (SELECT count(*) FROM done WHERE has_dependents)";
/// Ids in a document that a caller's own library sends.
const SENT_IDS: &str =
    "ARRAY(SELECT CAST(e.id AS bigint) FROM jsonb_array_elements_text(CAST(CAST({param} AS text) AS jsonb)) AS e (id))";
/// How many jobs one statement cancels because of others, at most.
const CANCELLED: &str = "1000";
/// The end of most statements that add jobs.
pub(super) const QUEUED: &str = include_str!("queries/queued.sql");
/// What [`QUEUED`] is told of jobs whose terms were noted when they were added.
const NO_TERMS: &str = "CAST(NULL AS timestamptz) AS expires_at, CAST(NULL AS jsonb) AS extras";
/// What statements add that fail jobs: the dead letters of these.
pub(super) const LETTERS: &str = include_str!("queries/letters.sql");
/// What the dead letter of a job `j` is made of; nulls where it gets none.
const LETTERED: &str = "j.attempts, j.max_attempts, \
    CASE WHEN j.status = 'failed' AND j.next_attempt_at IS NULL THEN j.dead_letter_job_type END AS letter_type, \
    j.dead_letter_job_id AS letter_id, \
    CASE WHEN j.status = 'failed' AND j.next_attempt_at IS NULL AND j.dead_letter_job_type IS NOT NULL THEN j.payload END AS original, \
    j.extras -> 'traceparent' AS trace";
/// How many dead letters there were, as a column of that name.
const LETTER_COUNT: &str = "(SELECT count(*) FROM letters) AS letters";
/// What statements add that move jobs in time.
pub(super) const EXPIRING: &str = include_str!("queries/expiring.sql");
/// Until when a job `j` is kept that has ended and is kept for a span of its own; null of others.
const KEPT_UNTIL: &str = "CASE WHEN j.status = 'completed' THEN j.completed_at WHEN j.status = 'cancelled' THEN j.last_cancelled_at \
    WHEN j.status = 'failed' AND j.next_attempt_at IS NULL THEN j.last_failed_at END \
    + CAST(j.extras ->> 'keep_result_for' AS double precision) * interval '1 second'";
/// A row left over from a change that was not seen gives way.
const REPLACE: &str = "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, priority = excluded.priority, \
                       retrying = excluded.retrying, job_type = excluded.job_type, group_id = excluded.group_id, \
                       group_tier = excluded.group_tier";
const REPLACE_READY: &str = "ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, rank = excluded.rank, \
                             retrying = excluded.retrying, job_type = excluded.job_type, \
                             group_id = excluded.group_id, group_tier = excluded.group_tier";
/// The store's time in the form of error histories.
const STAMP: &str = r#"to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#;
/// What an error history says of a job whose worker died once too often.
const LOST: &str = "'the worker that ran this job died or was cut off: its lease ran out'";

/// A number that is the same for the same text in every version of this library (FNV-1a).
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Writes out `{each column}`, and `{each_text column}`, a condition that is always true: the planner takes it to leave about one row, and so looks up each
/// row by its key. It would otherwise keep a plan that reads a whole table, made when that table was small.
fn each(sql: &str, marker: &str, same: &str) -> String {
    let mut parts = sql.split(marker);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (column, rest) = part.split_once('}').unwrap_or((part, ""));
        written.extend([column, same, column, rest]);
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
        INT4_ARRAY, TEXT_ARRAY, TEXT_ARRAY, FLOAT8_ARRAY, BOOL_ARRAY, FLOAT8_ARRAY, JSONB_ARRAY);
    holders: "holders" (TEXT_ARRAY);
    hold_kinds: "hold_kinds" (TEXT_ARRAY);
    kinds: "kinds" (TEXT_ARRAY);
    take_kinds: "take_kinds" (TEXT_ARRAY, INT8_ARRAY, FLOAT8_ARRAY);
    debounce: "debounce" (INT8, JSONB, TIMESTAMPTZ, JSONB, TIMESTAMPTZ);
    prune_kinds: "prune_kinds" (TEXT, INT8);
    tie: "tie" { "{ids}": "$1::int8[]", "{held}": "array_agg(id)" } (INT8_ARRAY);
    bind: "bind" { "{document}": "$1::jsonb", "{bound}": "count(*)" } (JSONB);
    release_dependents: "release_dependents" (INT8_ARRAY, INT8);
    cancel_dependents: "cancel_dependents" { "{ids}": "$1::int8[]", "{most}": CANCELLED, "{cancelled}":
        "array_agg(id), {notify}" } (INT8_ARRAY);
    hold_waiters: "hold_waiters" (INT8_ARRAY);
    witness: "witness" { "{ids}": "$1::int8[]", "{bound}": "count(*)" } (INT8_ARRAY);
    free_waiters: "free_waiters" { "{ids}": "$1::int8[]", "{freed}":
        "count(*) FILTER (WHERE NOT held), array_agg(id) FILTER (WHERE held)" } (INT8_ARRAY);
    lost_dependents: "lost_dependents" (INT8, INT8);
    prerequisites: "prerequisites" (INT8_ARRAY);
    external_tie: "tie" { "{ids}": SENT_IDS, "{held}": "0, id" } ();
    external_bind: "bind" { "{document}": "CAST(CAST({param} AS text) AS jsonb)", "{bound}": "0, count(*)" } ();
    external_cancel: "cancel_dependents" { "{ids}": SENT_IDS, "{most}": CANCELLED, "{cancelled}":
        "count(*), {notify}" } ();
    external_witness: "witness" { "{ids}": SENT_IDS, "{bound}": "0, count(*)" } ();
    external_free_waiters: "free_waiters" { "{ids}": SENT_IDS, "{freed}": "0, count(*) FILTER (WHERE held)" } ();
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
    claim_limited: "claim_limited" { "{turned}": "", "{start}": include_str!("queries/start_limited.sql"),
        "{pick}": include_str!("queries/pick_limited.sql"), "{next}": include_str!("queries/next_many.sql"),
        "{more}": include_str!("queries/more_limited.sql"), "{grant}": include_str!("queries/grant.sql"), "{limits}": "flow IS NOT NULL AND", "{seat}": "" } (INT8, TEXT,
        INT8, TEXT_ARRAY, INT8, BOOL, INT8, INT8_ARRAY, TEXT_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, INT8_ARRAY, INT8_ARRAY);
    take_turns: "take_turns" (TEXT_ARRAY);
    claim_fair: "claim_limited" { "{turned}": include_str!("queries/turned.sql"),
        "{start}": include_str!("queries/start_limited.sql"), "{pick}": include_str!("queries/pick_fair.sql"),
        "{seat_groups}": include_str!("queries/seat_groups.sql"), "{next}": include_str!("queries/next_many.sql"),
        "{more}": include_str!("queries/more_limited.sql"), "{grant}": include_str!("queries/grant.sql"), "{limits}": "", "{seat}": ", p.seat" } (INT8, TEXT,
        INT8, TEXT_ARRAY, INT8, BOOL, INT8, INT8_ARRAY, TEXT_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, INT8_ARRAY, INT8_ARRAY, JSONB);
    has_limits: "has_limits" ();
    free: "free" (INT8_ARRAY);
    admit: "admit" { "{held}": include_str!("queries/held_ended.sql") } (INT8_ARRAY, TEXT_ARRAY);
    open_lines: "admit" { "{held}": include_str!("queries/held_open.sql") } ();
    shut: "shut" ();
    group_limits: "group_limits" ();
    disband: "disband" (TEXT, INT8);
    lines: "lines" (TEXT, INT4);
    lock_slots: "lock_slots" ();
    recount: "recount" ();
    set_types: "set_types" (TEXT_ARRAY, INT4_ARRAY, TEXT_ARRAY, INT4_ARRAY, FLOAT8_ARRAY);
    set_setting: "set_setting" (TEXT, JSONB);
    set_flow: "set_flow" ();
    hold_rate: "hold_rate" (TEXT, FLOAT8);
    pause_type: "pause_type" (TEXT, BOOL);
    pause_group: "pause_group" (TEXT, BOOL);
    paused: "paused" ();
    claimable_types: "claimable_types" ();
    claim_reply: "claim_reply" (INT8, INT8);
    ask_claim: "ask_claim" (INT8, INT8);
    complete: "complete" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, JSONB_ARRAY, BOOL);
    fail: "fail" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, INT4_ARRAY, TEXT_ARRAY, TEXT_ARRAY, TEXT_ARRAY, TEXT_ARRAY,
        FLOAT8_ARRAY, INT4);
    release: "release" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY);
    stop: "stop" (INT8_ARRAY, INT8_ARRAY, INT8_ARRAY, TEXT_ARRAY);
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
    register: "register" (TEXT, INT8, TEXT, INT8, TEXT, INT4, TEXT_ARRAY);
    renew: "renew" (INT8, INT8);
    overview: "overview" (INT8, INT8, INT8);
    fleet: "fleet" ();
    workers: "workers" (INT8, INT8, INT8);
    drain_worker: "drain_worker" (INT8);
    groups: "groups" (TEXT, INT8, INT8);
    type_limits: "type_limits" ();
    tokens: "tokens" (TEXT_ARRAY, TIMESTAMPTZ, TEXT, BOOL, INT8);
    dependents: "dependents" (INT8, INT8);
    delete: "delete" (INT8_ARRAY);
    unregister: "unregister" (INT8, INT8_ARRAY);
    look: "look" (INT8, TEXT_ARRAY);
    bury: "bury" ();
    reclaim: "reclaim" { "{workers}": include_str!("queries/orphans.sql"), "{chosen}": "SELECT job_id, worker_id, token FROM leased LIMIT $1::int8",
        "{looked_at}": "(SELECT count(*) FROM swept)" } (INT8, INT4, INT4);
    reclaim_stuck: "reclaim" { "{workers}": include_str!("queries/silent.sql"), "{chosen}": include_str!("queries/stuck.sql"),
        "{looked_at}": "(SELECT count(*) FROM chosen)" } (INT8, INT4, INT4, INT8, FLOAT8);
    cancel: "cancel" (INT8_ARRAY);
    request_cancel: "request_cancel" (INT8_ARRAY);
    retry: "retry" (INT8_ARRAY, TIMESTAMPTZ, FLOAT8, BOOL);
    edit: "edit" (INT8_ARRAY, JSONB, INT4, INT4, BOOL, TIMESTAMPTZ, BOOL, INT4, BOOL, TEXT_ARRAY, BOOL, FLOAT8, BOOL, BOOL,
        BOOL, FLOAT8, JSONB, BOOL);
    expire_jobs: "expire_jobs" (INT8, TEXT);
    drop_kept: "drop_kept" (INT8);
    put_off_terms: "put_off_terms" (INT8);
    prune_jobs: "prune_jobs" (INT8, INT8, TEXT_ARRAY, FLOAT8);
    prune_payloads: "prune_payloads" (INT8, INT8, FLOAT8);
    prune_events: "prune_events" (FLOAT8, INT8);
    prune_event_batches: "prune_event_batches" (FLOAT8, INT8);
    get: "get" (INT8_ARRAY);
    events: "events" (INT8);
    tail: "tail" (INT8, INT8, INT8_ARRAY, INT8, INT8, INT8, INT8, INT8, TEXT_ARRAY, INT8);
    add_schedule: "add_schedule" (TEXT, TEXT, TEXT, TEXT, BOOL, TEXT, JSONB, INT4, INT4, INT4, TEXT_ARRAY, FLOAT8, BOOL,
        FLOAT8, TIMESTAMPTZ, JSONB);
    replace_schedule: "replace_schedule" (INT8, TIMESTAMPTZ, TEXT, TEXT, TEXT, TEXT, BOOL, TEXT, JSONB, INT4, INT4, INT4,
        TEXT_ARRAY, FLOAT8, BOOL, FLOAT8, TIMESTAMPTZ, JSONB);
    remove_schedule: "remove_schedule" (INT8);
    schedule_by_id: "schedule_by_id" (INT8);
    schedule_by_name: "schedule_by_name" (TEXT);
    schedule_page: "schedule_page" (INT8, TEXT, INT8);
    due_schedules: "due_schedules" (TIMESTAMPTZ, INT8, INT8);
    fire: "fire" (INT8, TIMESTAMPTZ, TIMESTAMPTZ, TIMESTAMPTZ_ARRAY, TIMESTAMPTZ, JSONB);
    record_traffic: "record_traffic" (INT8, INT8, TEXT_ARRAY, INT8_ARRAY, INT4);
    traffic: "traffic" (INT4, FLOAT8, TEXT, INT8);
    prune_traffic: "prune_traffic" (INT4, FLOAT8, INT8);
    watch: "watch" (INT8, FLOAT8);
    wake: "wake" (TEXT);
    applied: "applied" ();
    durability: "durability" ();
}
