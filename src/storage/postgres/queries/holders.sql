-- Finds the jobs that hold these keys: idx_job_queue_idempotency_key.
SELECT idempotency_key, id FROM {schema}.job_queue WHERE idempotency_key = ANY ($1::text[]) AND idempotency_key IS NOT NULL
