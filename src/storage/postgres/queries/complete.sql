-- Completes jobs whose lease is held, and those that others wait for only if asked to: job_queue_pkey, job_watchers_pkey.
WITH note AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_events_id_seq') AS id
), done AS (
    UPDATE {schema}.job_queue j SET status = 'completed', completed_at = now(), updated_at = now(),
        output = coalesce(f.output, j.output), locked_at = NULL, locked_by = NULL, wait_until = NULL,
        completed_event = (SELECT id FROM note)
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::jsonb[])
        AS f (worker_id, job_id, token, output)
    WHERE j.id = f.job_id AND j.status = 'processing' AND j.lease_worker = f.worker_id AND j.lease_token = f.token AND ($5::bool OR j.has_dependents IS NULL) AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token
), noted AS (
    INSERT INTO {schema}.job_event_batches (id, event_type, job_ids)
    SELECT (SELECT id FROM note), 'completed', array_agg(id) FROM done HAVING count(*) > 0
), watched AS (
    DELETE FROM {schema}.job_watchers WHERE job_id = ANY (ARRAY(SELECT id FROM done)) RETURNING job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {notify} FROM done
