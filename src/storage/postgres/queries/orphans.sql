-- Leases without a worker: job_leases_pkey is skipped through from worker to worker.
SELECT l.job_id, l.worker_id, l.token FROM (
    WITH RECURSIVE holders AS (
        (SELECT worker_id FROM {schema}.job_leases ORDER BY worker_id LIMIT 1)
        UNION ALL
        SELECT (SELECT l.worker_id FROM {schema}.job_leases l WHERE l.worker_id > h.worker_id ORDER BY l.worker_id LIMIT 1)
        FROM holders h WHERE h.worker_id IS NOT NULL
    )
    SELECT worker_id FROM holders h
    WHERE worker_id IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.job_workers w WHERE w.id = h.worker_id)
) AS dead JOIN {schema}.job_leases l ON l.worker_id = dead.worker_id
ORDER BY l.job_id LIMIT $1::int8 FOR UPDATE OF l SKIP LOCKED
