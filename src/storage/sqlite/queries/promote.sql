-- Makes due jobs of a type claimable, the longest due first; primary key of job_scheduled.
INSERT INTO job_ready (job_type, priority, due_at, job_id, is_retry)
SELECT job_type, priority, due_at, job_id, is_retry FROM job_scheduled
WHERE job_type = ?1 AND due_at <= ?2 ORDER BY due_at, job_id LIMIT ?3
