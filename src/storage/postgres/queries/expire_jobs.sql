-- Cancels jobs that had not begun when they expired, among those whose terms are over: idx_job_terms_due, job_queue_pkey; then as
-- cancel.sql does: job_ready_pkey, job_scheduled_pkey, job_line_pkey, idx_job_dependencies_job_id, job_queue_pkey, job_watchers_pkey.
WITH over AS MATERIALIZED (
    SELECT job_id FROM {schema}.job_terms WHERE due_at <= now() ORDER BY due_at LIMIT (SELECT $1::int8)
), late AS MATERIALIZED (
    SELECT j.id FROM over o JOIN {schema}.job_queue j ON j.id = o.job_id
    WHERE j.status = 'pending' AND j.attempts = 0 AND j.expires_at <= now() AND {each o.job_id}
), ready AS (
    DELETE FROM {schema}.job_ready WHERE job_id = ANY (ARRAY(SELECT id FROM late)) RETURNING job_id
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY (ARRAY(SELECT id FROM late)) RETURNING job_id
), line AS (
    DELETE FROM {schema}.job_line WHERE job_id = ANY (ARRAY(SELECT id FROM late)) RETURNING job_id
), cut AS (
    DELETE FROM {schema}.job_dependencies WHERE job_id = ANY (ARRAY(SELECT id FROM late)) RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET status = 'cancelled', last_cancelled_at = now(), updated_at = now(), pending_reason = NULL,
        cancel_reason = $2::text, blocked = NULL, open_prerequisites = NULL
    WHERE j.id = ANY (ARRAY(SELECT id FROM late)) AND j.status = 'pending' AND j.attempts = 0 AND j.expires_at <= now()
        AND (SELECT count(*) FROM ready) + (SELECT count(*) FROM scheduled) + (SELECT count(*) FROM line) + (SELECT count(*) FROM cut) >= 0
    RETURNING j.id, j.has_dependents
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type, metadata)
    SELECT id, clock_timestamp(), 'cancelled', jsonb_build_object('reason', $2::text) FROM done
), watched AS (
    DELETE FROM {schema}.job_watchers WHERE job_id = ANY (ARRAY(SELECT id FROM done)) RETURNING job_id
)
SELECT array_agg(id), {told} FROM done
