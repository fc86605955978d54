-- Takes a job out of the queue; primary key.
UPDATE job_queue
SET status = 'cancelled', last_cancelled_at = ?2, updated_at = ?2, next_attempt_at = NULL, wait_until = NULL,
    wait_token_id = NULL, pending_reason = NULL
WHERE id = ?1
