-- Takes away what a job counted for that does not run any more; primary keys.
DELETE FROM job_slots WHERE job_id = ?1 AND NOT EXISTS (SELECT 1 FROM job_queue WHERE id = ?1 AND status = 'processing')
RETURNING job_type, group_id
