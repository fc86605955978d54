-- Whether a job waits for another by its id; idx_job_dependencies_job_id.
SELECT EXISTS (SELECT 1 FROM job_dependencies WHERE job_id = ?1 AND by_tag = 0)
