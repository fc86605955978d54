-- As add.sql, for a client library of the caller's: idx_job_queue_idempotency_key.
-- One JSON document, no character that reads as a placeholder.
WITH input AS MATERIALIZED (
    SELECT nextval(CAST('{schema_text}.job_queue_id_seq' AS regclass)) AS id, t.place - 1 AS place, t.job
    FROM jsonb_array_elements(CAST(CAST({param} AS text) AS jsonb)) WITH ORDINALITY AS t (job, place)
), added AS (
    INSERT INTO {schema}.job_queue (id, job_type, payload, priority, run_at, max_attempts, timeout_ms,
        force_kill_on_timeout, tags, idempotency_key, retry_delay, retry_backoff, retry_delay_max,
        group_id, group_tier, dead_letter_job_type,
        expires_at, extras, blocked)
    SELECT id, job ->> 'job_type', job -> 'payload', CAST(job ->> 'priority' AS integer),
        coalesce(CAST(job ->> 'run_at' AS timestamptz), now()), CAST(job ->> 'max_attempts' AS integer),
        abs(CAST(job ->> 'timeout_ms' AS integer)), coalesce(CAST(job ->> 'timeout_ms' AS integer) < 0, false), CAST(job ->> 'tags' AS text[]), job ->> 'idempotency_key',
        CAST(job ->> 'retry_delay' AS double precision), CAST(job ->> 'retry_backoff' AS boolean),
        CAST(job ->> 'retry_delay_max' AS double precision), job -> 'extras' ->> 'group_id', job -> 'extras' ->> 'group_tier', job -> 'extras' ->> 'dead_letter_job_type',
        coalesce(CAST(job ->> 'run_at' AS timestamptz), now()) + CAST(job -> 'extras' ->> 'expires_in' AS double precision) * interval '1 second', job -> 'extras' -> 'kept',
        CASE WHEN job -> 'extras' -> 'depends_on' IS NOT NULL THEN true END
    FROM input ORDER BY job ->> 'idempotency_key', place
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, job_type, priority, CASE WHEN blocked IS NULL THEN run_at END AS due_at, false AS retrying, expires_at, extras, group_id,
        group_tier
), {queued}, noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type) SELECT id, 'added' FROM added
), wake AS MATERIALIZED (
    SELECT pg_notify('{channel}', '') AS sent FROM added LIMIT 1
)
SELECT i.place AS position, i.id FROM input i JOIN added a ON a.id = i.id LEFT JOIN wake w ON true ORDER BY i.place
