-- Deletes a job's tokens; idx_waitpoints_job_id.
DELETE FROM waitpoints WHERE job_id = ?1
