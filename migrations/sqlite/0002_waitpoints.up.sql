-- Tokens that handlers wait for, and who waits for what.
CREATE TABLE waitpoints (
    id           TEXT    PRIMARY KEY,
    job_id       INTEGER,
    status       TEXT    NOT NULL DEFAULT 'waiting',
    output       TEXT,
    timeout_at   INTEGER,
    created_at   INTEGER NOT NULL,
    completed_at INTEGER,
    tags         TEXT    NOT NULL DEFAULT '[]'
) STRICT;

CREATE INDEX idx_waitpoints_timeout ON waitpoints (timeout_at) WHERE status = 'waiting' AND timeout_at IS NOT NULL;

CREATE INDEX idx_waitpoints_job_id ON waitpoints (job_id) WHERE job_id IS NOT NULL;

CREATE INDEX idx_waitpoints_over ON waitpoints (coalesce(completed_at, timeout_at)) WHERE status <> 'waiting';

CREATE INDEX idx_job_queue_wait_token ON job_queue (wait_token_id) WHERE wait_token_id IS NOT NULL;
