-- What decides the fate of a job whose worker died; primary key.
SELECT crashes + 1, attempts, max_attempts, locked_by, cancel_requested_at IS NOT NULL FROM job_queue WHERE id = ?1 AND status = 'processing'
