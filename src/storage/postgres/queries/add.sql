-- Adds jobs without keys, with ids from the sequence in the order of the input. A negative timeout is one at whose end the handler
-- is killed.
WITH note AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_events_id_seq') AS id
), input AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_queue_id_seq') AS id, coalesce(t.run_at, now()) AS due_at, t.*
    FROM unnest($1::text[], $2::jsonb[], $3::int4[], $4::timestamptz[], $5::int4[], $6::int4[], $7::text[], $8::float8[],
        $9::bool[], $10::float8[])
        WITH ORDINALITY AS t (job_type, payload, priority, run_at, max_attempts, timeout_ms, tags, retry_delay, retry_backoff,
            retry_delay_max, place)
), added AS (
    INSERT INTO {schema}.job_queue (id, job_type, payload, priority, run_at, max_attempts, timeout_ms,
        force_kill_on_timeout, tags, retry_delay, retry_backoff, retry_delay_max, added_event)
    SELECT id, job_type, payload, priority, due_at, max_attempts, abs(timeout_ms),
        coalesce(timeout_ms < 0, false), tags::text[], retry_delay, retry_backoff, retry_delay_max, (SELECT id FROM note)
    FROM input
), ready AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type)
    SELECT id, due_at, ~priority, false, job_type FROM input WHERE due_at <= now()
), scheduled AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type)
    SELECT id, due_at, priority, false, job_type FROM input WHERE due_at > now()
), noted AS (
    INSERT INTO {schema}.job_event_batches (id, event_type, job_ids) SELECT (SELECT id FROM note), 'added', array_agg(id) FROM input
)
SELECT array_agg(id ORDER BY place) FROM input
