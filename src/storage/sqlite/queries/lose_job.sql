-- Ends a job that its workers died under, its lease void for good; primary key.
UPDATE job_queue
SET status = 'failed', crashes = crashes + 1, failure_reason = 'lost', last_failed_at = ?2, updated_at = ?2,
    next_attempt_at = NULL, locked_at = NULL, locked_by = NULL, lease_worker = NULL, lease_token = NULL,
    wait_until = NULL,
    error_history = ?3
WHERE id = ?1
