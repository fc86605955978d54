-- Asks a living worker to drain, and hints at it: job_workers_pkey.
WITH asked AS (
    UPDATE {schema}.job_workers SET draining = true WHERE id = $1::int8 AND expires_at > clock_timestamp() RETURNING id
), told AS (
    SELECT pg_notify('{channel}', 'cancel') FROM asked
)
SELECT count(*), (SELECT count(*) FROM told) FROM asked
