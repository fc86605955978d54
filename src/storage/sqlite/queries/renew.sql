-- Renews all leases of a worker, and tells whether it is to drain; primary key.
UPDATE job_workers SET renewed_at = ?2, expires_at = ?3 WHERE id = ?1 RETURNING draining
