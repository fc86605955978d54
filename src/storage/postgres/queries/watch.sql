-- Asks to be told of the end of a job that has not ended: job_queue_pkey, job_watchers_pkey.
INSERT INTO {schema}.job_watchers (job_id, expires_at)
SELECT id, now() + $2::float8 * interval '1 second' FROM {schema}.job_queue
WHERE id = $1::int8 AND status NOT IN ('completed', 'cancelled') AND (status <> 'failed' OR next_attempt_at IS NOT NULL)
ON CONFLICT (job_id) DO UPDATE SET expires_at = greatest(job_watchers.expires_at, excluded.expires_at)
