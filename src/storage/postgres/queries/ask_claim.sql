-- The store's clock and whether a worker is registered, for a claim whose reply was lost. It waits for that claim, which has
-- locked the worker's row, and sees to it that one which has not begun yet leases nothing: job_workers_pkey.
WITH held AS MATERIALIZED (
    SELECT id FROM {schema}.job_workers WHERE id = $1::int8 FOR UPDATE
), asked AS (
    UPDATE {schema}.job_workers w SET last_asked = greatest(w.last_asked, $2::int8) FROM held h WHERE w.id = h.id AND {each h.id}
)
SELECT clock_timestamp(), EXISTS (SELECT FROM held)
