-- Limits, rates and pauses. Until the first is set, no claim looks at them: then there is a row in one of the first two tables.
CREATE TABLE job_settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Types that have a limit or are paused.
CREATE TABLE job_types (
    job_type    TEXT PRIMARY KEY,
    running     INTEGER NOT NULL DEFAULT 0,
    max_running INTEGER,
    rate_key    TEXT,
    paused      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- How many jobs of a key may start within so many microseconds, and how many did when: pairs of a time and a number. None starts
-- before `held_until`.
CREATE TABLE job_rates (
    key        TEXT PRIMARY KEY,
    most       INTEGER NOT NULL,
    per        INTEGER NOT NULL,
    held_until INTEGER,
    spent      TEXT    NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

-- How many jobs of a group run, and may, as the last claim of one saw it.
CREATE TABLE job_groups (
    group_id TEXT PRIMARY KEY,
    running  INTEGER NOT NULL DEFAULT 0,
    most     INTEGER,
    paused   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_job_groups_paused ON job_groups (group_id) WHERE paused;

-- Running jobs that are counted, and what for.
CREATE TABLE job_slots (
    job_id   INTEGER PRIMARY KEY,
    job_type TEXT,
    group_id TEXT
) STRICT;

-- Jobs that a claim met while as many of their group ran as may. They come back when one of them ends.
CREATE TABLE job_line (
    group_id TEXT    NOT NULL,
    job_type TEXT    NOT NULL,
    priority INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    job_id   INTEGER NOT NULL,
    is_retry INTEGER NOT NULL,
    PRIMARY KEY (group_id, job_type, priority DESC, due_at, job_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_job_line_job ON job_line (job_id);
