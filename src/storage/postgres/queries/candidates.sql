-- Looks at the next jobs by growing id and tells which are to be changed. `{arms}` and `{where}` come from the filter; each arm
-- walks along one of job_ready_pkey, job_scheduled_pkey, job_line_pkey, idx_job_queue_claimable, idx_job_scheduled_due,
-- idx_job_queue_failed_retry, idx_job_queue_cancelled and idx_job_queue_waiting, idx_job_queue_blocked, idx_job_queue_job_type,
-- job_queue_pkey; then job_queue_pkey. job_claims, which is small, is read whole.
WITH looked AS MATERIALIZED (
    SELECT id FROM ({arms}) AS n ORDER BY id LIMIT {limit}
)
SELECT count(*), max(l.id), array_agg(l.id ORDER BY l.id) FILTER (WHERE {where})
FROM looked l LEFT JOIN {schema}.job_queue j ON j.id = l.id
