-- The groups that have a line, behind one of them: idx_job_line_head.
WITH RECURSIVE groups AS (
    (SELECT group_id, 1 AS place FROM {schema}.job_line WHERE group_id > $1::text ORDER BY group_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT l.group_id FROM {schema}.job_line l WHERE l.group_id > g.group_id ORDER BY l.group_id LIMIT 1
    ), g.place + 1 FROM groups g WHERE g.group_id IS NOT NULL AND g.place < $2::int4
)
SELECT group_id FROM groups WHERE group_id IS NOT NULL
