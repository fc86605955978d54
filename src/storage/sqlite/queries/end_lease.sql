-- Ends a lease if it is valid, and says whether its job is still there and is to be cancelled; primary keys.
DELETE FROM job_leases WHERE worker_id = ?1 AND job_id = ?2 AND token = ?3
RETURNING is_retry, EXISTS (SELECT 1 FROM job_queue WHERE id = ?2), cancel_requested
