-- Completes jobs whose lease is held: job_leases_pkey, job_queue_pkey.
WITH fenced AS (
    DELETE FROM {schema}.job_leases l
    USING unnest($1::int8[], $2::int8[], $3::int8[], $4::jsonb[]) AS i (worker_id, job_id, token, output)
    WHERE l.worker_id = i.worker_id AND l.job_id = i.job_id AND l.token = i.token
    RETURNING l.worker_id, l.job_id, l.token, i.output
), done AS (
    UPDATE {schema}.job_queue j SET status = 'completed', completed_at = now(), updated_at = now(),
        output = coalesce(f.output, j.output), locked_at = NULL, locked_by = NULL
    FROM fenced f WHERE j.id = f.job_id AND j.status = 'processing'
    RETURNING j.id, f.worker_id, f.token
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type) SELECT id, 'completed' FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers w USING done d WHERE w.job_id = d.id RETURNING w.job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {notify} FROM done
