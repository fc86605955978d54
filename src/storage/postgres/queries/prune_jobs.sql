-- Deletes old final jobs among the next few, but for those that are kept for a span of their own; a trigger takes along what else belongs to them: job_queue_pkey,
-- idx_waitpoints_job_id.
WITH looked AS MATERIALIZED (
    SELECT id, created_at <= now() - $4::float8 * interval '1 second' AS old_enough
    FROM {schema}.job_queue WHERE id > $1::int8 ORDER BY id LIMIT $2::int8
), gone AS (
    DELETE FROM {schema}.job_queue j
    WHERE j.id = ANY (ARRAY(SELECT id FROM looked)) AND j.status = ANY ($3::text[])
        AND j.status IN ('completed', 'failed', 'cancelled') AND (j.status <> 'failed' OR j.next_attempt_at IS NULL)
        AND j.extras -> 'keep_result_for' IS NULL AND j.updated_at <= now() - $4::float8 * interval '1 second'
    RETURNING j.id
), tokens AS (
    DELETE FROM {schema}.waitpoints WHERE job_id = ANY (ARRAY(SELECT id FROM gone))
)
SELECT (SELECT count(*) FROM gone), CASE WHEN count(*) = $2::int8 AND bool_or(old_enough) THEN max(id) END FROM looked
