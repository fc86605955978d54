-- What may be claimed of a type, in the order of claiming; a walk along the primary key of job_ready.
SELECT priority, due_at, job_id, is_retry FROM job_ready
WHERE job_type = ?1 ORDER BY priority DESC, due_at, job_id LIMIT ?2
