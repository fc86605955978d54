-- Ends a run as cancelled; primary key.
UPDATE job_queue
SET status = 'cancelled', last_cancelled_at = ?2, updated_at = ?2, next_attempt_at = NULL, locked_at = NULL, locked_by = NULL,
    wait_until = NULL, cancel_reason = ?3
WHERE id = ?1
