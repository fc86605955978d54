-- When the next lease runs out after a time; a scan of job_workers, which holds one row for each living worker.
SELECT min(expires_at) FILTER (WHERE expires_at > ?1) FROM job_workers
