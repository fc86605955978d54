-- Writes claims and batches of events out into rows again, which takes a while where there are many.
CREATE TABLE {schema}.job_leases (
    worker_id bigint NOT NULL,
    job_id bigint NOT NULL,
    token bigint NOT NULL,
    due_at timestamptz NOT NULL,
    retrying boolean NOT NULL,
    cancel_requested boolean NOT NULL DEFAULT false,
    PRIMARY KEY (worker_id, job_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);

CREATE INDEX idx_job_leases_cancelling ON {schema}.job_leases (worker_id, job_id) WHERE cancel_requested;

INSERT INTO {schema}.job_leases (worker_id, job_id, token, due_at, retrying, cancel_requested)
SELECT c.worker_id, j.id, c.token, coalesce(j.wait_until, j.lease_retry_at, j.run_at), j.lease_retry_at IS NOT NULL, j.id = ANY (c.cancelling)
FROM {schema}.job_claims c CROSS JOIN unnest(c.job_ids) AS i (job_id)
JOIN {schema}.job_queue j ON j.id = i.job_id AND j.status = 'processing' AND j.lease_worker = c.worker_id AND j.lease_token = c.token;

INSERT INTO {schema}.job_events (id, job_id, created_at, event_type) OVERRIDING SYSTEM VALUE
SELECT b.id, j.id, b.created_at, b.event_type
FROM {schema}.job_event_batches b CROSS JOIN unnest(b.job_ids) AS i (job_id)
JOIN {schema}.job_queue j ON j.id = i.job_id AND b.id IN (j.added_event, j.claimed_event, j.completed_event);

DROP INDEX {schema}.idx_job_queue_claimable;
ALTER TABLE {schema}.job_ready ADD COLUMN priority integer;
UPDATE {schema}.job_ready SET priority = ~rank;
ALTER TABLE {schema}.job_ready ALTER COLUMN priority SET NOT NULL, DROP COLUMN rank;
CREATE INDEX idx_job_queue_claimable ON {schema}.job_ready (job_type, priority DESC, due_at, job_id);

ALTER TABLE {schema}.job_queue ADD CONSTRAINT job_queue_max_attempts_check CHECK (max_attempts >= 1);

CREATE OR REPLACE FUNCTION {schema}.job_queue_deleted() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
BEGIN
    DELETE FROM {schema}.job_events e USING gone g WHERE e.job_id = g.id;
    DELETE FROM {schema}.job_ready r USING gone g WHERE r.job_id = g.id;
    DELETE FROM {schema}.job_scheduled s USING gone g WHERE s.job_id = g.id;
    DELETE FROM {schema}.job_leases l USING gone g WHERE l.worker_id = g.lease_worker AND l.job_id = g.id;
    DELETE FROM {schema}.job_watchers w USING gone g WHERE w.job_id = g.id;
    RETURN NULL;
END
$dataqueue$;

ALTER TABLE {schema}.job_queue
    DROP COLUMN added_event,
    DROP COLUMN claimed_event,
    DROP COLUMN completed_event,
    DROP COLUMN lease_retry_at;
DROP TABLE {schema}.job_event_batches;
DROP TABLE {schema}.job_claims;
