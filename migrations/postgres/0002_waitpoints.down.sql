-- Takes away the tokens. A job that waits for one can then only be cancelled.
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

DROP INDEX {schema}.idx_job_queue_waiting;
CREATE INDEX idx_job_queue_waiting ON {schema}.job_queue (id)
    WHERE wait_until IS NOT NULL OR wait_token_id IS NOT NULL;
DROP INDEX {schema}.idx_job_queue_wait_token;
DROP TABLE {schema}.waitpoints;
