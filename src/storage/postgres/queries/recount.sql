-- Counts anew what runs, under lock_slots.sql: the claims under way, which are few, job by job (job_queue_pkey), and the places taken
-- (job_slots_pkey), of limited types (job_types_pkey) and of groups, which are read whole (job_settings_pkey, job_groups_pkey). The LIMIT
-- has each job looked up by its id: a plan that joins would read all jobs.
WITH running AS MATERIALIZED (
    SELECT j.id, t.job_type, CASE WHEN s.name IS NOT NULL THEN j.group_id END AS group_id
    FROM {schema}.job_claims c CROSS JOIN unnest(c.job_ids) AS i (job_id)
        CROSS JOIN LATERAL (
            SELECT q.id, q.job_type, q.group_id FROM {schema}.job_queue q
            WHERE q.id = i.job_id AND q.status = 'processing' AND q.lease_worker = c.worker_id AND q.lease_token = c.token LIMIT 1
        ) j
        LEFT JOIN {schema}.job_types t ON t.job_type = j.job_type LEFT JOIN {schema}.job_settings s ON s.name = 'groups'
    WHERE {each i.job_id} AND (t.job_type IS NOT NULL OR s.name IS NOT NULL AND j.group_id IS NOT NULL)
), gone AS (
    DELETE FROM {schema}.job_slots s WHERE NOT EXISTS (SELECT FROM running r WHERE r.id = s.job_id)
), slots AS (
    INSERT INTO {schema}.job_slots (job_id, job_type, group_id) SELECT id, job_type, group_id FROM running
    ON CONFLICT (job_id) DO UPDATE SET job_type = excluded.job_type, group_id = excluded.group_id
), kinds AS (
    UPDATE {schema}.job_types t SET running = (SELECT count(*) FROM running r WHERE r.job_type = t.job_type)
), counts AS MATERIALIZED (
    SELECT coalesce(g.group_id, r.group_id) AS group_id, coalesce(r.count, 0) AS count, g.running
    FROM (SELECT group_id, running FROM {schema}.job_groups WHERE running > 0) g
        FULL JOIN (SELECT group_id, count(*)::int4 AS count FROM running WHERE group_id IS NOT NULL GROUP BY group_id) r USING (group_id)
), groups AS (
    INSERT INTO {schema}.job_groups (group_id, running) SELECT group_id, count FROM counts WHERE count IS DISTINCT FROM running ORDER BY group_id
    ON CONFLICT (group_id) DO UPDATE SET running = excluded.running
)
SELECT array_agg(group_id) FROM counts WHERE count < running
