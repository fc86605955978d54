-- Adds jobs of another store with their past, as add.sql; a taken key (idx_job_queue_idempotency_key) adds nothing.
WITH input AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_queue_id_seq') AS id, t.place - 1 AS place, t.item, t.item -> 'job' AS job
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS t (item, place)
), added AS (
    INSERT INTO {schema}.job_queue (id, job_type, payload, priority, run_at, max_attempts, timeout_ms,
        force_kill_on_timeout, tags, idempotency_key, retry_delay, retry_backoff, retry_delay_max, created_at, attempts, status, next_attempt_at,
        started_at, last_failed_at, last_retried_at, failure_reason, error_history, step_data,
        group_id, group_tier, dead_letter_job_type,
        expires_at, extras)
    SELECT id, job ->> 'job_type', job -> 'payload', (job ->> 'priority')::integer,
        coalesce((job ->> 'run_at')::timestamptz, now()), (job ->> 'max_attempts')::integer,
        abs((job ->> 'timeout_ms')::integer), coalesce((job ->> 'timeout_ms')::integer < 0, false), (job ->> 'tags')::text[], job ->> 'idempotency_key',
        (job ->> 'retry_delay')::double precision, (job ->> 'retry_backoff')::boolean,
        (job ->> 'retry_delay_max')::double precision, (item ->> 'created_at')::timestamptz,
        (item ->> 'attempts')::integer, CASE WHEN item ->> 'next_attempt_at' IS NULL THEN 'pending' ELSE 'failed' END,
        (item ->> 'next_attempt_at')::timestamptz, (item ->> 'started_at')::timestamptz,
        (item ->> 'last_failed_at')::timestamptz, (item ->> 'last_retried_at')::timestamptz,
        item ->> 'failure_reason', item -> 'error_history', item -> 'step_data',
        job -> 'extras' ->> 'group_id', job -> 'extras' ->> 'group_tier', job -> 'extras' ->> 'dead_letter_job_type',
        coalesce((job ->> 'run_at')::timestamptz, now()) + CAST(job -> 'extras' ->> 'expires_in' AS double precision) * interval '1 second', job -> 'extras' -> 'kept'
    FROM input ORDER BY job ->> 'idempotency_key', place
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, job_type, priority, coalesce(next_attempt_at, run_at) AS due_at, status = 'failed' AS retrying,
        expires_at, extras, group_id, group_tier
), {queued}, noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata)
    SELECT a.id, 'added', jsonb_build_object('transferred_from', i.item -> 'source_id', 'attempts', i.item -> 'attempts')
    FROM added a JOIN input i ON i.id = a.id
)
SELECT i.place, i.id FROM input i JOIN added a ON a.id = i.id
