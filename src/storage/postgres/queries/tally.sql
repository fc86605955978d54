-- Looks at no more than so many of the jobs that the arms lead to, the newest of each, and counts those that match: job_queue_pkey,
-- idx_job_queue_failed_retry, idx_job_queue_cancelled, idx_job_queue_waiting, idx_job_queue_blocked,
-- job_ready_pkey, job_scheduled_pkey, job_line_pkey; job_claims, which is small, is read whole.
SELECT count(*), count(*) FILTER (WHERE {where})
FROM (SELECT id FROM ({arms}) AS n LIMIT {limit}) AS n JOIN {schema}.job_queue j ON j.id = n.id
