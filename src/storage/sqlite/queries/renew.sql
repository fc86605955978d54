-- Renews all leases of a worker; primary key.
UPDATE job_workers SET renewed_at = ?2, expires_at = ?3 WHERE id = ?1
