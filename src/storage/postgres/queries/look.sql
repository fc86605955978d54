-- Looks for what is to be done: idx_job_queue_claimable and idx_job_scheduled_due for each type, idx_job_groups_opens; job_workers,
-- which is small and read whole and by job_workers_pkey; job_claims_pkey from worker to worker; idx_waitpoints_timeout,
-- idx_job_queue_wait_token, idx_job_queue_blocked, idx_cron_schedules_due, idx_job_terms_due.
SELECT
    EXISTS (
        SELECT FROM unnest($2::text[]) AS t (job_type) CROSS JOIN LATERAL (
            (SELECT FROM {schema}.job_ready WHERE job_type = t.job_type ORDER BY rank, due_at, job_id LIMIT 1)
            UNION ALL
            (SELECT FROM {schema}.job_scheduled WHERE job_type = t.job_type AND due_at <= now() ORDER BY due_at LIMIT 1)
        ) first
    ) OR cardinality($2::text[]) > 0 AND coalesce((
        SELECT opens_at FROM {schema}.job_groups WHERE opens_at IS NOT NULL ORDER BY opens_at LIMIT 1
    ) <= now(), false),
    (SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 FROM {schema}.job_workers WHERE id <> $1::int8),
    EXISTS (
        WITH RECURSIVE holders AS (
            (SELECT worker_id FROM {schema}.job_claims ORDER BY worker_id LIMIT 1)
            UNION ALL
            SELECT (SELECT c.worker_id FROM {schema}.job_claims c WHERE c.worker_id > h.worker_id ORDER BY c.worker_id LIMIT 1)
            FROM holders h WHERE h.worker_id IS NOT NULL
        )
        SELECT FROM holders h
        WHERE worker_id IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.job_workers w WHERE w.id = h.worker_id)
    ),
    coalesce((
        SELECT min(timeout_at) FROM {schema}.waitpoints WHERE status = 'waiting' AND timeout_at IS NOT NULL
    ) <= now(), false) OR (SELECT min(wait_token_id) FROM {schema}.job_queue WHERE wait_token_id IS NOT NULL) IS NOT NULL
        OR (SELECT min(id) FROM {schema}.job_queue WHERE blocked) IS NOT NULL,
    coalesce((
        SELECT min(next_run_at) FROM {schema}.cron_schedules WHERE status = 'active' AND next_run_at IS NOT NULL
    ) <= now(), false),
    coalesce((SELECT min(due_at) FROM {schema}.job_terms) <= now(), false)
