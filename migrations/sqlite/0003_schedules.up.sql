-- Recurring schedules, and when each is due next.
CREATE TABLE cron_schedules (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule_name         TEXT    NOT NULL,
    cron_expression       TEXT    NOT NULL,
    timezone              TEXT    NOT NULL DEFAULT 'UTC',
    status                TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
    missed                TEXT    NOT NULL DEFAULT 'coalesce' CHECK (missed IN ('coalesce', 'skip', 'all')),
    allow_overlap         INTEGER NOT NULL DEFAULT 0,
    job_type              TEXT    NOT NULL,
    payload               TEXT    NOT NULL,
    priority              INTEGER NOT NULL DEFAULT 0,
    max_attempts          INTEGER NOT NULL DEFAULT 3,
    timeout_ms            INTEGER,
    force_kill_on_timeout INTEGER NOT NULL DEFAULT 0,
    tags                  TEXT    NOT NULL DEFAULT '[]',
    retry_delay           REAL,
    retry_backoff         INTEGER,
    retry_delay_max       REAL,
    dead_letter_job_type  TEXT,
    next_run_at           INTEGER,
    last_enqueued_at      INTEGER,
    last_job_id           INTEGER,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX idx_cron_schedules_name ON cron_schedules (schedule_name);

CREATE INDEX idx_cron_schedules_due ON cron_schedules (next_run_at, id)
    WHERE status = 'active' AND next_run_at IS NOT NULL;

CREATE INDEX idx_cron_schedules_updated ON cron_schedules (updated_at);
