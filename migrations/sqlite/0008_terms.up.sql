-- When something is to be done about a job that nobody else does: it expires, or is kept no longer. A row is never late, and may be
-- early: who finds it looks at the job. Most jobs have none.
CREATE TABLE job_terms (
    job_id INTEGER PRIMARY KEY,
    due_at INTEGER NOT NULL
) STRICT;

CREATE INDEX idx_job_terms_due ON job_terms (due_at);

INSERT INTO job_terms (job_id, due_at)
SELECT id, coalesce(expires_at, run_at) FROM job_queue WHERE expires_at IS NOT NULL OR extras ->> 'keep_result_for' IS NOT NULL;

-- The job of each kind of which there is to be one. A row whose job is gone stands for nothing.
CREATE TABLE job_unique (
    key        TEXT    PRIMARY KEY,
    job_id     INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
