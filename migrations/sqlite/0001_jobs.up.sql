-- Times are microseconds since 1970-01-01T00:00:00Z, JSON is text.
CREATE TABLE job_queue (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    job_type              TEXT    NOT NULL,
    status                TEXT    NOT NULL DEFAULT 'pending',
    priority              INTEGER NOT NULL DEFAULT 0,
    attempts              INTEGER NOT NULL DEFAULT 0,
    max_attempts          INTEGER NOT NULL DEFAULT 3,
    crashes               INTEGER NOT NULL DEFAULT 0,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    run_at                INTEGER NOT NULL,
    locked_at             INTEGER,
    locked_by             TEXT,
    lease_worker          INTEGER,
    lease_token           INTEGER,
    started_at            INTEGER,
    completed_at          INTEGER,
    next_attempt_at       INTEGER,
    last_retried_at       INTEGER,
    last_failed_at        INTEGER,
    last_cancelled_at     INTEGER,
    pending_reason        TEXT,
    failure_reason        TEXT,
    timeout_ms            INTEGER,
    force_kill_on_timeout INTEGER NOT NULL DEFAULT 0,
    idempotency_key       TEXT,
    progress              INTEGER,
    retry_delay           REAL,
    retry_backoff         INTEGER,
    retry_delay_max       REAL,
    wait_until            INTEGER,
    wait_token_id         TEXT,
    group_id              TEXT,
    group_tier            TEXT,
    dead_letter_job_type  TEXT,
    dead_lettered_at      INTEGER,
    dead_letter_job_id    INTEGER,
    depends_on_job_ids    TEXT    NOT NULL DEFAULT '[]',
    depends_on_tags       TEXT    NOT NULL DEFAULT '[]',
    tags                  TEXT    NOT NULL DEFAULT '[]',
    -- A long value is null here and a row of job_bodies, so that a change of status does not rewrite it.
    payload               TEXT,
    output                TEXT,
    error_history         TEXT             DEFAULT '[]',
    step_data             TEXT             DEFAULT '{}'
) STRICT;

CREATE UNIQUE INDEX idx_job_queue_idempotency_key ON job_queue (idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Completed jobs, which are most, are not in it: it stays as small as what is left to do.
CREATE INDEX idx_job_queue_open ON job_queue (status, id) WHERE status <> 'completed';

CREATE INDEX idx_job_queue_type ON job_queue (job_type, id);

CREATE TABLE job_bodies (
    job_id INTEGER NOT NULL,
    field  TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    PRIMARY KEY (job_id, field)
) STRICT;

CREATE TABLE job_tags (
    tag    TEXT    NOT NULL,
    job_id INTEGER NOT NULL,
    PRIMARY KEY (tag, job_id)
) STRICT, WITHOUT ROWID;

-- What may be claimed now, in the order of claiming. is_retry: the job waits in status failed.
CREATE TABLE job_ready (
    job_type TEXT    NOT NULL,
    priority INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    job_id   INTEGER NOT NULL,
    is_retry INTEGER NOT NULL,
    PRIMARY KEY (job_type, priority DESC, due_at, job_id)
) STRICT, WITHOUT ROWID;

-- What may be claimed later.
CREATE TABLE job_scheduled (
    job_type TEXT    NOT NULL,
    due_at   INTEGER NOT NULL,
    job_id   INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    is_retry INTEGER NOT NULL,
    PRIMARY KEY (job_type, due_at, job_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_workers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    renewed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE job_leases (
    worker_id INTEGER NOT NULL,
    job_id    INTEGER NOT NULL,
    token     INTEGER NOT NULL,
    is_retry  INTEGER NOT NULL,
    PRIMARY KEY (worker_id, job_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id     INTEGER NOT NULL,
    event_type TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    metadata   TEXT
) STRICT;

CREATE INDEX idx_job_events_job_id ON job_events (job_id, id);
