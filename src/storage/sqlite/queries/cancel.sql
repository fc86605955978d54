-- Takes a job out of the queue, for a reason where there is one; primary key.
UPDATE job_queue
SET status = 'cancelled', last_cancelled_at = ?2, updated_at = ?2, next_attempt_at = NULL, wait_until = NULL,
    wait_token_id = NULL, pending_reason = NULL, blocked = 0, cancel_reason = coalesce(?3, cancel_reason)
WHERE id = ?1
