-- Removes a worker: job_workers_pkey. Leases it still has are swept as a dead worker's.
DELETE FROM {schema}.job_workers WHERE id = $1::int8
