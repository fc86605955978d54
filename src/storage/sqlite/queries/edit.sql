-- Replaces fields of a job: of each pair the first says whether, the second is the value; primary key.
UPDATE job_queue
SET updated_at = ?2, priority = ?3, max_attempts = max(?4, attempts + 1), run_at = ?5, expires_at = expires_at + (?5 - run_at), next_attempt_at = ?6,
    timeout_ms = CASE WHEN ?7 THEN ?8 ELSE timeout_ms END,
    force_kill_on_timeout = coalesce(?18, force_kill_on_timeout)
        AND CASE WHEN ?7 THEN ?8 ELSE timeout_ms END IS NOT NULL,
    retry_delay = CASE WHEN ?9 THEN ?10 ELSE retry_delay END,
    retry_backoff = CASE WHEN ?11 THEN ?12 ELSE retry_backoff END,
    retry_delay_max = CASE WHEN ?13 THEN ?14 ELSE retry_delay_max END,
    tags = coalesce(?15, tags),
    payload = CASE WHEN ?16 THEN ?17 ELSE payload END
WHERE id = ?1
