-- The registered workers behind one; primary key.
SELECT id, name, host, pid, version, concurrency, job_types, started_at, renewed_at, expires_at, draining FROM job_workers
WHERE id > ?1 ORDER BY id LIMIT ?2
