-- Gives jobs whose lease is held back as they were: job_leases_pkey, job_queue_pkey.
WITH fenced AS (
    DELETE FROM {schema}.job_leases l USING unnest($1::int8[], $2::int8[], $3::int8[]) AS i (worker_id, job_id, token)
    WHERE l.worker_id = i.worker_id AND l.job_id = i.job_id AND l.token = i.token
    RETURNING l.worker_id, l.job_id, l.token, l.retrying
), done AS (
    UPDATE {schema}.job_queue j SET status = CASE WHEN f.retrying THEN 'failed' ELSE 'pending' END,
        attempts = greatest(j.attempts - 1, 0), updated_at = now(), locked_at = NULL, locked_by = NULL,
        next_attempt_at = CASE WHEN f.retrying THEN now() END,
        started_at = CASE WHEN j.attempts > 1 THEN j.started_at END
    FROM fenced f WHERE j.id = f.job_id AND j.status = 'processing'
    RETURNING j.id, f.worker_id, f.token, f.retrying, j.job_type, j.priority, coalesce(j.next_attempt_at, j.run_at) AS due_at
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, priority, retrying, job_type)
    SELECT id, due_at, priority, retrying, job_type FROM done {replace}
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT id, 'reclaimed', '{"released": true}' FROM done
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), 0::int8 FROM done
