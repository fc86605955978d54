-- When the next job of a type falls due; primary key of job_scheduled.
SELECT min(due_at) FROM job_scheduled WHERE job_type = ?1
