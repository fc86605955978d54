-- Makes a job claimable that has no group.
INSERT INTO job_ready (job_type, priority, due_at, job_id, is_retry) VALUES (?1, ?2, ?3, ?4, ?5)
