-- Whether any of a type may be claimed; primary key of job_ready.
SELECT EXISTS (SELECT 1 FROM job_ready WHERE job_type = ?1)
