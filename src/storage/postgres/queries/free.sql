-- Gives back what jobs that run no more counted for: job_slots_pkey, job_queue_pkey; then job_types_pkey and job_groups_pkey, each
-- locked in order.
WITH over AS MATERIALIZED (
    DELETE FROM {schema}.job_slots s WHERE s.job_id = ANY ($1::int8[])
        AND 0 = (SELECT count(*) FROM {schema}.job_queue j WHERE j.id = s.job_id AND j.status = 'processing')
    RETURNING s.job_type, s.group_id
), kinds AS MATERIALIZED (
    SELECT job_type FROM {schema}.job_types WHERE job_type = ANY (ARRAY(SELECT job_type FROM over)) ORDER BY job_type FOR UPDATE
), held AS MATERIALIZED (
    SELECT group_id FROM {schema}.job_groups WHERE group_id = ANY (ARRAY(SELECT group_id FROM over)) ORDER BY group_id FOR UPDATE
), fewer AS (
    UPDATE {schema}.job_types t SET running = greatest(t.running - o.count, 0)
    FROM (SELECT job_type, count(*)::int4 AS count FROM over WHERE (SELECT count(*) FROM kinds) > 0 GROUP BY job_type) o
    WHERE t.job_type = o.job_type AND {each_text o.job_type}
), fewer_still AS (
    UPDATE {schema}.job_groups g SET running = greatest(g.running - o.count, 0)
    FROM (SELECT group_id, count(*)::int4 AS count FROM over WHERE (SELECT count(*) FROM held) > 0 GROUP BY group_id) o
    WHERE g.group_id = o.group_id AND {each_text o.group_id}
)
SELECT count(*), (SELECT array_agg(DISTINCT group_id) FROM over WHERE group_id IS NOT NULL) FROM over
