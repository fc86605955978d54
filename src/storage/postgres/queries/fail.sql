-- Fails jobs whose lease is held, for good, with their dead letters, or until their retry; one that somebody asked to cancel is not
-- retried:
-- job_queue_pkey, job_ready_pkey, job_scheduled_pkey, job_watchers_pkey.
WITH done AS (
    UPDATE {schema}.job_queue j SET updated_at = now(), locked_at = NULL, locked_by = NULL, wait_until = NULL,
        status = CASE WHEN j.cancel_requested_at IS NULL OR f.retry_in IS NULL THEN 'failed' ELSE 'cancelled' END,
        last_cancelled_at = CASE WHEN j.cancel_requested_at IS NULL OR f.retry_in IS NULL THEN j.last_cancelled_at ELSE now() END,
        next_attempt_at = CASE WHEN j.cancel_requested_at IS NULL THEN now() + f.retry_in * interval '1 second' END,
        dead_lettered_at = CASE WHEN f.retry_in IS NULL AND j.dead_letter_job_type IS NOT NULL THEN now() ELSE j.dead_lettered_at END,
        dead_letter_job_id = CASE WHEN f.retry_in IS NULL AND j.dead_letter_job_type IS NOT NULL
            THEN nextval('{schema_text}.job_queue_id_seq') ELSE j.dead_letter_job_id END,
        last_failed_at = now(), failure_reason = f.reason, crashes = j.crashes + (f.reason = 'lost')::int4,
        error_history = CASE WHEN jsonb_array_length(j.error_history) < $10::int4 THEN j.error_history
            ELSE j.error_history - 0 END || jsonb_build_object('message', f.message, 'type', f.kind,
            'traceback', f.traceback, 'attempt', f.attempt, 'timestamp', {stamp})
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int4[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[])
        AS f (worker_id, job_id, token, attempt, reason, message, kind, traceback, retry_in)
    WHERE j.id = f.job_id AND j.status = 'processing' AND j.lease_worker = f.worker_id AND j.lease_token = f.token AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token, j.has_dependents, j.status, j.job_type, j.priority, j.next_attempt_at, f.message, f.reason,
        f.attempt, j.group_id, j.group_tier, {lettered}
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, next_attempt_at, ~priority, true, job_type, group_id, group_tier FROM done WHERE next_attempt_at <= now() {replace_ready}
), later AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
    SELECT id, next_attempt_at, priority, true, job_type, group_id, group_tier FROM done WHERE next_attempt_at > now() {replace}
), {letters}, noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT id, status, CASE status WHEN 'failed' THEN jsonb_build_object('message', message, 'reason', reason,
        'attempt', attempt, 'will_retry', next_attempt_at IS NOT NULL) ELSE '{"running": true}' END FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers
    WHERE job_id = ANY (ARRAY(SELECT id FROM done WHERE next_attempt_at IS NULL)) RETURNING job_id
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), {told}, {letter_count} FROM done
