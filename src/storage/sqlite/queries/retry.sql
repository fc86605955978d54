-- Puts an ended job back into the queue, with one more attempt if it was spent; primary key.
UPDATE job_queue
SET status = 'pending', run_at = ?2, updated_at = ?2, last_retried_at = ?2, next_attempt_at = NULL,
    failure_reason = NULL, completed_at = NULL, cancel_requested_at = NULL, crashes = 0,
    max_attempts = CASE WHEN attempts >= max_attempts THEN attempts + 1 ELSE max_attempts END
WHERE id = ?1
