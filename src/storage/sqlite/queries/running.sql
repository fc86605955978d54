-- Running jobs by growing id, and whether each is stuck; idx_job_queue_open, primary key of job_workers.
SELECT job_queue.id, lease_worker,
       (job_workers.id IS NULL OR job_workers.expires_at <= ?3)
       AND coalesce(job_workers.renewed_at, locked_at, 0) <= ?3 - max(?4, coalesce(timeout_ms, 0) * 1000)
FROM job_queue LEFT JOIN job_workers ON job_workers.id = lease_worker
WHERE status = 'processing' AND status <> 'completed' AND job_queue.id > ?1
ORDER BY job_queue.id LIMIT ?2
