-- Lets the heads of the lines of groups go on, of each type as many as there is room for in the group: of these jobs' groups
-- (job_queue_pkey) and of those named; job_groups_pkey, idx_job_line_head, job_ready_pkey. A claim that finds no room puts them back.
WITH held AS MATERIALIZED (
    SELECT g.group_id, g.most - g.running AS room
    FROM (
        SELECT group_id FROM {schema}.job_queue WHERE id = ANY ($1::int8[]) AND group_id IS NOT NULL
        UNION SELECT unnest($2::text[])
    ) n CROSS JOIN LATERAL (
        SELECT group_id, most, running FROM {schema}.job_groups
        WHERE group_id = n.group_id AND running < most AND NOT paused
    ) g
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
        ORDER BY rank, due_at, job_id LIMIT least(h.room, 1000) FOR UPDATE SKIP LOCKED
    ) l
), gone AS (
    DELETE FROM {schema}.job_line WHERE ctid = ANY (ARRAY(SELECT place FROM heads))
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT job_id, due_at, rank, retrying, job_type, group_id, group_tier FROM heads ON CONFLICT (job_id) DO NOTHING
)
SELECT count(*) FROM heads
