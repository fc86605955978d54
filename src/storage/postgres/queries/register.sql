-- Registers a worker.
INSERT INTO {schema}.job_workers (name, lease_ms, renewed_at, expires_at)
VALUES ($1::text, $2::int8, clock_timestamp(), clock_timestamp() + $2::int8 * interval '1 millisecond') RETURNING id
