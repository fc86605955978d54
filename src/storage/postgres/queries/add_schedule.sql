-- Adds a schedule; none if its name is taken: idx_cron_schedules_name.
INSERT INTO {schema}.cron_schedules (schedule_name, cron_expression, timezone, missed, allow_overlap, job_type, payload,
    priority, max_attempts, timeout_ms, force_kill_on_timeout, tags, retry_delay, retry_backoff, retry_delay_max, next_run_at,
    extras, dead_letter_job_type)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::bool, $6::text, $7::jsonb, $8::int4, $9::int4, abs($10::int4), coalesce($10::int4 < 0, false), $11::text[],
    $12::float8, $13::bool, $14::float8, $15::timestamptz, $16::jsonb, $16::jsonb ->> 'dead_letter_job_type')
ON CONFLICT (schedule_name) DO NOTHING RETURNING id
