-- Leases that ran out long ago, by growing job: the leases are few and read whole by job_leases_pkey, then job_queue_pkey;
-- OFFSET 0 keeps the planner from walking along all jobs instead. `silent` keeps the leases' workers from being renewed meanwhile.
SELECT l.job_id, l.worker_id, l.token FROM {schema}.job_leases l
CROSS JOIN LATERAL (SELECT locked_at, timeout_ms FROM {schema}.job_queue WHERE id = l.job_id OFFSET 0) j
LEFT JOIN silent w ON w.id = l.worker_id
WHERE l.job_id > $4::int8
    AND (w.id IS NOT NULL OR NOT EXISTS (SELECT FROM {schema}.job_workers a WHERE a.id = l.worker_id))
    AND coalesce(w.renewed_at, j.locked_at)
        < now() - greatest($5::float8 * interval '1 second', coalesce(j.timeout_ms, 0) * interval '1 millisecond')
ORDER BY l.job_id LIMIT $1::int8 FOR UPDATE OF l SKIP LOCKED
