-- Tokens that handlers wait for, and who waits for what.
CREATE TABLE {schema}.waitpoints (
    id varchar(255) PRIMARY KEY,
    job_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    timeout_at timestamptz,
    completed_at timestamptz,
    status varchar(20) NOT NULL DEFAULT 'waiting',
    output jsonb,
    tags text[],
    CONSTRAINT waitpoints_status_check CHECK (status IN ('waiting', 'completed', 'timed_out'))
);

CREATE INDEX idx_waitpoints_timeout ON {schema}.waitpoints (timeout_at) WHERE status = 'waiting' AND timeout_at IS NOT NULL;
CREATE INDEX idx_waitpoints_job_id ON {schema}.waitpoints (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX idx_waitpoints_over ON {schema}.waitpoints ((coalesce(completed_at, timeout_at))) WHERE status <> 'waiting';

CREATE INDEX idx_job_queue_wait_token ON {schema}.job_queue (wait_token_id) WHERE wait_token_id IS NOT NULL;

-- With a condition that the planner cannot take for one about the token alone.
DROP INDEX {schema}.idx_job_queue_waiting;
CREATE INDEX idx_job_queue_waiting ON {schema}.job_queue (id) WHERE num_nonnulls(wait_until, wait_token_id) > 0;

CREATE OR REPLACE FUNCTION {schema}.job_queue_deleted() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
BEGIN
    DELETE FROM {schema}.job_events e USING gone g WHERE e.job_id = g.id;
    DELETE FROM {schema}.job_ready r USING gone g WHERE r.job_id = g.id;
    DELETE FROM {schema}.job_scheduled s USING gone g WHERE s.job_id = g.id;
    DELETE FROM {schema}.job_leases l USING gone g WHERE l.worker_id = g.lease_worker AND l.job_id = g.id;
    DELETE FROM {schema}.job_watchers w USING gone g WHERE w.job_id = g.id;
    DELETE FROM {schema}.waitpoints t USING gone g WHERE t.job_id = g.id;
    RETURN NULL;
END
$dataqueue$;
