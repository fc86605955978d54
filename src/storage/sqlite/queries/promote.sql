-- Makes due jobs of a type claimable, the longest due first; primary keys of job_scheduled and job_queue.
INSERT INTO job_ready (job_type, priority, due_at, job_id, is_retry, group_id, group_tier)
SELECT s.job_type, s.priority, s.due_at, s.job_id, s.is_retry, j.group_id, j.group_tier
FROM job_scheduled s LEFT JOIN job_queue j ON j.id = s.job_id
WHERE s.job_type = ?1 AND s.due_at <= ?2 ORDER BY s.due_at, s.job_id LIMIT ?3
