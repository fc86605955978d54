-- Removes a worker, and claims of it whose jobs are over: job_workers_pkey, job_claims_pkey. Leases it still has are swept as a
-- dead worker's.
WITH over AS (
    DELETE FROM {schema}.job_claims c USING unnest($2::int8[]) AS o (token)
    WHERE c.worker_id = $1::int8 AND c.token = o.token AND {each o.token}
)
DELETE FROM {schema}.job_workers WHERE id = $1::int8
