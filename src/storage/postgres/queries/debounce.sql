-- Gives a job that has not begun another payload, and puts it off: job_queue_pkey to know it, then as edit.sql does: job_ready_pkey,
-- job_scheduled_pkey, job_line_pkey, job_queue_pkey, job_terms_pkey.
WITH held AS MATERIALIZED (
    SELECT id FROM {schema}.job_queue WHERE id = $1::int8 AND status = 'pending' AND attempts = 0
), ready AS (
    DELETE FROM {schema}.job_ready WHERE job_id = ANY (ARRAY(SELECT id FROM held)) RETURNING job_id
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY (ARRAY(SELECT id FROM held)) RETURNING job_id
), line AS (
    DELETE FROM {schema}.job_line WHERE job_id = ANY (ARRAY(SELECT id FROM held)) RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET payload = $2::jsonb, updated_at = $5::timestamptz, run_at = $3::timestamptz,
        expires_at = j.expires_at + ($3::timestamptz - j.run_at)
    WHERE j.id = ANY (ARRAY(SELECT id FROM held)) AND j.status = 'pending' AND j.attempts = 0
        AND (SELECT count(*) FROM ready) + (SELECT count(*) FROM scheduled) + (SELECT count(*) FROM line) >= 0
    RETURNING j.id, j.run_at, j.blocked, j.priority, j.job_type, j.expires_at, j.attempts, j.group_id, j.group_tier
), later AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
    SELECT id, run_at, priority, false, job_type, group_id, group_tier FROM done WHERE blocked IS NULL {replace}
), {expiring}, noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type, metadata) SELECT id, clock_timestamp(), 'edited', $4::jsonb FROM done
)
SELECT count(*) FROM done
