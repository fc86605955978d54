-- Leases due jobs to a living worker: job_workers_pkey; `{next}` looks what falls due next; `{pick}` locks ready rows, then
-- job_queue_pkey. Whether more could be claimed, `{more}` looks without a lock (idx_job_queue_claimable): a row that was locked and
-- left would be hidden from another claim, whose worker nobody wakes again, and one that another holds may come back. A worker
-- that rested is renewed, if there are any. The jobs come in no order.
WITH alive AS MATERIALIZED (
    SELECT last_asked FROM {schema}.job_workers WHERE id = $1::int8 FOR KEY SHARE
), moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at, ({next}) AS next_due
), gate AS MATERIALIZED (
    SELECT at, next_due, EXISTS (SELECT FROM alive WHERE last_asked < $3::int8) AND NOT ($6::bool AND coalesce(next_due <= at, false)) AS open
    FROM moment
), picked AS MATERIALIZED (
    {pick}
), renewed AS (
    UPDATE {schema}.job_workers SET lease_ms = $7::int8, renewed_at = clock_timestamp(),
        expires_at = clock_timestamp() + $7::int8 * interval '1 millisecond'
    WHERE id = $1::int8 AND $7::int8 IS NOT NULL AND EXISTS (SELECT FROM picked)
), taken AS (
    DELETE FROM {schema}.job_ready WHERE ctid = ANY (ARRAY(SELECT place FROM picked))
), claimed AS (
    UPDATE {schema}.job_queue j SET status = 'processing', attempts = j.attempts + (j.status <> 'waiting')::int4, locked_at = g.at, locked_by = $2::text,
        started_at = coalesce(j.started_at, g.at), updated_at = g.at, next_attempt_at = NULL, pending_reason = NULL, wait_token_id = NULL,
        lease_worker = $1::int8, lease_token = $3::int8
    FROM picked p, gate g
    WHERE j.id = p.job_id AND {each p.job_id}
        AND p.due_at >= CASE j.status WHEN 'pending' THEN j.run_at WHEN 'failed' THEN j.next_attempt_at
            WHEN 'waiting' THEN j.wait_until END
    RETURNING {job}, p.due_at, p.retrying
), leased AS (
    INSERT INTO {schema}.job_leases (worker_id, job_id, token, due_at, retrying)
    SELECT $1::int8, id, $3::int8, due_at, retrying FROM claimed
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type) SELECT id, updated_at, 'processing' FROM claimed
)
SELECT g.at, EXISTS (SELECT FROM alive), g.open, g.next_due, EXISTS (
    {more}
), c.*
FROM gate g LEFT JOIN claimed c ON true
