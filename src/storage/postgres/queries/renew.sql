-- Renews all leases of a worker by its one row: job_workers_pkey.
UPDATE {schema}.job_workers SET lease_ms = $2::int8, renewed_at = clock_timestamp(),
    expires_at = clock_timestamp() + $2::int8 * interval '1 millisecond'
WHERE id = $1::int8 RETURNING id
