-- Completes jobs whose lease is held: job_leases_pkey, job_queue_pkey, job_watchers_pkey.
WITH held AS (
    DELETE FROM {schema}.job_leases l
    USING unnest($1::int8[], $2::int8[], $3::int8[], $4::jsonb[]) AS i (worker_id, job_id, token, output)
    WHERE l.worker_id = i.worker_id AND l.job_id = i.job_id AND l.token = i.token AND {each i.job_id}
    RETURNING i.*
), done AS (
    UPDATE {schema}.job_queue j SET status = 'completed', completed_at = now(), updated_at = now(),
        output = coalesce(f.output, j.output), locked_at = NULL, locked_by = NULL, wait_until = NULL
    FROM held f WHERE j.id = f.job_id AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type) SELECT id, 'completed' FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers WHERE job_id = ANY (ARRAY(SELECT id FROM done)) RETURNING job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {notify} FROM done
