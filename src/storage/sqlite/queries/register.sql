-- Registers a worker.
INSERT INTO job_workers (name, renewed_at, expires_at) VALUES (?1, ?2, ?3)
