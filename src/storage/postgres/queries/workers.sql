-- The registered workers behind one, and of what each runs so many jobs, the oldest claim first: job_workers_pkey, job_claims_pkey,
-- job_queue_pkey.
SELECT w.id, w.name, w.host, w.pid, w.version, w.concurrency, w.job_types, w.started_at, w.renewed_at, w.expires_at,
    w.expires_at > clock_timestamp(), w.draining, (
        SELECT array_agg(r.id ORDER BY r.token, r.id) FROM (
            SELECT j.id, c.token
            FROM (SELECT token, job_ids FROM {schema}.job_claims WHERE worker_id = w.id ORDER BY token) AS c
                CROSS JOIN unnest(c.job_ids) AS i (job_id) JOIN {schema}.job_queue j ON j.id = i.job_id
            WHERE j.status = 'processing' AND j.lease_worker = w.id AND j.lease_token = c.token AND {each i.job_id}
            LIMIT $3::int8
        ) r
    )
FROM {schema}.job_workers w WHERE w.id > $1::int8 ORDER BY w.id LIMIT $2::int8
