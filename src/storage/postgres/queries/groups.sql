-- Groups behind one, and how many jobs stand in the line of each, counted to just beyond $3: job_groups_pkey, idx_job_line_head.
SELECT g.group_id, g.running, nullif(g.most, 2147483647), g.paused, g.opens_at, g.starts, g.per_seconds, (
    SELECT coalesce(sum(s.n), 0) FROM unnest(g.spent_at, g.spent) AS s (at, n)
    WHERE s.at > clock_timestamp() - g.per_seconds * interval '1 second'
), (
    SELECT count(*) FROM (SELECT FROM {schema}.job_line l WHERE l.group_id = g.group_id LIMIT $3::int8 + 1) AS few
)
FROM {schema}.job_groups g WHERE g.group_id > $1::text ORDER BY g.group_id LIMIT $2::int8
