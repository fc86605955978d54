-- Gives jobs whose lease is held back as they were, or ends those that somebody asked to cancel: job_queue_pkey,
-- job_ready_pkey, job_watchers_pkey.
WITH done AS (
    UPDATE {schema}.job_queue j SET
        status = CASE WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled' WHEN j.wait_until IS NOT NULL THEN 'waiting'
            WHEN j.lease_retry_at IS NOT NULL THEN 'failed' ELSE 'pending' END,
        last_cancelled_at = CASE WHEN j.cancel_requested_at IS NULL THEN j.last_cancelled_at ELSE now() END,
        attempts = greatest(j.attempts - (j.wait_until IS NULL AND j.cancel_requested_at IS NULL)::int4, 0),
        updated_at = now(), locked_at = NULL, locked_by = NULL,
        wait_until = CASE WHEN j.cancel_requested_at IS NULL THEN j.wait_until END,
        next_attempt_at = CASE WHEN j.lease_retry_at IS NOT NULL AND j.cancel_requested_at IS NULL THEN now() END,
        started_at = CASE WHEN j.attempts > 1 OR coalesce(j.wait_until, j.cancel_requested_at) IS NOT NULL THEN j.started_at END
    FROM unnest($1::int8[], $2::int8[], $3::int8[])
        AS f (worker_id, job_id, token)
    WHERE j.id = f.job_id AND j.status = 'processing' AND j.lease_worker = f.worker_id AND j.lease_token = f.token AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token, j.has_dependents, j.lease_retry_at IS NOT NULL AS retrying, j.status, j.job_type, j.priority,
        coalesce(j.wait_until, j.next_attempt_at, j.run_at) AS due_at, j.group_id, j.group_tier
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, ~priority, retrying, job_type, group_id, group_tier FROM done WHERE status <> 'cancelled' {replace_ready}
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT id, CASE status WHEN 'cancelled' THEN 'cancelled' ELSE 'reclaimed' END,
        CASE status WHEN 'cancelled' THEN '{"running": true}'::jsonb ELSE '{"released": true}' END FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers
    WHERE job_id = ANY (ARRAY(SELECT id FROM done WHERE status = 'cancelled')) RETURNING job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {told} FROM done
