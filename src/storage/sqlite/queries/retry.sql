-- Puts an ended job back into the queue, due at ?3, with one more attempt if it was spent; primary key.
UPDATE job_queue
SET status = 'pending', run_at = ?3, expires_at = expires_at + (?3 - run_at), updated_at = ?2, last_retried_at = ?2, next_attempt_at = NULL,
    failure_reason = NULL, cancel_reason = NULL, completed_at = NULL, cancel_requested_at = NULL, crashes = 0, dead_lettered_at = NULL, dead_letter_job_id = NULL,
    max_attempts = CASE WHEN attempts >= max_attempts THEN attempts + 1 ELSE max_attempts END
WHERE id = ?1
