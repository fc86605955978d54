-- Makes failed and cancelled jobs pending: job_ready_pkey and job_scheduled_pkey first, then job_queue_pkey.
WITH ready AS (
    DELETE FROM {schema}.job_ready WHERE job_id = ANY ($1::int8[]) AND retrying RETURNING job_id
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY ($1::int8[]) AND retrying RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET status = 'pending', run_at = now(), updated_at = now(), last_retried_at = now(),
        next_attempt_at = NULL, failure_reason = NULL, completed_at = NULL, cancel_requested_at = NULL, crashes = 0,
        max_attempts = greatest(j.max_attempts, j.attempts + 1)
    WHERE j.id = ANY ($1::int8[]) AND j.status IN ('failed', 'cancelled')
        AND (SELECT count(*) FROM ready) + (SELECT count(*) FROM scheduled) >= 0
    RETURNING j.id, j.run_at, j.priority, j.job_type
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type)
    SELECT id, run_at, ~priority, false, job_type FROM done {replace_ready}
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type) SELECT id, clock_timestamp(), 'retried' FROM done
)
SELECT count(*), 0::int8 FROM done
