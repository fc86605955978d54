-- Deletes jobs that have ended, but for those that others wait for, which are to be cancelled first; a trigger takes along what else
-- belongs to them. They were locked before, so that who began to wait for one meanwhile is seen: job_queue_pkey, job_dependencies_pkey,
-- idx_waitpoints_job_id. Answers which were deleted, and which others wait for.
WITH awaited AS MATERIALIZED (
    SELECT d.prerequisite_id AS id FROM unnest($1::int8[]) AS g (id) CROSS JOIN LATERAL (
        SELECT prerequisite_id FROM {schema}.job_dependencies WHERE prerequisite_id = g.id AND NOT by_tag LIMIT 1
    ) d
), gone AS (
    DELETE FROM {schema}.job_queue j
    WHERE j.id = ANY ($1::int8[]) AND j.status IN ('completed', 'failed', 'cancelled')
        AND (j.status <> 'failed' OR j.next_attempt_at IS NULL) AND NOT j.id = ANY (ARRAY(SELECT id FROM awaited))
    RETURNING j.id
), tokens AS (
    DELETE FROM {schema}.waitpoints WHERE job_id = ANY (ARRAY(SELECT id FROM gone))
)
SELECT (SELECT array_agg(id) FROM gone), (SELECT array_agg(id) FROM awaited)
