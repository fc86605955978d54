-- Whether any job waits for another, whose name begins with "job:"; idx_job_queue_wait_token.
SELECT EXISTS (SELECT 1 FROM job_queue WHERE wait_token_id >= 'job:' AND wait_token_id < 'job;')
