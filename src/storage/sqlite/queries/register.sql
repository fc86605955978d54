-- Registers a worker.
INSERT INTO job_workers (name, renewed_at, expires_at, host, pid, version, concurrency, job_types, started_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?2)
