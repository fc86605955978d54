-- Takes a job out of its line; idx_job_line_job.
DELETE FROM job_line WHERE job_id = ?1
