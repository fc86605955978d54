-- Leases that ran out long ago, by growing job: the leases are few and read whole by job_leases_pkey, then job_queue_pkey,
-- job_workers_pkey.
SELECT l.job_id, l.ctid AS place FROM {schema}.job_leases l
JOIN {schema}.job_queue j ON j.id = l.job_id LEFT JOIN {schema}.job_workers w ON w.id = l.worker_id
WHERE l.job_id > $4::int8 AND (w.id IS NULL OR w.expires_at < now()) AND coalesce(w.renewed_at, j.locked_at)
    < now() - greatest($5::float8 * interval '1 second', coalesce(j.timeout_ms, 0) * interval '1 millisecond')
ORDER BY l.job_id LIMIT $1::int8 FOR UPDATE OF l SKIP LOCKED
