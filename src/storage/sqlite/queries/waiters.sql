-- The jobs that wait for something; idx_job_queue_wait_token.
SELECT id, job_type, priority, wait_until FROM job_queue WHERE wait_token_id = ?1 AND status = 'waiting'
