-- Adds a schedule; none if its name is taken: idx_cron_schedules_name.
INSERT INTO cron_schedules (schedule_name, cron_expression, timezone, missed, allow_overlap, job_type, priority, max_attempts,
    timeout_ms, force_kill_on_timeout, retry_delay, retry_backoff, retry_delay_max, tags, payload, next_run_at, created_at, updated_at,
    extras, dead_letter_job_type)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, abs(?9), coalesce(?9 < 0, 0), ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16, ?17, ?17 ->> 'dead_letter_job_type')
ON CONFLICT (schedule_name) DO NOTHING
