-- Lets jobs wait whose lease is held: job_leases_pkey, job_queue_pkey, job_ready_pkey, job_scheduled_pkey.
WITH held AS MATERIALIZED (
    SELECT i.*, l.ctid AS place
    FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::timestamptz[], $5::jsonb[], $6::jsonb[], $7::text[])
        AS i (worker_id, job_id, token, until, step, metadata, awaited)
    CROSS JOIN LATERAL (
        SELECT ctid FROM {schema}.job_leases
        WHERE worker_id = i.worker_id AND job_id = i.job_id AND token = i.token FOR UPDATE
    ) l
), fenced AS (
    DELETE FROM {schema}.job_leases WHERE ctid = ANY (ARRAY(SELECT place FROM held))
), done AS (
    UPDATE {schema}.job_queue j SET status = 'waiting', updated_at = now(), locked_at = NULL, locked_by = NULL,
        wait_until = f.until, wait_token_id = f.awaited, step_data = j.step_data || f.step
    FROM held f WHERE j.id = f.job_id AND {each f.job_id}
    RETURNING j.id, f.worker_id, f.token, f.metadata, j.job_type, j.priority, j.wait_until
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, priority, retrying, job_type)
    SELECT id, wait_until, priority, false, job_type FROM done WHERE wait_until <= now() {replace}
), later AS (
    INSERT INTO {schema}.job_scheduled (job_id, due_at, priority, retrying, job_type)
    SELECT id, wait_until, priority, false, job_type FROM done WHERE wait_until > now() {replace}
), noted AS (
    INSERT INTO {schema}.job_events (job_id, event_type, metadata) SELECT id, 'waiting', metadata FROM done
)
SELECT array_agg(worker_id), array_agg(id), array_agg(token), 0::int8 FROM done
