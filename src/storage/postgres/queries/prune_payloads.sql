-- Empties the payloads of old completed jobs among the next few: job_queue_pkey.
WITH looked AS MATERIALIZED (
    SELECT id, created_at <= now() - $3::float8 * interval '1 second' AS old_enough
    FROM {schema}.job_queue WHERE id > $1::int8 ORDER BY id LIMIT $2::int8
), emptied AS (
    UPDATE {schema}.job_queue j SET payload = 'null'
    WHERE j.id = ANY (ARRAY(SELECT id FROM looked)) AND j.status = 'completed' AND j.payload <> 'null'
        AND j.updated_at <= now() - $3::float8 * interval '1 second'
    RETURNING j.id
)
SELECT (SELECT count(*) FROM emptied), CASE WHEN count(*) = $2::int8 AND bool_or(old_enough) THEN max(id) END FROM looked
