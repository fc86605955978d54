//! The statements, one `.sql` file each. Constant text, so that each is prepared once for a connection.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("queries/", $file, ".sql"));)*

        /// Each statement with its name and the files that it is made of.
        pub(super) fn all() -> Vec<(&'static str, String, Vec<&'static str>)> {
            vec![
                ("get_job", GET_JOB.clone(), vec![COLUMNS, include_str!("queries/get_job.sql")]),
                ("schedule_by_id", SCHEDULE_BY_ID.clone(), of_schedules(include_str!("queries/schedule_by_id.sql"))),
                ("schedule_by_name", SCHEDULE_BY_NAME.clone(), of_schedules(include_str!("queries/schedule_by_name.sql"))),
                ("schedule_page", SCHEDULE_PAGE.clone(), of_schedules(include_str!("queries/schedule_page.sql"))),
                ("due_schedules", DUE_SCHEDULES.clone(), of_schedules(include_str!("queries/due_schedules.sql"))),
                $(($file, $name.to_owned(), vec![$name])),*
            ]
        }
    };
}

/// What [`super::rows::job`] reads.
const COLUMNS: &str = include_str!("queries/columns.sql");

/// One job.
pub(super) static GET_JOB: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("SELECT\n{COLUMNS}{}", include_str!("queries/get_job.sql")));

macro_rules! of_schedules {
    ($($name:ident = $file:literal;)*) => {
        $(
            /// Reads schedules, as the file of that name says.
            pub(super) static $name: std::sync::LazyLock<String> =
                std::sync::LazyLock::new(|| format!("SELECT\n{}{}", SCHEDULE_COLUMNS, include_str!(concat!("queries/", $file, ".sql"))));
        )*
    };
}

/// What [`super::rows::schedule`] reads.
const SCHEDULE_COLUMNS: &str = include_str!("queries/schedule_columns.sql");

fn of_schedules(file: &'static str) -> Vec<&'static str> {
    vec![SCHEDULE_COLUMNS, file]
}

of_schedules! {
    SCHEDULE_BY_ID = "schedule_by_id";
    SCHEDULE_BY_NAME = "schedule_by_name";
    SCHEDULE_PAGE = "schedule_page";
    DUE_SCHEDULES = "due_schedules";
}

statements! {
    DRAIN_WORKER = "drain_worker";
    FLEET = "fleet";
    WORKER_PAGE = "worker_page";
    WORKER_RUNS = "worker_runs";
    TALLY_OPEN = "tally_open";
    TALLY_COMPLETED = "tally_completed";
    FIRST_READY = "first_ready";
    FIRST_SCHEDULED = "first_scheduled";
    TALLY_READY = "tally_ready";
    TALLY_SCHEDULED = "tally_scheduled";
    GROUP_PAGE = "group_page";
    TALLY_LINE = "tally_line";
    LIMIT_PAGE = "limit_page";
    TOKEN_PAGE = "token_page";
    DEPENDENT_PAGE = "dependent_page";
    BLOCK = "block";
    UNBLOCK = "unblock";
    CANCEL_BLOCKED = "cancel_blocked";
    ADD_DEPENDENCY = "add_dependency";
    DROP_DEPENDENCY = "drop_dependency";
    DROP_PREREQUISITES = "drop_prerequisites";
    DEPENDENTS = "dependents";
    HAS_DEPENDENTS = "has_dependents";
    WAITS_FOR_JOBS = "waits_for_jobs";
    PREREQUISITES = "prerequisites";
    ENDING = "ending";
    WITNESS = "witness";
    LOST_DEPENDENTS = "lost_dependents";
    ADD_EVENT = "add_event";
    ADD_JOB = "add_job";
    ADD_EXTRAS = "add_extras";
    HAS_LIMITS = "has_limits";
    SETTING = "setting";
    KEEP_SETTING = "keep_setting";
    DROP_SETTING = "drop_setting";
    TYPE_LIMITS = "type_limits";
    SET_TYPE = "set_type";
    SET_RATE = "set_rate";
    HOLD_RATE = "hold_rate";
    SPEND_RATE = "spend_rate";
    FORGET_TYPE = "forget_type";
    PAUSE_TYPE = "pause_type";
    PAUSE_GROUP = "pause_group";
    PAUSED = "paused";
    GROUP_LIMITS = "group_limits";
    COUNT_GROUP = "count_group";
    COUNT_TYPE = "count_type";
    END_OF_GROUP = "end_of_group";
    ADD_SLOT = "add_slot";
    DROP_SLOT = "drop_slot";
    JOB_GROUP = "job_group";
    ADD_LINE = "add_line";
    LINE_TYPES = "line_types";
    LINE_HEADS = "line_heads";
    DROP_LINE = "drop_line";
    LINE_GROUPS = "line_groups";
    OPEN_LINES = "open_lines";
    HAS_OPEN_LINES = "has_open_lines";
    NEXT_OPENING = "next_opening";
    OPEN_AT = "open_at";
    SHUT_LINES = "shut_lines";
    SPEND_GROUP = "spend_group";
    UNCOUNTED = "uncounted";
    CLEAR_SLOTS = "clear_slots";
    CLEAR_TYPES = "clear_types";
    CLEAR_GROUPS = "clear_groups";
    ADD_LEASE = "add_lease";
    LETTER = "letter";
    KIND = "kind";
    TAKE_KIND = "take_kind";
    NEXT_KINDS = "next_kinds";
    DROP_KIND = "drop_kind";
    ADD_TERM = "add_term";
    DUE_TERMS = "due_terms";
    DROP_TERM = "drop_term";
    NEXT_TERM = "next_term";
    MARK_LETTERED = "mark_lettered";
    ADD_MIGRATION = "add_migration";
    ADD_READY = "add_ready";
    ADD_READY_GROUPED = "add_ready_grouped";
    TURN = "turn";
    KEEP_TURN = "keep_turn";
    FIRST_GROUP = "first_group";
    NEXT_GROUP = "next_group";
    PICK_OF_GROUP = "pick_of_group";
    NEXT_PRIORITY = "next_priority";
    PICK_OF_PRIORITY = "pick_of_priority";
    ADD_SCHEDULE = "add_schedule";
    ADD_SCHEDULED = "add_scheduled";
    START_JOB = "start_job";
    ADD_TAG = "add_tag";
    NEWEST_COMPLETION = "newest_completion";
    HAS_JOB_WAITS = "has_job_waits";
    RESUME = "resume";
    WAITERS = "waiters";
    DROP_TOKENS = "drop_tokens";
    PRUNE_TOKENS = "prune_tokens";
    EXPIRE_TOKENS = "expire_tokens";
    COMPLETE_TOKEN = "complete_token";
    GET_TOKEN = "get_token";
    ADD_TOKEN = "add_token";
    APPLIED_MIGRATIONS = "applied_migrations";
    ASKED_JOBS = "asked_jobs";
    ASK_CLAIM = "ask_claim";
    CANCEL = "cancel";
    CANCELLING = "cancelling";
    CHANGE_STATE = "change_state";
    CLAIM_LEASES = "claim_leases";
    COMPLETE = "complete";
    CRASHED = "crashed";
    CREATE_MIGRATIONS = "create_migrations";
    DROP_BODIES = "drop_bodies";
    DROP_BODY = "drop_body";
    DROP_EVENTS = "drop_events";
    DROP_JOB = "drop_job";
    DROP_LEASE = "drop_lease";
    DROP_MIGRATION = "drop_migration";
    DROP_PAYLOAD = "drop_payload";
    DROP_PROMOTED = "drop_promoted";
    DROP_READY = "drop_ready";
    DROP_SCHEDULED = "drop_scheduled";
    DROP_TAG = "drop_tag";
    EDIT = "edit";
    END_LEASE = "end_lease";
    ERROR_HISTORY = "error_history";
    EVENTS = "events";
    EXPIRED_WORKERS = "expired_workers";
    FAIL = "fail";
    FALLS_DUE = "falls_due";
    FIRE = "fire";
    HAS_LEASE = "has_lease";
    HAS_MIGRATIONS = "has_migrations";
    CLAIMABLE_TYPES = "claimable_types";
    HAS_WORK = "has_work";
    HOLDER = "holder";
    HOLD_SCHEDULE = "hold_schedule";
    LAST_ASKED = "last_asked";
    TRAFFIC_TOLD = "traffic_told";
    TELL_TRAFFIC = "tell_traffic";
    TRAFFIC_ROW = "traffic_row";
    KEEP_TRAFFIC = "keep_traffic";
    TRAFFIC = "traffic";
    PRUNE_TRAFFIC = "prune_traffic";
    LEASE_ENDS = "lease_ends";
    LOOK = "look";
    IS_CLAIMABLE = "is_claimable";
    LOSE_JOB = "lose_job";
    MARK_LEASE = "mark_lease";
    NEWEST_CHANGE = "newest_change";
    NEWEST_EVENT = "newest_event";
    NEXT_DUE = "next_due";
    NEXT_TICK = "next_tick";
    NOTE_OUTPUT = "note_output";
    NOTE_PROGRESS = "note_progress";
    NOTE_PROLONGED = "note_prolonged";
    NOTE_STEPS = "note_steps";
    ORPHANED_LEASES = "orphaned_leases";
    PICK = "pick";
    PROMOTE = "promote";
    PRUNABLE = "prunable";
    PRUNABLE_EVENTS = "prunable_events";
    PRUNE_EVENTS = "prune_events";
    PUT_BODY = "put_body";
    RECEIVE_PAST = "receive_past";
    RECLAIM_JOB = "reclaim_job";
    REGISTER = "register";
    RELEASE = "release";
    REMOVE_SCHEDULE = "remove_schedule";
    RENEW = "renew";
    REPLACE_SCHEDULE = "replace_schedule";
    REQUEST_CANCEL = "request_cancel";
    RETRY = "retry";
    RUNNING = "running";
    STEP_DATA = "step_data";
    STOP = "stop";
    STOP_CRASHED = "stop_crashed";
    TAIL = "tail";
    UNREGISTER = "unregister";
    WAIT = "wait";
    WAS_SETTLED = "was_settled";
    WORKER_LEASES = "worker_leases";
}
