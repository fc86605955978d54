-- Ends a wait; primary key.
UPDATE job_queue SET wait_until = ?2, wait_token_id = NULL, updated_at = ?2 WHERE id = ?1
