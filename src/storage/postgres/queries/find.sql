-- Reads a page of jobs, newest first. The filter chooses `{from}` and `{where}`, and with them between job_queue_pkey,
-- idx_job_queue_job_type, idx_job_queue_tags, idx_job_queue_failed_retry, idx_job_queue_cancelled, idx_job_queue_waiting,
-- job_ready_pkey, job_scheduled_pkey, idx_job_queue_claimable, idx_job_scheduled_due and job_leases_pkey.
SELECT {job} FROM {from} WHERE {where} ORDER BY {key} DESC LIMIT {limit} OFFSET {offset}
