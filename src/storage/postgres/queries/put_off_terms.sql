-- Puts the terms that are over off to when something is to be done next about their jobs, and forgets them where nothing is. A job that
-- has not ended is kept for so long from now at least: idx_job_terms_due, job_queue_pkey, job_terms_pkey.
WITH over AS MATERIALIZED (
    SELECT job_id FROM {schema}.job_terms WHERE due_at <= now() ORDER BY due_at LIMIT (SELECT $1::int8) FOR UPDATE SKIP LOCKED
), next AS MATERIALIZED (
    SELECT o.job_id, least(CASE WHEN j.status = 'pending' AND j.attempts = 0 THEN j.expires_at END, coalesce({kept_until},
        now() + CAST(j.extras ->> 'keep_result_for' AS double precision) * interval '1 second')) AS due_at
    FROM over o LEFT JOIN LATERAL (
        SELECT status, attempts, expires_at, next_attempt_at, completed_at, last_cancelled_at, last_failed_at, extras
        FROM {schema}.job_queue WHERE id = o.job_id OFFSET 0
    ) j ON true
), forgotten AS (
    DELETE FROM {schema}.job_terms t USING next n WHERE t.job_id = n.job_id AND n.due_at IS NULL AND {each n.job_id}
), moved AS (
    UPDATE {schema}.job_terms t SET due_at = n.due_at FROM next n WHERE t.job_id = n.job_id AND n.due_at IS NOT NULL AND {each n.job_id}
)
SELECT count(*) FROM next
