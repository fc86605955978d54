-- Ends a run badly, with a retry due or for good; primary key.
UPDATE job_queue
SET status = 'failed', last_failed_at = ?2, updated_at = ?2, locked_at = NULL, locked_by = NULL,
    wait_until = NULL, crashes = crashes + (?3 = 'lost'),
    failure_reason = ?3, next_attempt_at = ?4, error_history = ?5
WHERE id = ?1
RETURNING job_type, priority
