-- Renews all leases of a worker by its one row, and tells which of their jobs somebody asked to cancel, and whether it is to drain:
-- job_workers_pkey, job_claims_pkey, job_queue_pkey.
WITH renewed AS (
    UPDATE {schema}.job_workers SET lease_ms = $2::int8, renewed_at = clock_timestamp(),
        expires_at = clock_timestamp() + $2::int8 * interval '1 millisecond'
    WHERE id = $1::int8 RETURNING id, draining
)
SELECT r.id, coalesce(c.jobs, '{}'), coalesce(c.tokens, '{}'), r.draining FROM renewed r CROSS JOIN LATERAL (
    SELECT array_agg(j.id ORDER BY j.id) AS jobs, array_agg(j.lease_token ORDER BY j.id) AS tokens
    FROM {schema}.job_claims c CROSS JOIN unnest(c.cancelling) AS i (job_id) JOIN {schema}.job_queue j ON j.id = i.job_id
    WHERE c.worker_id = r.id AND c.cancelling <> '{}' AND j.status = 'processing' AND j.lease_worker = c.worker_id
        AND j.lease_token = c.token AND {each i.job_id}
) c
