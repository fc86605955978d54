-- Makes a dead worker's job pending, its lease void for good; primary key.
UPDATE job_queue
SET status = 'pending', crashes = crashes + 1, updated_at = ?2, run_at = min(run_at, ?2), locked_at = NULL,
    locked_by = NULL, lease_worker = NULL, lease_token = NULL, wait_until = NULL
WHERE id = ?1
RETURNING job_type, priority, run_at
