-- Removes a worker, and claims of it whose jobs are over: job_workers_pkey, job_claims_pkey. Leases it still has are swept as a
-- dead worker's.
WITH over AS (
    DELETE FROM {schema}.job_claims WHERE worker_id = $1::int8 AND token = ANY ($2::int8[])
)
DELETE FROM {schema}.job_workers WHERE id = $1::int8
