-- Cancels upcoming and waiting jobs: job_ready_pkey, job_scheduled_pkey and job_line_pkey first, as the claim does, then
-- idx_job_dependencies_job_id, job_queue_pkey, job_watchers_pkey.
WITH ready AS (
    DELETE FROM {schema}.job_ready WHERE job_id = ANY ($1::int8[]) RETURNING job_id
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY ($1::int8[]) RETURNING job_id
), line AS (
    DELETE FROM {schema}.job_line WHERE job_id = ANY ($1::int8[]) RETURNING job_id
), cut AS (
    DELETE FROM {schema}.job_dependencies WHERE job_id = ANY ($1::int8[]) RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET status = 'cancelled', last_cancelled_at = now(), updated_at = now(), next_attempt_at = NULL,
        wait_until = NULL, wait_token_id = NULL, pending_reason = NULL, blocked = NULL, open_prerequisites = NULL
    WHERE j.id = ANY ($1::int8[])
        AND (j.status IN ('pending', 'waiting') OR j.status = 'failed' AND j.next_attempt_at IS NOT NULL)
        AND (SELECT count(*) FROM ready) + (SELECT count(*) FROM scheduled) + (SELECT count(*) FROM line) + (SELECT count(*) FROM cut) >= 0
    RETURNING j.id, j.has_dependents
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type) SELECT id, clock_timestamp(), 'cancelled' FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers WHERE job_id = ANY (ARRAY(SELECT id FROM done)) RETURNING job_id
)
SELECT array_agg(id), {told} FROM done
