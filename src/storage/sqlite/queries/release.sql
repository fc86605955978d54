-- Gives a job back as it was, the claim not counted; primary key. ?3: it waits in failed for its retry, due now. One that had
-- waited waits on, its time come.
UPDATE job_queue
SET status = CASE WHEN wait_until IS NOT NULL THEN 'waiting' WHEN ?3 THEN 'failed' ELSE 'pending' END,
    attempts = max(attempts - (wait_until IS NULL), 0), updated_at = ?2,
    locked_at = NULL, locked_by = NULL, next_attempt_at = CASE WHEN ?3 THEN ?2 END,
    started_at = CASE WHEN attempts > 1 OR wait_until IS NOT NULL THEN started_at END
WHERE id = ?1
RETURNING job_type, priority, CASE WHEN wait_until IS NOT NULL THEN wait_until WHEN ?3 THEN ?2 ELSE run_at END
