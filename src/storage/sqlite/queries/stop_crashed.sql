-- Ends as cancelled a job that its worker died under, its lease void for good; primary key.
UPDATE job_queue
SET status = 'cancelled', crashes = crashes + 1, last_cancelled_at = ?2, updated_at = ?2, next_attempt_at = NULL,
    locked_at = NULL, locked_by = NULL, lease_worker = NULL, lease_token = NULL, wait_until = NULL
WHERE id = ?1
