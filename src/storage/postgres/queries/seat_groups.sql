-- The jobs of groups for the places `o.wanted` of a type, by turns: from the group on whose turn it is, round to those before it, as many
-- groups as there are places: idx_job_ready_group. `weight` of a group is that of the tier of its first job. A turn that the last
-- claim began goes on.
WITH RECURSIVE above AS (
    (SELECT group_id, 1 AS place FROM {schema}.job_ready WHERE job_type = o.job_type AND group_id >= o.group_id ORDER BY group_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT r.group_id FROM {schema}.job_ready r WHERE r.job_type = o.job_type AND r.group_id > a.group_id ORDER BY r.group_id LIMIT 1
    ), a.place + 1 FROM above a WHERE a.group_id IS NOT NULL AND a.place <= o.wanted
), below AS (
    (SELECT group_id, 1 AS place FROM {schema}.job_ready
        WHERE job_type = o.job_type AND group_id < o.group_id AND (SELECT count(group_id) FROM above) <= o.wanted ORDER BY group_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT r.group_id FROM {schema}.job_ready r
        WHERE r.job_type = o.job_type AND r.group_id > b.group_id AND r.group_id < o.group_id ORDER BY r.group_id LIMIT 1
    ), b.place + 1 FROM below b WHERE b.group_id IS NOT NULL AND b.place + (SELECT count(group_id) FROM above) <= o.wanted
), found AS MATERIALIZED (
    SELECT f.group_id, f.place, w.weight, CASE WHEN f.group_id = o.group_id THEN least(o.used, w.weight) ELSE 0 END AS before, count(*) OVER () AS count
    FROM (
        SELECT group_id, place FROM above WHERE group_id IS NOT NULL
        UNION ALL SELECT group_id, place + (SELECT count(group_id) FROM above) FROM below WHERE group_id IS NOT NULL
    ) f CROSS JOIN LATERAL (
        SELECT coalesce(($14::jsonb ->> group_tier)::int4, 1) AS weight FROM {schema}.job_ready
        WHERE job_type = o.job_type AND group_id = f.group_id ORDER BY rank, due_at, job_id LIMIT 1
    ) w
)
SELECT g.job_id, g.used, row_number() OVER (ORDER BY g.round, g.place, g.number) AS number FROM (
    SELECT f.place, h.job_id, h.number, (h.number - 1 + f.before) / f.weight AS round, (h.number - 1 + f.before) % f.weight + 1 AS used
    FROM found f CROSS JOIN LATERAL (
        SELECT h.job_id, row_number() OVER (ORDER BY h.rank, h.due_at, h.job_id) AS number FROM (
            SELECT job_id, rank, due_at FROM {schema}.job_ready
            WHERE job_type = o.job_type AND group_id = f.group_id AND job_id <> ALL (ARRAY(SELECT job_id FROM oldest))
            ORDER BY rank, due_at, job_id LIMIT least(o.wanted, greatest(4000 / f.count, f.weight * (o.wanted / f.count + 1)))
        ) h
    ) h
) g ORDER BY g.round, g.place, g.number LIMIT o.wanted
