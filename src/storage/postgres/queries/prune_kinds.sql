-- Forgets kinds whose job is gone, among the next few by key: job_unique_pkey, job_queue_pkey.
WITH looked AS MATERIALIZED (
    SELECT key, job_id, expires_at FROM {schema}.job_unique WHERE key > $1::text ORDER BY key LIMIT $2::int8
), gone AS (
    DELETE FROM {schema}.job_unique u USING looked l
    WHERE u.key = l.key AND u.job_id = l.job_id AND coalesce(l.expires_at < now(), true)
        AND (SELECT count(*) FROM {schema}.job_queue j WHERE j.id = l.job_id) = 0
)
SELECT CASE WHEN count(*) = $2::int8 THEN max(key) END FROM looked
