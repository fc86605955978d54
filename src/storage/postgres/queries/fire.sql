-- Fires a schedule that is still as it was read, and adds its jobs as add.sql does: cron_schedules_pkey, and for the job
-- before job_queue_pkey.
WITH held AS MATERIALIZED (
    SELECT * FROM {schema}.cron_schedules
    WHERE id = $1::int8 AND updated_at = $2::timestamptz AND next_run_at IS NOT DISTINCT FROM $3::timestamptz AND status = 'active' FOR UPDATE
), free AS MATERIALIZED (
    SELECT h.* FROM held h WHERE h.allow_overlap OR NOT EXISTS (
        SELECT FROM {schema}.job_queue j WHERE j.id = h.last_job_id AND j.status IN ('pending', 'processing', 'waiting')
    )
), input AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_queue_id_seq') AS job_id, t.tick, t.place, f.*
    FROM free f CROSS JOIN unnest($4::timestamptz[]) WITH ORDINALITY AS t (tick, place)
), added AS (
    INSERT INTO {schema}.job_queue (id, job_type, payload, priority, run_at, max_attempts, timeout_ms, force_kill_on_timeout,
        tags, retry_delay, retry_backoff, retry_delay_max, group_id, group_tier, dead_letter_job_type,
        expires_at, extras)
    SELECT job_id, job_type, payload, priority, tick, max_attempts, timeout_ms, force_kill_on_timeout,
        tags, retry_delay, retry_backoff, retry_delay_max, extras ->> 'group_id', extras ->> 'group_tier', coalesce(extras ->> 'dead_letter_job_type', dead_letter_job_type),
        tick + CAST(extras ->> 'expires_in' AS double precision) * interval '1 second', extras -> 'kept'
    FROM input ORDER BY place
    RETURNING id, job_type, priority, run_at AS due_at, false AS retrying, expires_at, extras, group_id, group_tier
), {queued}, noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata) SELECT id, 'added', $6::jsonb FROM added
), moved AS (
    UPDATE {schema}.cron_schedules s SET next_run_at = $5::timestamptz,
        last_job_id = coalesce((SELECT max(job_id) FROM input), s.last_job_id),
        last_enqueued_at = CASE WHEN EXISTS (SELECT FROM input) THEN clock_timestamp() ELSE s.last_enqueued_at END,
        updated_at = greatest(clock_timestamp(), s.updated_at + interval '1 microsecond')
    FROM held h WHERE s.id = h.id AND {each h.id}
    RETURNING s.updated_at
)
SELECT m.updated_at, (SELECT array_agg(job_id ORDER BY place) FROM input) FROM moved m
