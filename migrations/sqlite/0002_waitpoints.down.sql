DROP INDEX idx_job_queue_wait_token;
DROP TABLE waitpoints;
