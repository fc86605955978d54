-- Ends jobs whose lease is held as cancelled: job_queue_pkey, job_watchers_pkey.
WITH done AS (
    UPDATE {schema}.job_queue j SET status = 'cancelled', last_cancelled_at = now(), updated_at = now(),
        next_attempt_at = NULL, locked_at = NULL, locked_by = NULL, wait_until = NULL, cancel_reason = f.reason
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::text[])
        AS f (worker_id, job_id, token, reason)
    WHERE j.id = f.job_id AND j.status = 'processing' AND j.lease_worker = f.worker_id AND j.lease_token = f.token AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token, j.has_dependents, f.reason
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT id, 'cancelled', jsonb_strip_nulls(jsonb_build_object('running', true, 'reason', reason)) FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers WHERE job_id = ANY (ARRAY(SELECT id FROM done)) RETURNING job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {told} FROM done
