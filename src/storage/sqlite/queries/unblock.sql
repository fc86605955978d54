-- Lets a job wait no longer; primary key.
UPDATE job_queue SET blocked = 0, pending_reason = NULL, updated_at = ?2 WHERE id = ?1 AND blocked AND status = 'pending'
RETURNING job_type, priority, run_at
