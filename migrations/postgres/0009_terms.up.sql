-- When something is to be done about a job that nobody else does: it expires, or is kept no longer. A row is never late, and may be
-- early: who finds it looks at the job. Most jobs have none.
CREATE TABLE {schema}.job_terms (
    job_id bigint PRIMARY KEY,
    due_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

CREATE INDEX idx_job_terms_due ON {schema}.job_terms (due_at);

INSERT INTO {schema}.job_terms (job_id, due_at)
SELECT id, least(expires_at, now() + CAST(extras ->> 'keep_result_for' AS double precision) * interval '1 second')
FROM {schema}.job_queue WHERE expires_at IS NOT NULL OR extras -> 'keep_result_for' IS NOT NULL;

-- The job of each kind of which there is to be one. A row whose job is gone stands for nothing.
CREATE TABLE {schema}.job_unique (
    key varchar(255) COLLATE "C" PRIMARY KEY,
    job_id bigint NOT NULL,
    expires_at timestamptz
) WITH (fillfactor = 50);
