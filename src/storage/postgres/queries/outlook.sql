-- The store's clock and whether a worker is registered: job_workers_pkey.
SELECT clock_timestamp(), EXISTS (SELECT FROM {schema}.job_workers WHERE id = $1::int8)
