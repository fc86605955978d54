-- Limits are lost; jobs that they kept waiting become claimable.
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

INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type)
SELECT job_id, due_at, rank, retrying, job_type FROM {schema}.job_line ON CONFLICT (job_id) DO NOTHING;

ALTER TABLE {schema}.job_scheduled DROP COLUMN group_id, DROP COLUMN group_tier;
ALTER TABLE {schema}.job_ready DROP COLUMN group_id, DROP COLUMN group_tier;

DROP TABLE {schema}.job_line;
DROP TABLE {schema}.job_slots;
DROP TABLE {schema}.job_groups;
DROP TABLE {schema}.job_rates;
DROP TABLE {schema}.job_types;
DROP TABLE {schema}.job_settings;
