-- Leases due jobs to a living worker: job_workers_pkey, idx_job_scheduled_due; `{pick}` locks ready rows, then
-- job_queue_pkey. Whether more could be claimed is looked at without a lock (idx_job_queue_claimable): a row that was locked and
-- left would be hidden from another claim, whose worker nobody wakes again, and one that another holds may come back. A worker
-- that rested is renewed.
WITH moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at
), alive AS MATERIALIZED (
    SELECT id, last_asked FROM {schema}.job_workers WHERE id = $1::int8 FOR KEY SHARE
), renewed AS (
    UPDATE {schema}.job_workers SET lease_ms = $7::int8, renewed_at = clock_timestamp(),
        expires_at = clock_timestamp() + $7::int8 * interval '1 millisecond'
    WHERE id = (SELECT id FROM alive) AND $7::int8 IS NOT NULL
), next AS MATERIALIZED (
    SELECT min(s.due_at) AS due_at FROM unnest($4::text[]) AS t (job_type) CROSS JOIN LATERAL (
        SELECT due_at FROM {schema}.job_scheduled WHERE job_type = t.job_type ORDER BY due_at LIMIT 1
    ) s
), gate AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM alive WHERE last_asked < $3::int8) AND NOT ($6::bool AND coalesce(n.due_at <= m.at, false)) AS open
    FROM moment m, next n
), picked AS MATERIALIZED (
    {pick}
), there AS MATERIALIZED (
    SELECT count(*) AS jobs FROM (
        SELECT FROM unnest($4::text[]) AS t (job_type) CROSS JOIN LATERAL (
            SELECT FROM {schema}.job_ready WHERE job_type = t.job_type AND (SELECT open FROM gate)
            ORDER BY priority DESC, due_at, job_id LIMIT $5::int8 + 1
        ) r LIMIT $5::int8 + 1
    ) h
), chosen AS MATERIALIZED (
    SELECT * FROM picked ORDER BY priority DESC, due_at, job_id LIMIT $5::int8
), taken AS (
    DELETE FROM {schema}.job_ready WHERE ctid = ANY (ARRAY(SELECT place FROM chosen))
), claimed AS (
    UPDATE {schema}.job_queue j SET status = 'processing', attempts = j.attempts + (j.status <> 'waiting')::int4, locked_at = m.at, locked_by = $2::text,
        started_at = coalesce(j.started_at, m.at), updated_at = m.at, next_attempt_at = NULL, pending_reason = NULL, wait_token_id = NULL,
        lease_worker = $1::int8, lease_token = $3::int8
    FROM chosen c, moment m
    WHERE j.id = c.job_id AND {each c.job_id}
        AND c.due_at >= CASE j.status WHEN 'pending' THEN j.run_at WHEN 'failed' THEN j.next_attempt_at
            WHEN 'waiting' THEN j.wait_until END
    RETURNING {job}, c.due_at, c.retrying
), leased AS (
    INSERT INTO {schema}.job_leases (worker_id, job_id, token, due_at, retrying)
    SELECT $1::int8, id, $3::int8, due_at, retrying FROM claimed
), noted AS (
    INSERT INTO {schema}.job_events (job_id, created_at, event_type) SELECT id, updated_at, 'processing' FROM claimed
)
SELECT m.at, EXISTS (SELECT FROM alive), g.open, n.due_at,
    (SELECT jobs FROM there) > (SELECT count(*) FROM picked), c.*
FROM moment m CROSS JOIN next n CROSS JOIN gate g LEFT JOIN claimed c ON true
ORDER BY c.priority DESC, c.due_at, c.id
