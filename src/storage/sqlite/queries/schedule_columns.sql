-- The columns of a schedule, in the order in which rows.rs reads them.
id, schedule_name, cron_expression, timezone, status, missed, allow_overlap, job_type, priority, max_attempts, timeout_ms,
force_kill_on_timeout, retry_delay, retry_backoff, retry_delay_max, tags, payload, extras, next_run_at, last_enqueued_at, last_job_id, created_at, updated_at
