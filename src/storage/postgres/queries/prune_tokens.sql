-- Deletes tokens of no job that were over for long: idx_waitpoints_over, waitpoints_pkey.
WITH gone AS (
    DELETE FROM {schema}.waitpoints WHERE id = ANY (ARRAY(
        SELECT id FROM {schema}.waitpoints
        WHERE status <> 'waiting' AND job_id IS NULL
            AND coalesce(completed_at, timeout_at) <= now() - $1::float8 * interval '1 second'
        ORDER BY coalesce(completed_at, timeout_at) LIMIT $2::int8
    )) RETURNING id
)
SELECT count(*) FROM gone
