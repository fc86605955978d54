-- Renews all leases of a worker by its one row, and tells which of their jobs somebody asked to cancel: job_workers_pkey,
-- idx_job_leases_cancelling.
WITH renewed AS (
    UPDATE {schema}.job_workers SET lease_ms = $2::int8, renewed_at = clock_timestamp(),
        expires_at = clock_timestamp() + $2::int8 * interval '1 millisecond'
    WHERE id = $1::int8 RETURNING id
)
SELECT id, array(SELECT job_id FROM {schema}.job_leases WHERE worker_id = $1::int8 AND cancel_requested ORDER BY job_id),
    array(SELECT token FROM {schema}.job_leases WHERE worker_id = $1::int8 AND cancel_requested ORDER BY job_id)
FROM renewed
