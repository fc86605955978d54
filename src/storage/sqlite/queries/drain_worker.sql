-- Asks a living worker to drain; primary key.
UPDATE job_workers SET draining = 1 WHERE id = ?1 AND expires_at > ?2
