-- Counts jobs. The filter chooses `{from}` and `{where}`, and with them between job_queue_pkey, idx_job_queue_job_type,
-- idx_job_queue_tags, idx_job_queue_failed_retry, idx_job_queue_cancelled, idx_job_queue_waiting, idx_job_queue_claimable,
-- idx_job_scheduled_due and job_leases_pkey.
SELECT count(*) FROM {from} WHERE {where}
