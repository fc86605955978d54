-- Completes a token that is not over: waitpoints_pkey.
WITH done AS (
    UPDATE {schema}.waitpoints SET status = 'completed', output = $2::jsonb, completed_at = now()
    WHERE id = $1::text AND status = 'waiting' AND (timeout_at IS NULL OR timeout_at > now())
    RETURNING id
)
SELECT EXISTS (SELECT FROM done), EXISTS (SELECT FROM {schema}.waitpoints WHERE id = $1::text)
