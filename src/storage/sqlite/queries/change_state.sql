-- What decides whether a job may be changed, and where it stands in the queue; primary key.
SELECT job_type, status, priority, run_at, next_attempt_at, attempts, max_attempts, tags, wait_until, expires_at, blocked
FROM job_queue WHERE id = ?1
