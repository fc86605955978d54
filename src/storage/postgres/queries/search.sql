-- Looks through the newest of the jobs that the arms lead to until it has enough that match: job_queue_pkey, idx_job_queue_job_type,
-- idx_job_queue_failed_retry, idx_job_queue_cancelled, idx_job_queue_waiting, idx_job_queue_blocked, job_ready_pkey,
-- job_scheduled_pkey, job_line_pkey, idx_job_queue_claimable, idx_job_scheduled_due; job_claims, which is small, is read whole. OFFSET 0 has each
-- job looked up by its id: another index may lead to more of them. Answers, beside each, how many were looked at, which
-- of them is the last, when that was added, and whether there may be more behind it.
WITH looked AS MATERIALIZED (
    SELECT id FROM ({arms}) AS n ORDER BY id DESC LIMIT {looks}
), found AS MATERIALIZED (
    SELECT j.id FROM looked n CROSS JOIN LATERAL (
        SELECT * FROM {schema}.job_queue WHERE id = n.id OFFSET 0
    ) j WHERE {where} ORDER BY n.id DESC LIMIT {limit}
), seen AS MATERIALIZED (
    SELECT count(*) AS number, min(id) AS last FROM looked
    WHERE (SELECT count(*) FROM found) < {limit} OR id >= (SELECT min(id) FROM found)
)
SELECT s.number, s.last, (SELECT created_at FROM {schema}.job_queue WHERE id = s.last),
    s.number < (SELECT count(*) FROM looked) OR (SELECT count(*) FROM looked) = {looks}, {job}
FROM seen s LEFT JOIN (found f JOIN {schema}.job_queue j ON j.id = f.id) ON true ORDER BY j.id DESC
