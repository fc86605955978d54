-- Whether a job of a type may be claimed: the primary keys of job_ready and job_scheduled.
SELECT EXISTS (SELECT 1 FROM job_ready WHERE job_type = ?1)
    OR EXISTS (SELECT 1 FROM job_scheduled WHERE job_type = ?1 AND due_at <= ?2)
