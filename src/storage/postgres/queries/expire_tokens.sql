-- Marks the tokens that timed out longest ago: idx_waitpoints_timeout, waitpoints_pkey.
WITH late AS MATERIALIZED (
    SELECT id FROM {schema}.waitpoints WHERE status = 'waiting' AND timeout_at IS NOT NULL AND timeout_at <= now()
    ORDER BY timeout_at LIMIT $1::int8 FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE {schema}.waitpoints SET status = 'timed_out' WHERE id = ANY (ARRAY(SELECT id FROM late)) RETURNING id
)
SELECT count(*) FROM done
