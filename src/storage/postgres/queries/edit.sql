-- Edits upcoming jobs: job_ready_pkey, job_scheduled_pkey and job_line_pkey first, as the claim does, then job_queue_pkey,
-- job_terms_pkey. One that waits keeps its place.
WITH upcoming AS MATERIALIZED (
    SELECT id FROM {schema}.job_queue WHERE id = ANY ($1::int8[]) AND status <> 'waiting'
), ready AS (
    DELETE FROM {schema}.job_ready WHERE job_id = ANY (ARRAY(SELECT id FROM upcoming)) RETURNING job_id
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY (ARRAY(SELECT id FROM upcoming)) RETURNING job_id
), line AS (
    DELETE FROM {schema}.job_line WHERE job_id = ANY (ARRAY(SELECT id FROM upcoming)) RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET updated_at = now(), payload = coalesce($2::jsonb, j.payload),
        priority = coalesce($3::int4, j.priority),
        max_attempts = greatest(coalesce($4::int4, j.max_attempts), CASE WHEN $4::int4 IS NULL THEN 0 ELSE j.attempts + 1 END),
        run_at = CASE WHEN $5::bool AND j.status = 'pending' THEN coalesce($6::timestamptz, now()) ELSE j.run_at END,
        expires_at = CASE WHEN $5::bool AND j.status = 'pending' THEN j.expires_at + (coalesce($6::timestamptz, now()) - j.run_at)
            ELSE j.expires_at END,
        next_attempt_at = CASE WHEN $5::bool AND j.status = 'failed' THEN coalesce($6::timestamptz, now())
            ELSE j.next_attempt_at END,
        timeout_ms = CASE WHEN $7::bool THEN $8::int4 ELSE j.timeout_ms END,
        force_kill_on_timeout = coalesce($18::bool, j.force_kill_on_timeout)
            AND CASE WHEN $7::bool THEN $8::int4 ELSE j.timeout_ms END IS NOT NULL,
        tags = CASE WHEN $9::bool THEN $10::text[] ELSE j.tags END,
        retry_delay = CASE WHEN $11::bool THEN $12::float8 ELSE j.retry_delay END,
        retry_backoff = CASE WHEN $13::bool THEN $14::bool ELSE j.retry_backoff END,
        retry_delay_max = CASE WHEN $15::bool THEN $16::float8 ELSE j.retry_delay_max END
    WHERE j.id = ANY ($1::int8[]) AND (j.status = 'pending' OR j.status = 'failed' AND j.next_attempt_at IS NOT NULL)
        AND (SELECT count(*) FROM ready) + (SELECT count(*) FROM scheduled) + (SELECT count(*) FROM line) >= 0
    RETURNING j.id, CASE WHEN j.blocked IS NULL THEN coalesce(j.next_attempt_at, j.run_at) END AS due_at, j.priority,
        j.status = 'failed' AS retrying, j.job_type, j.expires_at, j.attempts, j.group_id, j.group_tier
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, ~priority, retrying, job_type, group_id, group_tier FROM done WHERE due_at <= now() {replace_ready}
), later AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type, group_id, group_tier)
    SELECT id, due_at, priority, retrying, job_type, group_id, group_tier FROM done WHERE due_at > now() {replace}
), {expiring}, noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type, metadata)
    SELECT id, clock_timestamp(), 'edited', $17::jsonb FROM done
)
SELECT array_agg(id), 0::int8 FROM done
