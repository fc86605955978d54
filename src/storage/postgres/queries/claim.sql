-- Leases due jobs to a living worker, unless there are limits (job_settings_pkey), which claim_limited.sql looks at: job_workers_pkey; `{next}` looks what falls due next; `{pick}` locks ready rows, then
-- job_queue_pkey. Whether more could be claimed, `{more}` looks without a lock (idx_job_queue_claimable): a row that was locked and
-- left would be hidden from another claim, whose worker nobody wakes again, and one that another holds may come back. A worker
-- that rested is renewed, if there are any. Claims of the worker whose jobs are over go: job_claims_pkey. `ranges` leave out what
-- this storage claimed before, whose entries the index keeps until they are vacuumed. A job that expired leaves the queue and is not
-- claimed. The jobs come in no order.
WITH alive AS MATERIALIZED (
    SELECT last_asked FROM {schema}.job_workers WHERE id = $1::int8 FOR KEY SHARE
), moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at, ({next}) AS next_due, EXISTS (SELECT FROM {schema}.job_settings WHERE name = 'flow') AS flow
), gate AS MATERIALIZED (
    SELECT at, next_due, flow, NOT flow AND EXISTS (SELECT FROM alive WHERE last_asked < $3::int8) AND NOT ($6::bool AND coalesce(next_due <= at, false)) AS open
    FROM moment
), ranges AS MATERIALIZED (
    SELECT * FROM unnest($9::text[], $10::int4[], $11::timestamptz[], $12::int8[], $13::int8[]) AS r (job_type, rank, due_at, job_id, stop)
), picked AS MATERIALIZED (
    {pick}
), renewed AS (
    UPDATE {schema}.job_workers SET lease_ms = $7::int8, renewed_at = clock_timestamp(),
        expires_at = clock_timestamp() + $7::int8 * interval '1 millisecond'
    WHERE id = $1::int8 AND $7::int8 IS NOT NULL AND EXISTS (SELECT FROM picked)
), over AS (
    DELETE FROM {schema}.job_claims c USING unnest($8::int8[]) AS o (token)
    WHERE c.worker_id = $1::int8 AND c.token = o.token AND {each o.token}
), taken AS (
    DELETE FROM {schema}.job_ready WHERE ctid = ANY (ARRAY(SELECT place FROM picked))
), note AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_events_id_seq') AS id FROM picked LIMIT 1
), claimed AS (
    UPDATE {schema}.job_queue j SET status = 'processing', attempts = j.attempts + (j.status <> 'waiting')::int4, locked_at = g.at, locked_by = $2::text,
        started_at = coalesce(j.started_at, g.at), updated_at = g.at, next_attempt_at = NULL, pending_reason = NULL, wait_token_id = NULL,
        lease_worker = $1::int8, lease_token = $3::int8, lease_retry_at = CASE WHEN p.retrying THEN p.due_at END, claimed_event = coalesce(j.claimed_event, (SELECT id FROM note))
    FROM picked p, gate g
    WHERE j.id = p.job_id AND {each p.job_id}
        AND (j.expires_at IS NULL OR j.expires_at > g.at OR j.attempts > 0)
        AND p.due_at >= CASE j.status WHEN 'pending' THEN j.run_at WHEN 'failed' THEN j.next_attempt_at
            WHEN 'waiting' THEN j.wait_until END
    RETURNING {job}, p.due_at, j.claimed_event, j.has_dependents
), leased AS (
    INSERT INTO {schema}.job_claims (worker_id, token, job_ids)
    SELECT $1::int8, $3::int8, array_agg(id) FROM claimed HAVING count(*) > 0
), noted AS (
    INSERT INTO {schema}.job_event_batches (id, created_at, event_type, job_ids)
    SELECT claimed_event, min(updated_at), 'processing', array_agg(id) FROM claimed
    WHERE claimed_event = (SELECT id FROM note) GROUP BY claimed_event
), noted_again AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type)
    SELECT id, updated_at, 'processing' FROM claimed WHERE claimed_event <> (SELECT id FROM note)
)
SELECT g.at, EXISTS (SELECT FROM alive), g.open, g.next_due, EXISTS (
    {more}
), extract(epoch FROM clock_timestamp() - g.at)::float8, g.flow::int4, c.*
FROM gate g LEFT JOIN claimed c ON true
