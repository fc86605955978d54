-- The job that holds an idempotency key; idx_job_queue_idempotency_key.
SELECT id FROM job_queue WHERE idempotency_key = ?1 AND idempotency_key IS NOT NULL
