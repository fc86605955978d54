-- Changes a schedule that is still as it was read, by primary key.
UPDATE cron_schedules SET cron_expression = ?3, timezone = ?4, status = ?5, missed = ?6, allow_overlap = ?7, job_type = ?8,
    priority = ?9, max_attempts = ?10, timeout_ms = abs(?11), force_kill_on_timeout = coalesce(?11 < 0, 0), retry_delay = ?12, retry_backoff = ?13, retry_delay_max = ?14,
    tags = ?15, payload = ?16, next_run_at = ?17, updated_at = max(?18, updated_at + 1),
    extras = ?19, dead_letter_job_type = ?19 ->> 'dead_letter_job_type'
WHERE id = ?1 AND updated_at = ?2
