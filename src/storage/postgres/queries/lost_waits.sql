-- Looks at the next jobs that wait for a token or a job, by its name, and tells which of these are over: a crash kept the job from
-- being resumed. idx_job_queue_wait_token, waitpoints_pkey, job_queue_pkey.
WITH looked AS MATERIALIZED (
    SELECT wait_token_id AS key FROM {schema}.job_queue
    WHERE wait_token_id > $1::text AND wait_token_id IS NOT NULL ORDER BY wait_token_id LIMIT $2::int8
)
SELECT CASE WHEN count(*) = $2::int8 THEN max(l.key) END, array_agg(DISTINCT l.key) FILTER (WHERE CASE
    WHEN l.key ~ '^job:[0-9]{1,18}$' THEN NOT EXISTS (
        SELECT FROM {schema}.job_queue j WHERE j.id = CAST(substr(l.key, 5) AS int8)
            AND j.status NOT IN ('completed', 'cancelled') AND (j.status <> 'failed' OR j.next_attempt_at IS NOT NULL)
    )
    ELSE NOT EXISTS (SELECT FROM {schema}.waitpoints t WHERE t.id = l.key AND t.status = 'waiting')
END) FROM looked l
