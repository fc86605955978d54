-- Cancels a job because of another that it waits for; primary key.
UPDATE job_queue
SET status = 'cancelled', last_cancelled_at = ?2, updated_at = ?2, cancel_reason = ?3, blocked = 0, pending_reason = NULL
WHERE id = ?1 AND blocked AND status = 'pending'
