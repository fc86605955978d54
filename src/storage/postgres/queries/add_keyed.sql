-- As add.sql, for jobs some of which have keys or extras: by key, so that two batches that share keys do not wait for each other in a ring,
-- and passing over taken ones: idx_job_queue_idempotency_key.
WITH note AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_events_id_seq') AS id
), input AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_queue_id_seq') AS id, t.*
    FROM unnest($1::text[], $2::jsonb[], $3::int4[], $4::timestamptz[], $5::int4[], $6::int4[], $7::text[], $8::text[],
        $9::float8[], $10::bool[], $11::float8[], $12::jsonb[])
        WITH ORDINALITY AS t (job_type, payload, priority, run_at, max_attempts, timeout_ms, tags, idempotency_key,
            retry_delay, retry_backoff, retry_delay_max, extras, place)
), added AS (
    INSERT INTO {schema}.job_queue (id, job_type, payload, priority, run_at, max_attempts, timeout_ms,
        force_kill_on_timeout, tags, idempotency_key, retry_delay, retry_backoff, retry_delay_max, added_event,
        group_id, group_tier, dead_letter_job_type,
        expires_at, extras, blocked)
    SELECT id, job_type, payload, priority, coalesce(run_at, now()), max_attempts, abs(timeout_ms),
        coalesce(timeout_ms < 0, false), tags::text[], idempotency_key, retry_delay, retry_backoff, retry_delay_max,
        (SELECT id FROM note), extras ->> 'group_id', extras ->> 'group_tier', extras ->> 'dead_letter_job_type',
        coalesce(run_at, now()) + CAST(extras ->> 'expires_in' AS double precision) * interval '1 second', extras -> 'kept',
        CASE WHEN extras -> 'depends_on' IS NOT NULL THEN true END
    FROM input ORDER BY idempotency_key, place
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, job_type, priority, CASE WHEN blocked IS NULL THEN run_at END AS due_at, false AS retrying, expires_at, extras, group_id,
        group_tier
), {queued}, noted AS (
    INSERT INTO {schema}.job_event_batches (id, event_type, job_ids)
    SELECT (SELECT id FROM note), 'added', array_agg(id) FROM added HAVING count(*) > 0
)
SELECT (SELECT array_agg(id ORDER BY place) FROM input), (SELECT array_agg(id) FROM added)
