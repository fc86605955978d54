-- Gives a job that was just added the past it had in another store; primary key.
UPDATE job_queue
SET created_at = ?2, attempts = ?3, status = CASE WHEN ?4 IS NULL THEN 'pending' ELSE 'failed' END, next_attempt_at = ?4,
    started_at = ?5, last_failed_at = ?6, last_retried_at = ?7, failure_reason = ?8, error_history = ?9, step_data = ?10
WHERE id = ?1
