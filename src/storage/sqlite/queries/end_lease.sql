-- Ends a lease if it is valid; primary key.
DELETE FROM job_leases WHERE worker_id = ?1 AND job_id = ?2 AND token = ?3 RETURNING is_retry
