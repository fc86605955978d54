-- Looks at the next jobs that others wait for, by growing id, and tells which of them are over, and which jobs wait for tags and for no job
-- that has them: a crash kept the others from going on, or the job was deleted. job_dependencies_pkey, which is skipped through,
-- job_queue_pkey, idx_job_queue_blocked, idx_job_dependencies_job_id.
WITH RECURSIVE looked AS (
    (SELECT prerequisite_id AS id, 1 AS place FROM {schema}.job_dependencies WHERE prerequisite_id > $1::int8 ORDER BY prerequisite_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.prerequisite_id FROM {schema}.job_dependencies d WHERE d.prerequisite_id > l.id ORDER BY d.prerequisite_id LIMIT 1), l.place + 1
    FROM looked l WHERE l.id IS NOT NULL AND l.place < $2::int8
), stray AS (
    SELECT id FROM {schema}.job_queue j
    WHERE blocked AND depends_on_tags IS NOT NULL AND open_prerequisites = 1
        AND NOT EXISTS (SELECT FROM {schema}.job_dependencies d WHERE d.job_id = j.id)
    ORDER BY id LIMIT (SELECT $2::int8)
)
SELECT CASE WHEN count(l.id) = $2::int8 THEN max(l.id) END, array_agg(l.id) FILTER (WHERE l.id IS NOT NULL AND 0 = (
    SELECT count(*) FROM {schema}.job_queue j WHERE j.id = l.id AND j.status NOT IN ('completed', 'cancelled')
        AND (j.status <> 'failed' OR j.next_attempt_at IS NOT NULL)
)), (SELECT array_agg(id) FROM stray) FROM looked l
