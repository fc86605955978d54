-- Changes a schedule that is still as it was read: cron_schedules_pkey.
UPDATE {schema}.cron_schedules SET cron_expression = $3::text, timezone = $4::text, status = $5::text, missed = $6::text,
    allow_overlap = $7::bool, job_type = $8::text, payload = $9::jsonb, priority = $10::int4, max_attempts = $11::int4,
    timeout_ms = abs($12::int4), force_kill_on_timeout = coalesce($12::int4 < 0, false), tags = $13::text[], retry_delay = $14::float8, retry_backoff = $15::bool,
    retry_delay_max = $16::float8, next_run_at = $17::timestamptz, extras = $18::jsonb,
    dead_letter_job_type = $18::jsonb ->> 'dead_letter_job_type',
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $1::int8 AND updated_at = $2::timestamptz RETURNING id
