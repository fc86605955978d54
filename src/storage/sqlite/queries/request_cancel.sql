-- Notes of a running job that somebody asks to cancel it; primary key.
UPDATE job_queue SET cancel_requested_at = ?2, updated_at = ?2
WHERE id = ?1 AND status = 'processing' AND cancel_requested_at IS NULL
RETURNING lease_worker
