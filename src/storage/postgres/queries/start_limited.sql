-- Starts what a claim chose, and counts it: job_queue_pkey, job_slots_pkey, job_types_pkey, job_rates_pkey. What starts within a span of
-- time is counted by parts of that span, as if it had started at the end of its part.
note AS MATERIALIZED (
    SELECT nextval('{schema_text}.job_events_id_seq') AS id FROM picked LIMIT 1
), claimed AS (
    UPDATE {schema}.job_queue j SET status = 'processing', attempts = j.attempts + (j.status <> 'waiting')::int4, locked_at = g.at, locked_by = $2::text,
        started_at = coalesce(j.started_at, g.at), updated_at = g.at, next_attempt_at = NULL, pending_reason = NULL, wait_token_id = NULL,
        lease_worker = $1::int8, lease_token = $3::int8, lease_retry_at = CASE WHEN p.retrying THEN p.due_at END, claimed_event = coalesce(j.claimed_event, (SELECT id FROM note))
    FROM chosen p, gate g
    WHERE p.goes AND j.id = p.job_id AND {each p.job_id}
        AND p.due_at >= CASE j.status WHEN 'pending' THEN j.run_at WHEN 'failed' THEN j.next_attempt_at
            WHEN 'waiting' THEN j.wait_until END
        AND (j.expires_at IS NULL OR j.expires_at > g.at OR j.attempts > 0)
    RETURNING {job}, p.due_at AS was_due_at, j.claimed_event, j.has_dependents{seat}
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
), slots AS (
    INSERT INTO {schema}.job_slots (job_id, job_type, group_id)
    SELECT c.id, k.job_type, CASE WHEN g.groups IS NOT NULL THEN c.group_id END
    FROM claimed c CROSS JOIN gate g LEFT JOIN kinds k ON k.job_type = c.job_type
    WHERE k.job_type IS NOT NULL OR g.groups IS NOT NULL AND c.group_id IS NOT NULL
    ON CONFLICT (job_id) DO UPDATE SET job_type = excluded.job_type, group_id = excluded.group_id
), started AS MATERIALIZED (
    SELECT k.job_type, k.rate_key, count(*)::int4 AS count FROM claimed c JOIN kinds k ON k.job_type = c.job_type GROUP BY k.job_type, k.rate_key
), counted AS (
    UPDATE {schema}.job_types t SET running = t.running + s.count FROM started s WHERE t.job_type = s.job_type AND {each_text s.job_type}
), of_rates AS MATERIALIZED (
    SELECT r.*, s.count, to_timestamp(ceil(extract(epoch FROM g.at)::float8 * 64 / r.per_seconds) * r.per_seconds / 64) AS part
    FROM gate g CROSS JOIN rates r JOIN (SELECT rate_key, sum(count)::int4 AS count FROM started GROUP BY rate_key) s ON s.rate_key = r.key
), spent AS (
    UPDATE {schema}.job_rates t SET spent_at = u.spent_at, spent = u.spent
    FROM of_rates r CROSS JOIN gate g CROSS JOIN LATERAL (
        SELECT array_agg(at ORDER BY at) AS spent_at, array_agg(n ORDER BY at) AS spent FROM (
            SELECT at, sum(n)::int4 AS n FROM (
                SELECT * FROM unnest(r.spent_at, r.spent) AS s (at, n) UNION ALL SELECT r.part, r.count
            ) s WHERE at > g.at - r.per_seconds * interval '1 second' GROUP BY at
        ) s
    ) u WHERE t.key = r.key AND {each_text r.key}
)
SELECT g.at, EXISTS (SELECT FROM alive), g.open, least(g.next_due, (
    SELECT min(greatest(r.held, CASE WHEN r.unspent - coalesce(o.count, 0) <= 0 THEN r.next_at END))
    FROM rates r LEFT JOIN of_rates o ON o.key = r.key
), (SELECT min(opens_at) FROM granted)), EXISTS (
    {more}
), extract(epoch FROM clock_timestamp() - g.at)::float8, CASE WHEN g.flow IS NULL THEN 0 WHEN EXISTS (SELECT FROM chosen WHERE NOT goes) THEN 2 ELSE 1 END, c.*
FROM gate g LEFT JOIN claimed c ON true
