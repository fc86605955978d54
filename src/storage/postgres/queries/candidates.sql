-- Looks at the next jobs by growing id and tells which are to be changed; `{arms}` and `{where}` come from the filter, and each
-- arm walks along one index.
WITH looked AS MATERIALIZED (
    SELECT id FROM ({arms}) AS n ORDER BY id LIMIT {limit}
)
SELECT count(*), max(l.id), array_agg(l.id ORDER BY l.id) FILTER (WHERE {where})
FROM looked l LEFT JOIN {schema}.job_queue j ON j.id = l.id
