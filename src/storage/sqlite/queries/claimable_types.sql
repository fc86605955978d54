-- The types of jobs that may be claimed, now or later; skips from type to type: primary keys.
WITH RECURSIVE ready(job_type) AS (
    SELECT min(job_type) FROM job_ready
    UNION ALL
    SELECT (SELECT r.job_type FROM job_ready r WHERE r.job_type > ready.job_type ORDER BY r.job_type LIMIT 1)
    FROM ready WHERE ready.job_type IS NOT NULL
), scheduled(job_type) AS (
    SELECT min(job_type) FROM job_scheduled
    UNION ALL
    SELECT (SELECT s.job_type FROM job_scheduled s WHERE s.job_type > scheduled.job_type ORDER BY s.job_type LIMIT 1)
    FROM scheduled WHERE scheduled.job_type IS NOT NULL
)
SELECT job_type FROM ready WHERE job_type IS NOT NULL
UNION
SELECT job_type FROM scheduled WHERE job_type IS NOT NULL
