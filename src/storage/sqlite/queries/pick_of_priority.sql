-- What may be claimed of a type and priority; a walk along the primary key.
SELECT priority, due_at, job_id, is_retry FROM job_ready WHERE job_type = ?1 AND priority = ?2 ORDER BY due_at, job_id LIMIT ?3
