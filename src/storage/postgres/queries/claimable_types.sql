-- The types of jobs that may be claimed, now or later; skips from type to type: idx_job_queue_claimable, idx_job_scheduled_due.
WITH RECURSIVE ready AS (
    (SELECT job_type FROM {schema}.job_ready ORDER BY job_type LIMIT 1)
    UNION ALL
    SELECT (SELECT r.job_type FROM {schema}.job_ready r WHERE r.job_type > ready.job_type ORDER BY r.job_type LIMIT 1)
    FROM ready WHERE ready.job_type IS NOT NULL
), scheduled AS (
    (SELECT job_type FROM {schema}.job_scheduled ORDER BY job_type LIMIT 1)
    UNION ALL
    SELECT (SELECT s.job_type FROM {schema}.job_scheduled s WHERE s.job_type > scheduled.job_type ORDER BY s.job_type LIMIT 1)
    FROM scheduled WHERE scheduled.job_type IS NOT NULL
)
SELECT job_type FROM ready WHERE job_type IS NOT NULL
UNION
SELECT job_type FROM scheduled WHERE job_type IS NOT NULL
