-- Jobs whose lease ran out long ago, by growing id: the claims are few and read whole by job_claims_pkey, then job_queue_pkey;
-- OFFSET 0 keeps the planner from walking along all jobs instead. `silent` keeps the claims' workers from being renewed meanwhile.
SELECT i.job_id, c.worker_id, c.token FROM {schema}.job_claims c CROSS JOIN unnest(c.job_ids) AS i (job_id)
CROSS JOIN LATERAL (
    SELECT locked_at, timeout_ms FROM {schema}.job_queue
    WHERE id = i.job_id AND status = 'processing' AND lease_worker = c.worker_id AND lease_token = c.token OFFSET 0
) j
LEFT JOIN silent w ON w.id = c.worker_id
WHERE i.job_id > $4::int8
    AND (w.id IS NOT NULL OR NOT EXISTS (SELECT FROM {schema}.job_workers a WHERE a.id = c.worker_id))
    AND coalesce(w.renewed_at, j.locked_at)
        < now() - greatest($5::float8 * interval '1 second', coalesce(j.timeout_ms, 0) * interval '1 millisecond')
ORDER BY i.job_id LIMIT $1::int8
