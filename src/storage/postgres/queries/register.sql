-- Registers a worker.
INSERT INTO {schema}.job_workers (name, lease_ms, renewed_at, expires_at, host, pid, version, concurrency, job_types)
VALUES ($1::text, $2::int8, clock_timestamp(), clock_timestamp() + $2::int8 * interval '1 millisecond', $3::text, $4::int8, $5::text,
    $6::int4, $7::text[]) RETURNING id
