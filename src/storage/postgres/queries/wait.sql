-- Lets jobs wait whose lease is held, or ends those that somebody asked to cancel: job_queue_pkey,
-- job_ready_pkey, job_scheduled_pkey, job_watchers_pkey.
WITH done AS (
    UPDATE {schema}.job_queue j SET updated_at = now(), locked_at = NULL, locked_by = NULL,
        status = CASE WHEN j.cancel_requested_at IS NULL THEN 'waiting' ELSE 'cancelled' END,
        last_cancelled_at = CASE WHEN j.cancel_requested_at IS NULL THEN j.last_cancelled_at ELSE now() END,
        wait_until = CASE WHEN j.cancel_requested_at IS NULL THEN f.until END,
        wait_token_id = CASE WHEN j.cancel_requested_at IS NULL THEN f.awaited END, step_data = j.step_data || f.step
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::timestamptz[], $5::jsonb[], $6::jsonb[], $7::text[])
        AS f (worker_id, job_id, token, until, step, metadata, awaited)
    WHERE j.id = f.job_id AND j.status = 'processing' AND j.lease_worker = f.worker_id AND j.lease_token = f.token AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token, j.has_dependents, f.metadata, j.status, j.job_type, j.priority, j.wait_until, j.group_id,
        j.group_tier
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, wait_until, ~priority, false, job_type, group_id, group_tier FROM done WHERE wait_until <= now() {replace_ready}
), later AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
    SELECT id, wait_until, priority, false, job_type, group_id, group_tier FROM done WHERE wait_until > now() {replace}
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT id, status, CASE status WHEN 'waiting' THEN metadata ELSE '{"running": true}' END FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers
    WHERE job_id = ANY (ARRAY(SELECT id FROM done WHERE status = 'cancelled')) RETURNING job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {told} FROM done
