-- Adds one job that is due now, and nothing where its key is taken: idx_job_queue_idempotency_key. A negative timeout is one at whose end the handler
-- is killed. Tells other processes if there is a text to tell.
WITH added AS (
    INSERT INTO {schema}.job_queue (job_type, payload, priority, run_at, max_attempts, timeout_ms, force_kill_on_timeout, tags,
        idempotency_key, retry_delay, retry_backoff, retry_delay_max)
    VALUES ($1::text, $2::jsonb, $3::int4, now(), $4::int4, abs($5::int4), coalesce($5::int4 < 0, false), CAST($6::text AS text[]), $7::text,
        $8::float8, $9::bool, $10::float8)
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, job_type, priority, run_at
), ready AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type)
    SELECT id, run_at, ~priority, false, job_type FROM added
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type) SELECT id, 'added' FROM added
)
SELECT id, CASE WHEN $11::text IS NOT NULL THEN pg_notify('{channel}', $11::text) END FROM added
