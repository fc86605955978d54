-- Takes out what promote.sql copied; primary key.
DELETE FROM job_scheduled WHERE (job_type, due_at, job_id) IN (
    SELECT job_type, due_at, job_id FROM job_scheduled
    WHERE job_type = ?1 AND due_at <= ?2 ORDER BY due_at, job_id LIMIT ?3)
