-- Lets a job wait for nothing; idx_job_dependencies_job_id.
DELETE FROM job_dependencies WHERE job_id = ?1
