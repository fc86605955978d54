-- Makes a job claimable later.
INSERT INTO job_scheduled (job_type, due_at, job_id, priority, is_retry) VALUES (?1, ?3, ?4, ?2, ?5)
