-- As claim.sql, where limits or pauses are set (job_settings_pkey). Of types that are limited (job_types_pkey) and of their rates
-- (job_rates_pkey), which are locked in order, as many as there is room for; of a group as many as may run and start (job_groups_pkey,
-- `{grant}`), of jobs that may start, and those beyond go into line (job_line_pkey). A line that its rate lets go on is due as a job is
-- (idx_job_groups_opens). {pick} locks ready rows: idx_job_queue_claimable; {next}; job_workers_pkey, job_queue_pkey, job_claims_pkey.
WITH alive AS MATERIALIZED (
    SELECT last_asked FROM {schema}.job_workers WHERE id = $1::int8 FOR KEY SHARE
), moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at, least(({next}), (
            SELECT opens_at FROM {schema}.job_groups WHERE opens_at IS NOT NULL ORDER BY opens_at LIMIT 1
        )) AS next_due, (SELECT value FROM {schema}.job_settings WHERE name = 'flow') AS flow,
        (SELECT value FROM {schema}.job_settings WHERE name = 'groups') AS groups,
        EXISTS (SELECT FROM {schema}.job_settings WHERE name = 'paused') AS paused
), gate AS MATERIALIZED (
    SELECT *, {limits} NOT paused AND EXISTS (SELECT FROM alive WHERE last_asked < $3::int8)
        AND NOT ($6::bool AND coalesce(next_due <= at, false)) AS open
    FROM moment
), kinds AS MATERIALIZED (
    SELECT * FROM {schema}.job_types WHERE job_type = ANY ($4::text[]) ORDER BY job_type FOR UPDATE
), held AS MATERIALIZED (
    SELECT * FROM {schema}.job_rates WHERE key = ANY (ARRAY(SELECT rate_key FROM kinds)) ORDER BY key FOR UPDATE
), rates AS MATERIALIZED (
    SELECT h.*, CASE WHEN h.held_until > g.at THEN 0 ELSE greatest(h.most - u.used, 0) END AS room, h.most - u.used AS unspent,
        CASE WHEN h.held_until > g.at THEN h.held_until END AS held, coalesce(u.oldest, g.at) + h.per_seconds * interval '1 second' AS next_at
    FROM gate g CROSS JOIN held h CROSS JOIN LATERAL (
        SELECT coalesce(sum(s.n), 0) AS used, min(s.at) AS oldest FROM unnest(h.spent_at, h.spent) AS s (at, n)
        WHERE s.at > g.at - h.per_seconds * interval '1 second'
    ) u
), ranges AS MATERIALIZED (
    SELECT r.*, k.rate_key, coalesce(t.room, 2147483647) AS of_key, CASE WHEN k.paused THEN 0
        ELSE greatest(coalesce(k.max_running - k.running, 2147483647), 0) END AS of_type
    FROM unnest($9::text[], $10::int4[], $11::timestamptz[], $12::int8[], $13::int8[]) AS r (job_type, rank, due_at, job_id, stop)
        LEFT JOIN kinds k ON k.job_type = r.job_type LEFT JOIN rates t ON t.key = k.rate_key
), picked AS MATERIALIZED (
    {pick}
), sound AS MATERIALIZED (
    SELECT p.*, g.groups, row_number() OVER (PARTITION BY p.group_id ORDER BY p.rank, p.due_at, p.job_id) AS turn
    FROM picked p CROSS JOIN gate g
    WHERE p.group_id IS NULL OR 0 < (
        SELECT count(*) FROM {schema}.job_queue j WHERE j.id = p.job_id AND p.due_at >= CASE j.status WHEN 'pending' THEN j.run_at
            WHEN 'failed' THEN j.next_attempt_at WHEN 'waiting' THEN j.wait_until END
            AND (j.expires_at IS NULL OR j.expires_at > g.at OR j.attempts > 0)
    )
), wanted AS MATERIALIZED (
    SELECT group_id, count(*)::int4 AS count,
        min(coalesce((groups -> 'tiers' ->> group_tier)::int4, (groups ->> 'most')::int4, 2147483647)) AS most,
        (array_agg(coalesce(groups -> 'rates' -> 'tiers' -> group_tier, groups -> 'rates' -> 'others') ORDER BY turn))[1] AS rate
    FROM sound WHERE group_id IS NOT NULL AND groups IS NOT NULL GROUP BY group_id
), paced AS MATERIALIZED (
    SELECT w.*, r.starts, r.per_seconds, least(w.count, w.most, r.starts) AS granted, g.at,
        to_timestamp(ceil(extract(epoch FROM g.at)::float8 * 64 / r.per_seconds) * r.per_seconds / 64) AS part
    FROM wanted w CROSS JOIN gate g CROSS JOIN LATERAL (SELECT (w.rate ->> 0)::int4 AS starts, (w.rate ->> 1)::float8 AS per_seconds) r
), granted AS (
    INSERT INTO {schema}.job_groups AS g (group_id, running, granted, most, starts, per_seconds, spent_at, spent, opens_at)
    SELECT group_id, granted, granted, most, starts, per_seconds, CASE WHEN starts IS NULL THEN '{}' ELSE ARRAY[part] END,
        CASE WHEN starts IS NULL THEN '{}' ELSE ARRAY[granted] END,
        CASE WHEN starts = granted AND count > granted THEN part + per_seconds * interval '1 second' END
    FROM paced ORDER BY group_id
    ON CONFLICT (group_id) DO UPDATE SET (most, starts, per_seconds, granted, running, spent_at, spent, opens_at) = (
        {grant}
    )
    RETURNING group_id, granted, opens_at
), chosen AS MATERIALIZED (
    SELECT s.*, coalesce(s.turn <= CAST(g.granted ->> s.group_id AS int4), true) AS goes
    FROM sound s CROSS JOIN (SELECT jsonb_object_agg(group_id, granted) AS granted FROM granted) g
), parked AS (
    INSERT INTO {schema}.job_line (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier FROM chosen WHERE NOT goes ON CONFLICT (job_id) DO NOTHING
), renewed AS (
    UPDATE {schema}.job_workers SET lease_ms = $7::int8, renewed_at = clock_timestamp(),
        expires_at = clock_timestamp() + $7::int8 * interval '1 millisecond'
    WHERE id = $1::int8 AND $7::int8 IS NOT NULL AND EXISTS (SELECT FROM picked)
), over AS (
    DELETE FROM {schema}.job_claims c USING unnest($8::int8[]) AS o (token)
    WHERE c.worker_id = $1::int8 AND c.token = o.token AND {each o.token}
), taken AS (
    DELETE FROM {schema}.job_ready WHERE ctid = ANY (ARRAY(SELECT place FROM picked))
), {turned}
{start}
