-- Resumes jobs that wait for these tokens and jobs, as far as they are over or do not exist: waitpoints_pkey,
-- job_queue_pkey, idx_job_queue_wait_token, job_scheduled_pkey, job_ready_pkey.
-- The tokens are locked, so that a completion under way is waited for and seen.
WITH token AS MATERIALIZED (
    SELECT id, status FROM {schema}.waitpoints WHERE id = ANY ($1::text[]) ORDER BY id FOR SHARE
), over AS MATERIALIZED (
    SELECT k.key FROM unnest($1::text[]) AS k (key)
    WHERE NOT EXISTS (SELECT FROM token t WHERE t.id = k.key AND t.status = 'waiting')
    UNION ALL
    SELECT 'job:' || CAST(k.id AS text) FROM unnest($2::int8[]) AS k (id)
    WHERE 0 = (
        SELECT count(*) FROM {schema}.job_queue j WHERE j.id = k.id AND j.status NOT IN ('completed', 'cancelled')
            AND (j.status <> 'failed' OR j.next_attempt_at IS NOT NULL)
    )
), waiter AS MATERIALIZED (
    SELECT w.id FROM over o CROSS JOIN LATERAL (
        SELECT id FROM {schema}.job_queue WHERE wait_token_id = o.key AND status = 'waiting' LIMIT $3::int8
    ) w LIMIT $3::int8
), scheduled AS (
    DELETE FROM {schema}.job_scheduled WHERE job_id = ANY (ARRAY(SELECT id FROM waiter)) RETURNING job_id
), done AS (
    UPDATE {schema}.job_queue j SET wait_until = now(), wait_token_id = NULL, updated_at = now()
    WHERE j.id = ANY (ARRAY(SELECT id FROM waiter)) AND j.status = 'waiting' AND j.wait_token_id IS NOT NULL
        AND (SELECT count(*) FROM scheduled) >= 0
    RETURNING j.id, j.wait_until, j.priority, j.job_type, j.group_id, j.group_tier
), soon AS (
    INSERT INTO {schema}.job_ready (job_id, due_at, rank, retrying, job_type, group_id, group_tier)
    SELECT id, wait_until, ~priority, false, job_type, group_id, group_tier FROM done {replace_ready}
)
SELECT count(*) FROM done
