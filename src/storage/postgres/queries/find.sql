-- Reads a page of jobs, newest first. `{arms}` come from the filter and find the ids, each along one of: job_queue_pkey,
-- idx_job_queue_job_type, idx_job_queue_tags, idx_job_queue_failed_retry, idx_job_queue_cancelled, idx_job_queue_waiting, idx_job_queue_blocked,
-- job_ready_pkey, job_scheduled_pkey, job_line_pkey, idx_job_queue_claimable, idx_job_scheduled_due; job_claims,
-- which is small, is read whole.
SELECT {job} FROM ({arms}) AS n JOIN {schema}.job_queue j ON j.id = n.id ORDER BY n.id DESC LIMIT {limit} OFFSET {offset}
