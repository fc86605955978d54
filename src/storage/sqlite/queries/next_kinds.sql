-- The next kinds by key, and whether they stand for nothing; primary key of both tables.
SELECT key, coalesce(expires_at <= ?3, 1) AND NOT EXISTS (SELECT 1 FROM job_queue WHERE job_queue.id = job_unique.job_id)
FROM job_unique WHERE key > ?1 ORDER BY key LIMIT ?2
