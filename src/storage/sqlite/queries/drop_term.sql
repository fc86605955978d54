-- Forgets a job's term; primary key.
DELETE FROM job_terms WHERE job_id = ?1
