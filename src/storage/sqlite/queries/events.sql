-- The history of a job, oldest first; idx_job_events_job_id.
SELECT id, job_id, event_type, created_at, metadata FROM job_events WHERE job_id = ?1 ORDER BY id
