-- Forgets the history of a job; idx_job_events_job_id.
DELETE FROM job_events WHERE job_id = ?1
