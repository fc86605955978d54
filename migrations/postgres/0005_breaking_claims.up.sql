-- A row for each claim and one for each batch of events, where there was one for each job, and an order of claiming that a search
-- can begin at any point of: earlier libraries find none of these.

-- Who runs what: the jobs of one claim. It stays until all of them are over, so a job is leased only if its own row says so too.
CREATE TABLE {schema}.job_claims (
    worker_id bigint NOT NULL,
    token bigint NOT NULL,
    job_ids bigint[] NOT NULL,
    cancelling bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (worker_id, token)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);

-- The events that many jobs have in common. Ids are drawn from the sequence of `job_events`, so that both are in one order.
CREATE TABLE {schema}.job_event_batches (
    id bigint PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    event_type text NOT NULL,
    job_ids bigint[] NOT NULL
);

-- Compressing the ids takes the server longer than writing them.
ALTER TABLE {schema}.job_claims ALTER COLUMN job_ids SET STORAGE EXTERNAL;
ALTER TABLE {schema}.job_event_batches ALTER COLUMN job_ids SET STORAGE EXTERNAL;

-- Which batches tell of a job. A job that is claimed again has a row of its own in `job_events` for that.
ALTER TABLE {schema}.job_queue
    ADD COLUMN added_event bigint,
    ADD COLUMN claimed_event bigint,
    ADD COLUMN completed_event bigint,
    ADD COLUMN lease_retry_at timestamptz;

INSERT INTO {schema}.job_claims (worker_id, token, job_ids, cancelling)
SELECT worker_id, token, array_agg(job_id), coalesce(array_agg(job_id) FILTER (WHERE cancel_requested), '{}')
FROM {schema}.job_leases GROUP BY worker_id, token;

UPDATE {schema}.job_queue j SET lease_retry_at = l.due_at FROM {schema}.job_leases l
WHERE l.retrying AND j.id = l.job_id AND j.lease_worker = l.worker_id AND j.lease_token = l.token;

DROP TABLE {schema}.job_leases;

-- The lower the rank, the sooner a job is claimed: `~priority`, so that all columns of the index ascend and a claim can begin behind
-- the last one.
DROP INDEX {schema}.idx_job_queue_claimable;
ALTER TABLE {schema}.job_ready ADD COLUMN rank integer;
UPDATE {schema}.job_ready SET rank = ~priority;
ALTER TABLE {schema}.job_ready ALTER COLUMN rank SET NOT NULL, DROP COLUMN priority;
CREATE INDEX idx_job_queue_claimable ON {schema}.job_ready (job_type, rank, due_at, job_id);

-- The library checks it, and the server read the constraint anew for each statement.
ALTER TABLE {schema}.job_queue DROP CONSTRAINT job_queue_max_attempts_check;

-- A batch goes with the last of its jobs. Its row is locked, so that of two who delete the last ones the second sees it.
CREATE OR REPLACE FUNCTION {schema}.job_queue_deleted() RETURNS trigger LANGUAGE plpgsql AS $dataqueue$
DECLARE
    told bigint[];
BEGIN
    DELETE FROM {schema}.job_events e USING gone g WHERE e.job_id = g.id;
    DELETE FROM {schema}.job_ready r USING gone g WHERE r.job_id = g.id;
    DELETE FROM {schema}.job_scheduled s USING gone g WHERE s.job_id = g.id;
    DELETE FROM {schema}.job_watchers w USING gone g WHERE w.job_id = g.id;
    told := ARRAY(SELECT DISTINCT b FROM gone g, unnest(ARRAY[g.added_event, g.claimed_event, g.completed_event]) b WHERE b IS NOT NULL);
    PERFORM FROM {schema}.job_event_batches WHERE id = ANY (told) ORDER BY id FOR UPDATE;
    DELETE FROM {schema}.job_event_batches b WHERE b.id = ANY (told)
        AND NOT EXISTS (SELECT FROM {schema}.job_queue j WHERE j.id = ANY (b.job_ids));
    RETURN NULL;
END
$dataqueue$;
