-- Lets the heads of the lines of groups go on, of each type as many as the group has room for: of the groups that `{held}` finds;
-- idx_job_line_head, job_ready_pkey, job_groups_pkey. A claim that finds no room puts them back. Where the rate leaves room for none,
-- the line goes on at `opens_at`; where it left some, it is looked at again after a span, unless claims know better by then.
WITH moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at
), named AS MATERIALIZED (
    {held}
), held AS MATERIALIZED (
    SELECT n.*, m.at, u.next_at, least(n.most - n.running, n.starts - u.used, 1000) AS room,
        n.paused OR n.running >= n.most AS waits_for_ends
    FROM named n CROSS JOIN moment m CROSS JOIN LATERAL (
        SELECT coalesce(sum(s.n), 0)::int4 AS used, min(s.at) + n.per_seconds * interval '1 second' AS next_at
        FROM unnest(n.spent_at, n.spent) AS s (at, n) WHERE s.at > m.at - n.per_seconds * interval '1 second'
    ) u
), heads AS MATERIALIZED (
    SELECT l.* FROM held h CROSS JOIN LATERAL (
        WITH RECURSIVE kinds AS (
            (SELECT job_type FROM {schema}.job_line WHERE group_id = h.group_id ORDER BY job_type LIMIT 1)
            UNION ALL
            SELECT (
                SELECT l.job_type FROM {schema}.job_line l WHERE l.group_id = h.group_id AND l.job_type > k.job_type
                ORDER BY l.job_type LIMIT 1
            ) FROM kinds k WHERE k.job_type IS NOT NULL
        )
        SELECT job_type FROM kinds WHERE job_type IS NOT NULL
    ) k CROSS JOIN LATERAL (
        SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier, ctid AS place FROM {schema}.job_line
        WHERE group_id = h.group_id AND job_type = k.job_type
        ORDER BY rank, due_at, job_id LIMIT greatest(h.room, 0) FOR UPDATE SKIP LOCKED
    ) l WHERE h.room > 0 AND NOT h.waits_for_ends
), gone AS (
    DELETE FROM {schema}.job_line WHERE ctid = ANY (ARRAY(SELECT place FROM heads))
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier FROM heads ON CONFLICT (job_id) DO NOTHING
), opened AS MATERIALIZED (
    SELECT h.group_id, CASE WHEN h.waits_for_ends THEN NULL WHEN h.opens_at > h.at THEN h.opens_at
        WHEN h.room > 0 THEN (SELECT h.at + coalesce(h.per_seconds, 1) * interval '1 second' FROM heads l WHERE l.group_id = h.group_id LIMIT 1)
        ELSE (SELECT h.next_at FROM {schema}.job_line l WHERE l.group_id = h.group_id LIMIT 1) END AS opens_at
    FROM held h WHERE h.starts IS NOT NULL OR h.opens_at IS NOT NULL
), changed AS MATERIALIZED (
    SELECT g.group_id FROM {schema}.job_groups g JOIN opened o ON o.group_id = g.group_id AND {each_text o.group_id}
    WHERE g.opens_at IS DISTINCT FROM o.opens_at ORDER BY g.group_id FOR UPDATE OF g
), put AS (
    UPDATE {schema}.job_groups g SET opens_at = o.opens_at FROM opened o
    WHERE g.group_id = o.group_id AND {each_text o.group_id} AND g.group_id = ANY (ARRAY(SELECT group_id FROM changed))
)
SELECT count(*) FROM heads
