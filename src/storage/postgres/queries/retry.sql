-- Makes failed and cancelled jobs pending, due one after another at an interval, by default all at once, and those that were added to
-- wait for others only if asked to, which are not queued: job_ready_pkey, job_scheduled_pkey and job_line_pkey first, then
-- job_queue_pkey, job_terms_pkey.
WITH ready AS (
    DELETE FROM {schema}.job_ready WHERE job_id = ANY ($1::int8[]) AND retrying RETURNING job_id
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY ($1::int8[]) AND retrying RETURNING job_id
), line AS (
    DELETE FROM {schema}.job_line WHERE job_id = ANY ($1::int8[]) AND retrying RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET status = 'pending', updated_at = now(), last_retried_at = now(),
        next_attempt_at = NULL, failure_reason = NULL, cancel_reason = NULL, completed_at = NULL, cancel_requested_at = NULL, crashes = 0,
        max_attempts = greatest(j.max_attempts, j.attempts + 1), dead_lettered_at = NULL, dead_letter_job_id = NULL,
        run_at = i.due_at, expires_at = j.expires_at + (i.due_at - j.run_at),
        blocked = CASE WHEN num_nonnulls(j.depends_on_job_ids, j.depends_on_tags) > 0 THEN true END
    FROM (
        SELECT job_id, greatest(now(), $2::timestamptz) + (place - 1) * $3::float8 * interval '1 second' AS due_at
        FROM unnest($1::int8[]) WITH ORDINALITY AS n (job_id, place)
    ) i
    WHERE j.id = i.job_id AND {each i.job_id} AND j.status IN ('failed', 'cancelled')
        AND ($4::bool OR num_nonnulls(j.depends_on_job_ids, j.depends_on_tags) = 0)
        AND (SELECT count(*) FROM ready) + (SELECT count(*) FROM scheduled) + (SELECT count(*) FROM line) >= 0
    RETURNING j.id, j.run_at, CASE WHEN j.blocked IS NULL THEN j.run_at END AS due_at, j.priority, j.job_type, j.expires_at, j.attempts,
        j.group_id, j.group_tier
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, ~priority, false, job_type, group_id, group_tier FROM done WHERE due_at <= now() {replace_ready}
), later AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, priority, false, job_type, group_id, group_tier FROM done WHERE due_at > now() {replace}
), {expiring}, noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type) SELECT id, clock_timestamp(), 'retried' FROM done
)
SELECT array_agg(id), 0::int8, max(run_at) + $3::float8 * interval '1 second',
    (SELECT array_agg(id) FROM {schema}.job_queue WHERE id = ANY ($1::int8[]) AND status IN ('failed', 'cancelled')
        AND num_nonnulls(depends_on_job_ids, depends_on_tags) > 0)
FROM done
