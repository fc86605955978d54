-- When the next job of a type falls due after a time; primary key of job_scheduled.
SELECT min(due_at) FROM job_scheduled WHERE job_type = ?1 AND due_at > ?2
