-- Turns a picked job into a running one, unless it expired; primary key. A wait is over no sooner than its place in the queue says, ?6.
UPDATE job_queue
SET status = 'processing', attempts = attempts + (status <> 'waiting'), updated_at = ?2, locked_at = ?2, locked_by = ?3,
    lease_worker = ?4, lease_token = ?5, started_at = coalesce(started_at, ?2), next_attempt_at = NULL,
    pending_reason = NULL, wait_token_id = NULL
WHERE id = ?1 AND (status = 'pending' OR status = 'failed' AND next_attempt_at IS NOT NULL
    OR status = 'waiting' AND wait_until <= ?6)
    AND (expires_at IS NULL OR expires_at > ?2 OR attempts > 0)
