-- Notes of running jobs that somebody asks to cancel them, and tells their workers: job_queue_pkey, and job_claims_pkey, which is
-- locked first, as by a sweep.
WITH asked AS MATERIALIZED (
    SELECT id, lease_worker, lease_token FROM {schema}.job_queue
    WHERE id = ANY ($1::int8[]) AND status = 'processing' AND cancel_requested_at IS NULL
), held AS MATERIALIZED (
    SELECT c.worker_id, c.token
    FROM (SELECT DISTINCT lease_worker, lease_token FROM asked ORDER BY lease_worker, lease_token) a CROSS JOIN LATERAL (
        SELECT worker_id, token FROM {schema}.job_claims
        WHERE worker_id = a.lease_worker AND token = a.lease_token FOR UPDATE
    ) c
), done AS (
    UPDATE {schema}.job_queue j SET cancel_requested_at = now(), updated_at = now()
    FROM asked a JOIN held h ON h.worker_id = a.lease_worker AND h.token = a.lease_token
    WHERE j.id = a.id AND j.status = 'processing' AND j.lease_worker = h.worker_id AND j.lease_token = h.token
        AND j.cancel_requested_at IS NULL AND {each a.id}
    RETURNING j.id, j.lease_worker, j.lease_token
), marked AS (
    UPDATE {schema}.job_claims c SET cancelling = c.cancelling || d.ids
    FROM (SELECT lease_worker, lease_token, array_agg(id) AS ids FROM done GROUP BY lease_worker, lease_token) d
    WHERE c.worker_id = d.lease_worker AND c.token = d.lease_token AND {each d.lease_token}
), told AS (
    SELECT pg_notify('{channel}', 'cancel') FROM done LIMIT 1
)
SELECT count(*), (SELECT count(*) FROM told) FROM done
